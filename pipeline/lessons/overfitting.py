"""A network that trains long on few images, with and without dropout.

In the five epochs of section 3.13 no network overfits 60,000 images, so dropout can
only slow training down. On 2,000 images the loss on the test images begins to rise long
before training ends; this is what dropout is for.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pipeline.core.progress import announce
from pipeline.lessons.charts import Line, Lines
from pipeline.lessons.classification import EPOCHS, accuracy
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.fashion_mnist import FashionMnist, LabelledImages
from pipeline.lessons.result import Measurement
from pipeline.lessons.training import Learner, train

IMAGES, BATCH_SIZE, LR = 2_000, 20, 0.1
LONGER = 10  # times the epochs of the lesson's first part
POINTS = 15  # of a curve


class LongFit(NamedTuple):
    """The losses and the test accuracy after some of the epochs.

    They jump from epoch to epoch, so `late` is the mean over the last quarter.
    """

    epochs: list[int]
    train: list[float]
    test: list[float]
    test_accuracy: list[float]

    @staticmethod
    def late(values: Sequence[float]) -> float:
        """Return the mean of the last quarter of the values."""
        return statistics.mean(values[-max(1, len(values) // 4) :])


def fit_all(
    config: LessonConfig,
    data: FashionMnist,
    builds: Mapping[str, Callable[..., Learner]],
) -> dict[str, LongFit]:
    """Train every network long on the first `IMAGES` training images.

    Args:
        config: The options of the lesson.
        data: All images.
        builds: Functions that return a network for `lr` and `generator`, by name.
    """
    few = LabelledImages(data.train.images[:IMAGES], data.train.labels[:IMAGES])
    return {
        name: _fit(config, few, data.test, name, build)
        for name, build in builds.items()
    }


def _fit(
    config: LessonConfig,
    few: LabelledImages,
    test: LabelledImages,
    name: str,
    build: Callable[..., Learner],
) -> LongFit:
    epochs = LONGER * config.epochs_or(EPOCHS)
    generator = config.generator()
    learner = build(lr=config.lr or LR, generator=generator)
    found = LongFit([], [], [], [])
    announce(f"{epochs} epochs on {IMAGES:,} images, {name}")
    for epoch in train(
        learner, *few, epochs=epochs, batch_size=BATCH_SIZE, generator=generator
    ):
        if epoch.number % max(1, epochs // POINTS) == 0:
            found.epochs.append(epoch.number)
            found.train.append(_loss(learner, few))
            found.test.append(_loss(learner, test))
            logits = learner.predict(test.images)
            found.test_accuracy.append(accuracy(logits, test.labels))
    config.say(
        f"{name}, {IMAGES:,} images, epoch {epochs}: train loss {found.train[-1]:.3f}, "
        f"test loss {found.test[-1]:.3f}, test accuracy {found.test_accuracy[-1]:.3f}"
    )
    return found


def _loss(learner: Learner, part: LabelledImages) -> float:
    return learner.loss(learner.predict(part.images), part.labels).mean().item()


def measurements(fits: Mapping[str, LongFit]) -> list[Measurement]:
    """Return late losses and accuracies on the test images; none are published."""
    return [
        Measurement(f"{IMAGES:,} images, {name}: {what}", "", LongFit.late(values))
        for name, fit in fits.items()
        for what, values in (
            ("test loss", fit.test),
            ("test accuracy", fit.test_accuracy),
        )
    ]


def chart(title: str, fits: Mapping[str, LongFit]) -> Lines:
    """Return a chart of the losses on training and test images by epoch."""
    lines = [
        Line(f"{part}, {name}", fit.epochs, values, dashed=number > 0)
        for number, (name, fit) in enumerate(fits.items())
        for part, values in (("train", fit.train), ("test", fit.test))
    ]
    title = f"{title}: loss, trained long on {IMAGES:,} images"
    return Lines("overfitting", title, "epoch", "cross-entropy", lines)


def seen(fits: Mapping[str, LongFit]) -> list[str]:
    """Return whether dropout pays in long training."""
    dropout, without = (LongFit.late(fit.test) for fit in fits.values())
    accuracies = [LongFit.late(fit.test_accuracy) for fit in fits.values()]
    lowest = min(list(fits.values())[1].test)
    verdict = (
        "so dropout pays here, where the network without it overfits"
        if dropout < without
        else "so dropout does not pay here"
    )
    return [
        f"Trained long on {IMAGES:,} images without dropout, the test loss falls to "
        f"{lowest:.2f} and rises to {without:.2f} again. With dropout it ends at "
        f"{dropout:.2f} and the test accuracy at {accuracies[0]:.3f} instead of "
        f"{accuracies[1]:.3f}, {verdict}."
    ]
