"""The task that every competitor trains: the same networks on the same numbers.

The inputs are the book's 331 columns of the house-price data and the target is the log
price, standardised over all rows. A network has d_in inputs, one hidden layer and one
output. It is trained by Adam with batches of 64 rows and a learning rate of 0.001.
There is one network for each λ and each of five contiguous folds.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

FOLDS, BATCH_SIZE, LR = 5, 64, 1e-3
Split = tuple[np.ndarray, np.ndarray]  # training and validation rows of a fold


class Parallelism(NamedTuple):
    """Parts that train in parallel, and the threads of each."""

    jobs: int
    threads: int


@dataclass(frozen=True)
class BenchmarkTask:
    """What to train.

    Shapes: inputs [rows, d_in] and target [rows], both float32 without NaN. The folds
    are handed over as plain arrays, since importing `pipeline.validation` would add
    scikit-learn to the memory of every competitor.
    """

    inputs: np.ndarray
    target: np.ndarray
    folds: list[Split]
    hidden: int
    epochs: int
    lambdas: tuple[float, ...]

    @property
    def networks(self) -> int:
        """The number of networks to train."""
        return FOLDS * len(self.lambdas)

    @property
    def operations(self) -> int:
        """The floating-point operations of the matrix products of all training steps.

        A product of [a, b] and [b, c] takes 2abc operations. Each layer has three: its
        outputs, the gradients of its weights, and the gradients of its inputs, which
        the first layer does not need. Scoring is not counted, since competitors score
        in different ways.
        """
        d_in: int = self.inputs.shape[1]
        per_row = 2 * (2 * d_in * self.hidden + 3 * self.hidden)
        rows = sum(len(train) for train, _ in self.folds)
        return per_row * rows * self.epochs * len(self.lambdas)


def root_mean_square(errors: np.ndarray) -> float:
    """Return the root mean square of errors in standard deviations of log price."""
    return float(np.sqrt(np.mean(errors**2)))
