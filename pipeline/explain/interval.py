"""Prediction intervals from out-of-fold errors: CV+, scaled by a fitted spread.

CV+ (Barber, Candès, Ramdas and Tibshirani, Predictive inference with the jackknife+,
Annals of Statistics, 2021) combines the prediction of each fold's models with the
out-of-fold errors of that fold. An interval of 80 % usually has 80 % of new targets,
and at least about 60 % whatever the models are, if the rows are exchangeable: if their
order does not matter. Some rows are harder than others, so errors are divided by their
usual size, and the interval is multiplied by that of the row. The usual size for the
rows of a fold is fitted on the errors of the other folds.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

LEVEL = 0.8  # of new targets, usually
GUARANTEED = 2 * LEVEL - 1  # for exchangeable rows, up to the number of rows
_KNOTS = (0.2, 0.4, 0.6, 0.8)  # quantiles of the predictions
_PLACE_ROWS = 20.0  # a place with so many rows counts half as much as its own errors
_LEAST = 0.1  # of the median error: a smaller one is no smaller


@dataclass(frozen=True)
class Spread:
    """The usual size of errors: by the prediction, and by the place of the row.

    Attributes:
        knots: at which the line of the log of the size bends.
        coefficients: of that line.
        places: what the place adds to the log.
    """

    knots: np.ndarray
    coefficients: np.ndarray
    places: pd.Series

    @classmethod
    def fit(cls, predicted: np.ndarray, errors: np.ndarray, places: pd.Series) -> Self:
        """Fit the logs of absolute errors [n] by least squares."""
        knots = np.quantile(predicted, _KNOTS)
        least = _LEAST * np.median(errors) or errors.max() or 1.0
        logs = np.log(errors + least)
        terms = _terms(predicted, knots)
        coefficients = np.linalg.lstsq(terms, logs, rcond=None)[0]
        left = pd.Series(logs - terms @ coefficients).groupby(places.to_numpy())
        return cls(knots, coefficients, left.sum() / (left.size() + _PLACE_ROWS))

    def of(self, predicted: np.ndarray, places: pd.Series) -> np.ndarray:
        """Return the size for rows, shape (n,); beyond the knots it is constant."""
        added = places.map(self.places).astype(float).fillna(0.0).to_numpy()
        return np.asarray(
            np.exp(_terms(predicted, self.knots) @ self.coefficients + added)
        )


def _terms(predicted: np.ndarray, knots: np.ndarray) -> np.ndarray:
    inside = np.clip(predicted, knots[0] - np.ptp(knots), knots[-1] + np.ptp(knots))
    bends = np.maximum(inside[:, None] - knots, 0)
    return np.column_stack([np.ones_like(inside), inside, bends])


@dataclass(frozen=True)
class Intervals:
    """The out-of-fold errors of a run, and the spread that each fold has for its rows.

    Attributes:
        predicted: out of fold and transformed, shape (rows,).
        places: of the rows.
        fold: of each row, shape (rows,).
        scaled: the absolute errors divided by their spread, shape (rows,).
        spreads: of each fold.
    """

    predicted: np.ndarray
    places: pd.Series
    fold: np.ndarray
    scaled: np.ndarray
    spreads: list[Spread]

    @classmethod
    def fit(
        cls,
        predicted: np.ndarray,
        actual: np.ndarray,
        fold: np.ndarray,
        places: pd.Series,
    ) -> Self:
        """Fit the spreads on out-of-fold predictions and transformed targets."""
        errors, scaled, spreads = np.abs(predicted - actual), np.empty(len(fold)), []
        for number in range(int(fold.max()) + 1):
            others, own = fold != number, fold == number
            spread = Spread.fit(predicted[others], errors[others], places[others])
            scaled[own] = errors[own] / spread.of(predicted[own], places[own])
            spreads.append(spread)
        return cls(predicted, places.reset_index(drop=True), fold, scaled, spreads)

    def of_new(self, by_fold: np.ndarray, place: str) -> tuple[float, float]:
        """Return the transformed interval of a new row.

        Args:
            by_fold: what the models of each fold predict for it, shape (folds,).
            place: of the row.
        """
        row = pd.Series([place])
        pairs = zip(self.spreads, by_fold, strict=True)
        sizes = [spread.of(np.array([centre]), row)[0] for spread, centre in pairs]
        return _ends(by_fold[self.fold], self.scaled * np.array(sizes)[self.fold])

    def of_training(self, row: int) -> tuple[float, float]:
        """Return the interval of a training row, without the error of the row itself.

        Only the models of its own fold have not seen it.
        """
        spread, part = self.spreads[self.fold[row]], slice(row, row + 1)
        size = spread.of(self.predicted[part], self.places[part])[0]
        sizes = size * np.delete(self.scaled, row)
        return _ends(np.full(len(sizes), self.predicted[row]), sizes)


def _ends(centres: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """Return the ends of CV+ from predictions and scaled errors, shape (n,) each."""
    rows = len(sizes)
    rank = min(int(np.ceil(LEVEL * (rows + 1))), rows)
    low, high = (
        np.sort(centres - sizes)[rows - rank],
        np.sort(centres + sizes)[rank - 1],
    )
    return float(low), float(high)
