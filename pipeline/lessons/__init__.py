"""Lessons from Dive into Deep Learning, chapters 2 and 3.

This file lists them; each is a module of its own, imported when it runs. What the
pipeline itself needs does not belong here: the lessons only use it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """A lesson's name and summary.

    `two_sided` lessons have two implementations: from scratch and with torch.
    """

    name: str
    summary: str
    two_sided: bool = True

    @property
    def module(self) -> str:
        """The full name of the lesson's module."""
        return f"{__name__}.{self.name.replace('-', '_')}"


LESSONS = {
    lesson.name: lesson
    for lesson in (
        Lesson("tensors", "Which tensor operations share memory and which copy", False),
        Lesson("vectorization", "Array operations compared with Python loops", False),
        Lesson("linear-regression", "Linear regression trained by minibatch SGD"),
        Lesson("softmax-regression", "A linear classifier for Fashion-MNIST"),
        Lesson("mlp", "A multilayer perceptron for Fashion-MNIST"),
        Lesson("model-selection", "Underfitting, overfitting and K-fold validation"),
        Lesson("weight-decay", "A penalty on the weights against overfitting"),
        Lesson("dropout", "Randomly dropping hidden units during training"),
    )
}
