"""Lessons from Dive into Deep Learning, chapters 2 and 3.

This file lists them; each is a module of its own, imported when it runs. What the
pipeline itself needs does not belong here: the lessons only use it.
"""

from dataclasses import dataclass
from typing import NamedTuple


class Trial(NamedTuple):
    """Something to try: a command, and what it shows."""

    command: str
    shows: str


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Attributes:
        name: Its name on the command line.
        summary: What it is about, in a few words.
        about: Two sentences: what it is about, and what to watch.
        to_try: Two commands to try after it.
        options: The fields of `LessonConfig` that change it.
        two_sided: Whether it has two implementations: from scratch and with torch.
        images: Whether it needs Fashion-MNIST.
    """

    name: str
    summary: str
    about: str
    to_try: tuple[Trial, Trial]
    options: tuple[str, ...] = ()
    two_sided: bool = True
    images: bool = False

    @property
    def module(self) -> str:
        """The full name of the lesson's module."""
        return f"{__name__}.{self.name.replace('-', '_')}"


LESSONS = {
    lesson.name: lesson
    for lesson in (
        Lesson(
            "tensors",
            "Which tensor operations share memory and which copy",
            "Some operations return a view, which shares memory with its tensor; "
            "others copy. Watch whether x changes when y, made from it, is changed.",
            (
                Trial(
                    'python -c "import torch; x = torch.zeros(2, 3); x[0][1] = 5; '
                    'x[[0]][0, 1] = 7; print(x)"',
                    "only one of the two assignments changes x; say first which",
                ),
                Trial(
                    'python -c "import torch; x = torch.zeros(2, 3); '
                    'print(x.T.is_contiguous()); x.T.view(6)"',
                    "ends in an error: `view` never copies, and here it would have to",
                ),
            ),
            two_sided=False,
        ),
        Lesson(
            "vectorization",
            "Array operations compared with Python loops",
            "A Python loop has the interpreter's overhead for every element; an "
            "operation on whole arrays has it once. Watch how the ratio of the two "
            "times grows with the size of the arrays.",
            (
                Trial(
                    'python -m timeit -n 100 -s "import torch; a = torch.ones(1000)" '
                    '"sum(a)"',
                    "the time of a Python loop over 1,000 elements",
                ),
                Trial(
                    'python -m timeit -n 100 -s "import torch; a = torch.ones(1000)" '
                    '"a.sum()"',
                    "the time of one operation for the same sum",
                ),
            ),
            two_sided=False,
        ),
        Lesson(
            "linear-regression",
            "Linear regression trained by minibatch SGD",
            "Minibatch SGD finds the weights that made the data. Watch the loss fall "
            "until only the noise is left, and the weights come close to the true.",
            (
                Trial(
                    "pipeline lesson linear-regression --lr 0.003",
                    "three epochs of steps ten times smaller end far from the true "
                    "weights",
                ),
                Trial(
                    "pipeline lesson linear-regression --lr 0.3",
                    "larger steps arrive sooner, but then keep jumping around the "
                    "solution",
                ),
            ),
            options=("epochs", "lr"),
        ),
        Lesson(
            "softmax-regression",
            "A linear classifier for Fashion-MNIST",
            "One layer gives each class a score, and softmax turns scores into "
            "probabilities. Watch which classes it mistakes for one another, and how "
            "sure it is of its mistakes.",
            (
                Trial(
                    "pipeline lesson softmax-regression --epochs 20",
                    "more epochs help little: the limit is the linear model",
                ),
                Trial(
                    "pipeline lesson softmax-regression --lr 1",
                    "steps ten times larger: the test accuracy jumps from epoch to "
                    "epoch",
                ),
            ),
            options=("epochs", "lr"),
            images=True,
        ),
        Lesson(
            "mlp",
            "A multilayer perceptron for Fashion-MNIST",
            "A hidden layer with a nonlinearity can fit what a linear model cannot. "
            "Watch how far the accuracy rises above that of softmax regression, and "
            "which mistakes are left.",
            (
                Trial(
                    "pipeline lesson mlp --hidden 32",
                    "fewer hidden units: how much accuracy do they cost?",
                ),
                Trial(
                    "pipeline lesson mlp --lr 0.05",
                    "a smaller learning rate: five epochs are not enough",
                ),
            ),
            options=("epochs", "lr", "hidden"),
            images=True,
        ),
        Lesson(
            "model-selection",
            "Underfitting, overfitting and K-fold validation",
            "A straight line underfits a cubic, and a cubic fitted to two rows "
            "overfits. Watch the distance between training and test loss, and how much "
            "all results differ from one draw of the data to the next.",
            (
                Trial(
                    "pipeline lesson model-selection --epochs 10",
                    "after ten epochs the cubic underfits too",
                ),
                Trial(
                    "pipeline lesson model-selection --seed 1",
                    "other draws: the range moves less than a single draw does",
                ),
            ),
            options=("epochs",),
        ),
        Lesson(
            "weight-decay",
            "A penalty on the weights against overfitting",
            "With 200 columns and 20 rows a linear model fits the training rows "
            "exactly and predicts others badly; a penalty on the weights helps. Watch "
            "the norm of the weights, and the test loss at the λ that K-fold chooses.",
            (
                Trial(
                    "pipeline lesson weight-decay --lambda 0,3,1000",
                    "with a λ that is too large, SGD diverges",
                ),
                Trial(
                    "pipeline lesson weight-decay --epochs 20",
                    "stopping early leaves the weights of a small λ large",
                ),
            ),
            options=("epochs", "lr", "weight_decays"),
        ),
        Lesson(
            "dropout",
            "Randomly dropping hidden units during training",
            "Dropout sets hidden units to zero at random, so that no unit can rely on "
            "another. Watch the distance between training and test accuracy with and "
            "without it: after few epochs dropout only slows training down.",
            (
                Trial(
                    "pipeline lesson dropout --rate 0.5,0.8",
                    "too much dropout: the network underfits",
                ),
                Trial(
                    "pipeline lesson dropout --hidden 64,64",
                    "a small network overfits less, so dropout helps less",
                ),
            ),
            options=("epochs", "lr", "hidden", "rates"),
            images=True,
        ),
    )
}
