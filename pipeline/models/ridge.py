"""Ridge regression on the encoded columns of each fold (Hoerl and Kennard, 1970).

The penalty is chosen inside each fold, on its training rows alone, by the leave-one-out
error, which costs no further fit: each row's error is its residual divided by one minus
its leverage (Golub, Heath and Wahba, Technometrics, 1979). Sums of products over blocks
of rows are all that is kept, so a long table needs no second copy.
"""

from collections.abc import Iterator

import numpy as np

from pipeline.core.settings import Settings
from pipeline.data.encoder import EXPANDED
from pipeline.models.model import Arrays, FoldModel, Step
from pipeline.validation.fold_data import TrainingFold

PENALTIES = np.geomspace(0.1, 10_000, 26)  # of standardised columns
_BLOCK = 4096  # rows that are encoded at a time
_LEAST = 1e-9  # one minus the leverage of a row that its own weight explains fully
_PER_CELL = 1e-9  # seconds per training row and pair of columns, measured


class Ridge(FoldModel):
    """A linear model of all encoded columns, with an L2 penalty."""

    name = "ridge"
    view = EXPANDED
    packages = ("numpy",)
    has_seeds = False

    def seconds(self, settings: Settings, rows: int, columns: int) -> float:
        """Return the time of the products of columns."""
        return settings.folds * rows * columns**2 * _PER_CELL

    def fit_fold(
        self, fold: TrainingFold, seed: int, settings: Settings, step: Step
    ) -> Arrays:
        """Choose the penalty by the leave-one-out error, and fit all rows with it."""
        columns = len(fold.data.read(self.view).names)
        products, moments = np.zeros((columns, columns)), np.zeros(columns)
        for X, y in _blocks(fold, columns):
            products += X.T @ X
            moments += X.T @ y
        # In the directions of the eigenvectors the penalties need no further solution.
        values, vectors = np.linalg.eigh(products)
        values = np.maximum(values, 0)
        shrinkage = 1 / (values[:, None] + PENALTIES)  # (directions, penalties)
        directions = (vectors.T @ moments)[:, None] * shrinkage
        losses = np.zeros(len(PENALTIES))
        for X, y in _blocks(fold, columns):
            rotated = X @ vectors
            leverage = rotated**2 @ shrinkage + 1 / len(fold.rows)
            residuals = y[:, None] - rotated @ directions
            errors = residuals / np.maximum(1 - leverage, _LEAST)
            losses += fold.metric.losses_of(errors).sum(axis=0)
        best = int(np.argmin(losses))
        encoder = fold.encoder
        weights = vectors @ directions[:, best] / encoder.scale
        step(self.seconds(settings, fold.data.rows, columns) / settings.folds, "")
        return {
            "fill": encoder.fill,
            "weights": weights,
            "bias": np.array([-encoder.mean @ weights]),
            "penalty": PENALTIES[[best]],
        }

    def predict_fold(self, arrays: Arrays, entries: np.ndarray) -> np.ndarray:
        """Return weighted sums of the columns, shape (n,); medians where missing."""
        columns = entries[:, : len(arrays["weights"])].astype(float)
        filled = np.where(np.isnan(columns), arrays["fill"], columns)
        return np.asarray(filled @ arrays["weights"] + arrays["bias"])

    def check_fold(self, arrays: Arrays, settings: Settings, columns: int) -> None:
        """Check that there is one finite weight for each column."""
        sizes = {"fill": columns, "weights": columns, "bias": 1, "penalty": 1}
        for name, size in sizes.items():
            array = arrays[name]
            if array.dtype != np.float64 or array.shape != (size,):
                raise ValueError(f"{name} is not [{size}] of float64")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} has a number that is not finite")


def _blocks(
    fold: TrainingFold, columns: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield encoded rows, shape (n, columns), and their targets, a block at a time."""
    entries, rows, target = fold.data.read(EXPANDED).entries, fold.rows, fold.target
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        block = entries[rows[part], :columns]
        yield fold.encoder.transform(block).astype(float), target[part]


MODEL = Ridge()
