"""What the lessons on Fashion-MNIST share: following a training, and showing it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from pipeline.lessons import fashion_mnist
from pipeline.lessons.charts import Images, Line, Lines, Picture
from pipeline.lessons.config import Setting
from pipeline.lessons.fashion_mnist import CLASSES, PIXELS, FashionMnist, Pictures
from pipeline.lessons.result import TEST_TOLERANCE, TRAIN_TOLERANCE, Band, Row
from pipeline.lessons.training import Epoch, Learner, train

EPOCHS = 5  # the book's, in every lesson on Fashion-MNIST
BATCH_SIZE = 256


class Curve(NamedTuple):
    """Accuracy an epoch, and where it is printed or how it was made."""

    source: str
    train: Sequence[float]
    test: Sequence[float]


def clothes(setting: Setting) -> FashionMnist:
    """The pictures, from where the setting says."""
    return fashion_mnist.load(fashion_mnist.find(setting.data, setting.project))


def accuracy(scores: Tensor, labels: Tensor) -> float:
    """The share of rows whose highest score is the true class's."""
    return (scores.argmax(1) == labels).float().mean().item()


def epochs_on(
    pictures: Pictures,
    learner: Learner,
    *,
    setting: Setting,
    generator: torch.Generator,
    book: int = EPOCHS,
) -> Iterator[Epoch]:
    """Train on pictures for the setting's epochs, or else for `book`."""
    return train(
        learner,
        *pictures,
        epochs=setting.epochs_or(book),
        batch_size=BATCH_SIZE,
        generator=generator,
    )


def follow(
    source: str, epochs: Iterable[Epoch], learner: Learner, test: Pictures
) -> Curve:
    """Train to the end, measuring after each epoch.

    The training accuracy is the book's: over the epoch's own answers, each given before
    its batch's step, so it lags behind what the net knows when the epoch ends.
    """
    train_curve, test_curve = [], []
    for epoch in epochs:
        train_curve.append(accuracy(epoch.predicted, epoch.actual))
        test_curve.append(accuracy(learner.predict(test.images), test.labels))
    return Curve(source, train_curve, test_curve)


def rows_of_epochs(published: Curve, measured: Curve) -> list[Row]:
    """Both curves beside the published ones, as far as those go; nothing is judged."""
    return [
        Row(
            f"{part} accuracy an epoch, {published.source}",
            _text(said),
            _text(found[: len(said)]),
        )
        for part, said, found in (
            ("train", published.train, measured.train),
            ("test", published.test, measured.test),
        )
    ]


def rows_at_five(
    setting: Setting, measured: Curve, train: Band, test: Band, *, book: int = EPOCHS
) -> list[Row]:
    """Accuracies after five epochs against the range of all published runs."""
    return [
        Row(
            f"{part} accuracy, epoch {EPOCHS}",
            f"{low:.3f} to {high:.3f}",
            values[EPOCHS - 1],
            setting.band((low - tolerance, high + tolerance), book=book),
        )
        for part, values, (low, high), tolerance in (
            ("train", measured.train, train, TRAIN_TOLERANCE),
            ("test", measured.test, test, TEST_TOLERANCE),
        )
        if len(values) >= EPOCHS
    ]


def chart(title: str, measured: Curve, compared: Curve) -> Lines:
    """Train and test accuracy over the epochs, beside another curve's, dashed."""
    lines = [
        Line.by_epoch(f"{part}, {curve.source}", values, dashed=curve is compared)
        for curve in (measured, compared)
        for part, values in (("train", curve.train), ("test", curve.test))
    ]
    return Lines("accuracy", title, "epoch", "accuracy (share of pictures)", lines)


def ten_answers(title: str, learner: Learner, test: Pictures) -> Images:
    """The first ten test pictures with their true and predicted names."""
    images, labels = test.images[:10], test.labels[:10].tolist()
    answers = learner.predict(images).argmax(1).tolist()
    pictures = [
        Picture(
            pixels, f"true: {CLASSES[label]}\nsaid: {CLASSES[answer]}", label == answer
        )
        for pixels, label, answer in zip(
            images.view(-1, PIXELS, PIXELS).tolist(), labels, answers, strict=True
        )
    ]
    return Images("answers", title, pictures)


def _text(accuracies: Sequence[float]) -> str:
    return " ".join(f"{value:.3f}".removeprefix("0") for value in accuracies)
