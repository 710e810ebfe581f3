"""What the lessons on Fashion-MNIST share: training and accuracies."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from pipeline.core.progress import announce
from pipeline.lessons import fashion_mnist
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.fashion_mnist import FashionMnist, LabelledImages
from pipeline.lessons.result import TEST_MARGIN, TRAIN_MARGIN, Interval, Measurement
from pipeline.lessons.training import Epoch, Learner, train

MEASURED = "measured"  # the source of the only curve of a lesson
EPOCHS = 5  # of the book, in every lesson on Fashion-MNIST
BATCH_SIZE = 256


class Curve(NamedTuple):
    """Accuracy per epoch, and its source: a section of the book or a method."""

    source: str
    train: Sequence[float]
    test: Sequence[float]


def load_images(config: LessonConfig) -> FashionMnist:
    """Load Fashion-MNIST from the directory of the options, or download it first.

    Raises:
        UserError: The directory or a file is missing and cannot be downloaded, or a
            file is invalid.
    """
    folder = fashion_mnist.find_or_download(config.data, config.project)
    announce("reading Fashion-MNIST")
    return fashion_mnist.load(folder)


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Return the share of rows whose largest logit is that of the true class."""
    return (logits.argmax(1) == labels).float().mean().item()


def train_on(
    images: LabelledImages,
    learner: Learner,
    *,
    config: LessonConfig,
    generator: torch.Generator,
    book: int = EPOCHS,
) -> Iterator[Epoch]:
    """Train on images for the epochs of the options, or by default for `book`."""
    return train(
        learner,
        *images,
        epochs=config.epochs_or(book),
        batch_size=BATCH_SIZE,
        generator=generator,
    )


def measure(
    source: str,
    epochs: Iterable[Epoch],
    learner: Learner,
    test: LabelledImages,
    *,
    say: Callable[[str], None],
) -> Curve:
    """Train to the end and return the accuracies after each epoch.

    A line is printed with `say` after every epoch, as the book prints it.

    The training accuracy is the book's: of the predictions that were made during the
    epoch, each before its batch's step. So it is lower than the accuracy of the network
    at the end of the epoch.
    """
    train_curve: list[float] = []
    test_curve: list[float] = []
    announce(f"training, {source}")
    if source != MEASURED:
        say(f"{source}:")
    for epoch in epochs:
        train_curve.append(accuracy(epoch.predicted, epoch.actual))
        test_curve.append(accuracy(learner.predict(test.images), test.labels))
        loss = learner.loss(epoch.predicted, epoch.actual).mean().item()
        say(
            f"epoch {epoch.number}, loss {loss:.4f}, train accuracy "
            f"{train_curve[-1]:.3f}, test accuracy {test_curve[-1]:.3f}"
        )
    return Curve(source, train_curve, test_curve)


def compare_epochs(published: Curve, measured: Curve) -> list[Measurement]:
    """Return the accuracies of all published epochs, without a tolerance."""
    return [
        Measurement(
            f"{part} accuracy per epoch, {published.source}",
            _text(expected),
            _text(found[: len(expected)]),
        )
        for part, expected, found in (
            ("train", published.train, measured.train),
            ("test", published.test, measured.test),
        )
    ]


def compare_at_five(
    config: LessonConfig,
    measured: Curve,
    train: Interval,
    test: Interval,
    *,
    book: int = EPOCHS,
) -> list[Measurement]:
    """Compare the accuracies after five epochs with the range of all published runs.

    Args:
        config: The options of the lesson.
        measured: The accuracies of this run.
        train: Lowest and highest published training accuracy.
        test: Lowest and highest published test accuracy.
        book: Number of epochs of the published run.
    """
    return [
        Measurement(
            f"{part} accuracy, epoch {EPOCHS}",
            f"{low:.3f} to {high:.3f}",
            values[EPOCHS - 1],
            config.tolerance((low - margin, high + margin), book=book),
        )
        for part, values, (low, high), margin in (
            ("train", measured.train, train, TRAIN_MARGIN),
            ("test", measured.test, test, TEST_MARGIN),
        )
        if len(values) >= EPOCHS
    ]


def _text(accuracies: Sequence[float]) -> str:
    return " ".join(f"{value:.3f}".removeprefix("0") for value in accuracies)
