"""Numbers for the networks: a matrix that learns nothing, then what a fold learns.

`to_matrix` spreads words over columns by the schema's vocabularies, so that its width
is the same in every fold and the networks of all folds fit into one stack. An
`Encoder` is fitted on the training rows of a fold only: it fills, centres and scales.
"""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pipeline.features import CROSSED
from pipeline.schema import CATEGORIES, ID, TARGET

# A word's column counts in full if at least one row in nine is off its usual value.
# Standardised, a rarer word would be huge, and its weight all but free of decay.
FULL_SHARE = 1 / 9


class Matrix(NamedTuple):
    """Feature columns as numbers, unknown ones NaN.

    Shapes: cells [rows, columns]; of_words [columns], True for a column that a word
    makes: a one-hot column, or one crossed with a number.
    """

    cells: np.ndarray
    names: list[str]
    of_words: np.ndarray


def to_matrix(features: pd.DataFrame) -> Matrix:
    """Spread words over one-hot columns; a word that is unknown is 0 in all of them."""
    columns = features.columns.difference([ID, TARGET], sort=False)
    words = [name for name in columns if name in CATEGORIES and _is_word(name)]
    numbers = [name for name in columns if name not in words]
    hot = {name: _one_hot(features[name]) for name in words}
    crossed = [hot[word] * features[[number]].to_numpy() for word, number in CROSSED]
    blocks = [features[numbers].to_numpy(float), *hot.values(), *crossed]
    names = numbers + [f"{name}={word}" for name in words for word in _vocabulary(name)]
    names += [f"{w}={word}×{n}" for w, n in CROSSED for word in _vocabulary(w)]
    return Matrix(np.hstack(blocks), names, np.arange(len(names)) >= len(numbers))


@dataclass(frozen=True)
class Encoder:
    """Fill, centre and scale, as learned from training rows; each [columns]."""

    fill: np.ndarray
    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, matrix: Matrix, rows: np.ndarray) -> Self:
        """Learn median, mean, deviation and rarity from the given rows.

        A word that none of them has gets an infinite scale: it becomes 0 for any house.
        """
        imputer = SimpleImputer(strategy="median", keep_empty_features=True)
        filled = imputer.fit_transform(matrix.cells[rows])
        scaler = StandardScaler().fit(filled)
        weight = np.where(matrix.of_words, _rarity(filled), 1.0)
        with np.errstate(divide="ignore"):
            scale = np.asarray(scaler.scale_ / weight)
        return cls(imputer.statistics_, scaler.mean_, scale)

    def transform(self, cells: np.ndarray) -> np.ndarray:
        """Encode rows of a matrix, [rows, columns] as float32; nothing is NaN."""
        filled = np.where(np.isnan(cells), self.fill, cells)
        return np.asarray((filled - self.mean) / self.scale, dtype=np.float32)


def _rarity(filled: np.ndarray) -> np.ndarray:
    """1 for a column that varies enough, towards 0 for one that hardly does."""
    usual = [np.unique(column, return_counts=True)[1].max() for column in filled.T]
    return np.minimum(1, (1 - np.array(usual) / len(filled)) / FULL_SHARE)


def _is_word(name: str) -> bool:
    return not CATEGORIES[name].ordered


def _vocabulary(name: str) -> tuple[str, ...]:
    return CATEGORIES[name].vocabulary


def _one_hot(words: pd.Series) -> np.ndarray:
    encoder = OneHotEncoder(
        categories=[list(_vocabulary(str(words.name)))],
        handle_unknown="ignore",
        sparse_output=False,
    )
    known = words.astype(object).where(words.notna(), "")
    return np.asarray(encoder.fit_transform(known.to_frame()))
