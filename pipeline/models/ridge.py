"""Ridge regression on the encoded columns of each fold, with the loss of the networks.

How it is fitted is in pipeline/validation/robust_ridge.py.
"""

import numpy as np

from pipeline.core.settings import Settings
from pipeline.data.encoder import EXPANDED, Encoder, check_encoder, in_cache
from pipeline.models.model import Arrays, Fitted, FoldModel, Step
from pipeline.validation.fold_data import FoldData, TrainingFold

# Measured on tables of 330 and 2,900 columns: seconds per row and column, and for the
# eigenvectors, whose time grows with the cube of the columns.
_PER_CELL, _EIGENVECTORS = 1.4e-7, 3.3e-10


class Ridge(FoldModel):
    """A linear model of all encoded columns, with an L2 penalty."""

    name = "ridge"
    view = EXPANDED
    packages = ("numpy",)
    has_seeds = False
    is_first = True

    def seconds(self, settings: Settings, rows: int, columns: int) -> float:
        """Return the time of the products of columns and of their eigenvectors."""
        cells = rows * columns
        return settings.folds * (_PER_CELL * cells + _EIGENVECTORS * columns**3)

    def fit(self, data: FoldData, settings: Settings, step: Step, jobs: int) -> Fitted:
        """Fit each fold, after the encoders, which are a step of their own."""
        _ = data.encoders
        return super().fit(data, settings, step, jobs)

    def fit_fold(
        self, fold: TrainingFold, seed: int, settings: Settings, step: Step
    ) -> Arrays:
        """Return the ridge regression of the fold, and its encoder."""
        fit, encoder = fold.ridge, fold.encoder
        columns = len(fit.weights)
        step(self.seconds(settings, fold.data.rows, columns) / settings.folds, "")
        return {
            **encoder.saved(),
            "weights": fit.weights,
            "bias": np.array([fit.bias]),
            "penalty": np.array([fit.penalty]),
        }

    def predict_fold(self, arrays: Arrays, entries: np.ndarray) -> np.ndarray:
        """Return weighted sums of the encoded columns, shape (n,)."""
        encoder = Encoder.loaded(arrays)
        columns, predicted = len(encoder.fill), np.empty(len(entries))
        for part in in_cache(len(entries), columns):
            block = encoder.transform(entries[part, :columns])
            # A matrix product would round differently with the number of rows.
            predicted[part] = (block * arrays["weights"]).sum(axis=1)
        return predicted + arrays["bias"]

    def check_fold(self, arrays: Arrays, settings: Settings, columns: int) -> None:
        """Check that there is one finite weight for each encoded column."""
        check_encoder(arrays, columns)
        for name, size in {"weights": columns, "bias": 1, "penalty": 1}.items():
            array = arrays[name]
            if array.dtype != np.float64 or array.shape != (size,):
                raise ValueError(f"{name} is not [{size}] of float64")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} has a number that is not finite")


MODEL = Ridge()
