"""What every competitor trains: the same networks on the same numbers.

The book's 331 columns of the real houses against the log price, standardised over all
rows. A network is d_in-hidden-1, trained for some epochs on batches of 64 rows by Adam
at a learning rate of 0.001; there is one for each λ and each of five contiguous folds.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

FOLDS, BATCH_SIZE, LR = 5, 64, 1e-3


class Setting(NamedTuple):
    """Parts that train side by side, and the threads of each."""

    jobs: int
    threads: int


@dataclass(frozen=True)
class Task:
    """Shapes: inputs [rows, d_in] and target [rows], both float32, without NaN."""

    inputs: np.ndarray
    target: np.ndarray
    hidden: int
    epochs: int
    lambdas: tuple[float, ...]

    @property
    def folds(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Training and validation rows of each fold, as the book cuts them."""
        rows = np.arange(len(self.inputs))
        parts = np.array_split(rows, FOLDS)
        return [(np.setdiff1d(rows, part), part) for part in parts]

    @property
    def networks(self) -> int:
        """How many networks are trained."""
        return FOLDS * len(self.lambdas)

    @property
    def operations(self) -> int:
        """The floating-point operations of the matrix products of all training steps.

        A product of [a, b] and [b, c] takes 2abc. Each layer has three: its answer, the
        slope of its weights and the slope of its inputs, which the first layer's rows
        do not need. Scoring is left out: not all competitors score alike.
        """
        d_in: int = self.inputs.shape[1]
        each = 2 * (2 * d_in * self.hidden + 3 * self.hidden)
        rows = sum(len(train) for train, _ in self.folds)
        return each * rows * self.epochs * len(self.lambdas)


def root_mean_square(errors: np.ndarray) -> float:
    """Of errors in standard deviations of the log price."""
    return float(np.sqrt(np.mean(errors**2)))
