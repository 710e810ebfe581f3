"""The published results of dropout, and comparisons with them."""

from collections.abc import Callable

import torch
from torch import Tensor

from pipeline.lessons.classification import Curve, compare_at_five, compare_epochs
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.result import Measurement

PUBLISHED = {
    "scratch": Curve(
        "section 3.13",
        (0.574, 0.786, 0.826, 0.839, 0.849),
        (0.648, 0.786, 0.825, 0.831, 0.850),
    ),
    "torch": Curve(
        "section 3.13",
        (0.553, 0.784, 0.822, 0.837, 0.848),
        (0.715, 0.793, 0.817, 0.830, 0.839),
    ),
}
# Of all published runs of section 3.13, after epoch 5.
TRAIN_RANGE, TEST_RANGE = (0.848, 0.849), (0.809, 0.850)


def compare(config: LessonConfig, dropout: Curve, without: Curve) -> list[Measurement]:
    """Compare the network with dropout with the book's; show the one without."""
    name = "test accuracy, last epoch, no dropout"
    return [
        *compare_epochs(PUBLISHED[config.impl], dropout),
        *compare_at_five(config, dropout, TRAIN_RANGE, TEST_RANGE),
        Measurement(name, "", without.test[-1]),
    ]


def mean_of_ones(drop: Callable[[Tensor, float], Tensor]) -> list[Measurement]:
    """Measure the mean of a million ones after dropout: 1, or 0 if the rate is 1."""
    ones = torch.ones(1000, 1000)
    return [
        Measurement(
            f"mean of ones, p = {rate:g}", mean, drop(ones, rate).mean().item(), ends
        )
        for rate, mean, ends in (
            (0.0, "1", (1.0, 1.0)),
            (0.5, "1", (0.996, 1.004)),  # four standard deviations of the mean
            (1.0, "0", (0.0, 0.0)),
        )
    ]
