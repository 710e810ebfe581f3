"""The learning-rate schedule."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Linear warm-up, while Adam's averages fill, times cosine decay to 0.

    The decay is that of SGDR without restarts (Loshchilov and Hutter, 2017).

    Args:
        epochs: number of training epochs.
        batches: batches, and so steps, per epoch.
        warm_up: share of all steps that the warm-up takes.
    """

    epochs: int
    batches: int
    warm_up: float

    def lr_scale(self, epoch: int, batch: int) -> float:
        """Return the factor on the learning rate for a batch, counted from 0."""
        progress = (epoch + batch / self.batches) / self.epochs
        warm_up = min(1.0, progress / self.warm_up)
        return warm_up * (1 + math.cos(math.pi * progress)) / 2
