"""The learning rate of the MLP: constant, as in the original tutorial, or falling."""

from collections.abc import Iterator

import torch
from torch.optim.lr_scheduler import ExponentialLR

from pipeline.lessons.charts import Line, Lines
from pipeline.lessons.classification import EPOCHS, Curve, compare_epochs
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.result import TEST_MARGIN, Measurement
from pipeline.lessons.training import Epoch

FALLING = "falling learning rate"
# The one printed run of the original tutorial: section 3.10's network for ten epochs.
TUTORIAL = Curve(
    "original tutorial",
    (0.694, 0.823, 0.840, 0.856, 0.866, 0.871, 0.875, 0.881, 0.883, 0.888),
    (0.804, 0.805, 0.832, 0.848, 0.847, 0.867, 0.853, 0.844, 0.858, 0.860),
)


def decay_lr(
    epochs: Iterator[Epoch], optimizer: torch.optim.Optimizer
) -> Iterator[Epoch]:
    """Yield the epochs; from epoch 5 on, multiply the learning rate by 0.7 after each.

    This is not in the book. With a constant learning rate the test accuracy still
    changes by 0.02 between late epochs.
    """
    schedule = ExponentialLR(optimizer, gamma=0.7)
    for epoch in epochs:
        yield epoch
        if epoch.number >= EPOCHS:
            schedule.step()


def compare(config: LessonConfig, constant: Curve, falling: Curve) -> list[Measurement]:
    """Compare the tutorial's recipe with its printed run, and ours beside it.

    The test accuracy of a constant learning rate jumps from epoch to epoch. So the
    tolerance is the range of the tutorial's last five epochs, widened by the margin.
    """
    late = TUTORIAL.test[EPOCHS:]
    ends = min(late) - TEST_MARGIN, max(late) + TEST_MARGIN
    tolerance = config.tolerance(ends, book=len(TUTORIAL.test))
    return [
        *compare_epochs(TUTORIAL, constant),
        Measurement(
            "test accuracy, last epoch, the tutorial's recipe",
            f"{TUTORIAL.test[-1]:.3f}",
            constant.test[-1],
            tolerance,
        ),
        Measurement(
            "test accuracy, last epoch, falling learning rate (ours)",
            "",
            falling.test[-1],
        ),
    ]


def chart(constant: Curve, falling: Curve) -> Lines:
    """Return a chart of the test accuracy with both learning rates."""
    lines = [
        Line.by_epoch("constant learning rate (the tutorial's)", constant.test),
        Line.by_epoch("falling from epoch 6 on (ours)", falling.test),
    ]
    return Lines(
        "schedule",
        "MLP (torch): test accuracy by learning rate",
        "epoch",
        "accuracy (share of images)",
        lines,
    )


def sentence(constant: Curve, falling: Curve) -> str:
    """Return a sentence about the changes of the test accuracy in late epochs."""
    parts = [
        f"by {max(late) - min(late):.3f} with a {name} learning rate"
        for name, curve in (("constant", constant), ("falling", falling))
        for late in [curve.test[EPOCHS:] or curve.test]
    ]
    return f"In the last epochs the test accuracy changes {' and '.join(parts)}."
