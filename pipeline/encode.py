"""What is learned from rows: filling, standardisation and one-hot, per fold.

An `Encoder` is fitted on training rows only and then applied to any rows. Its width is
the same in every fold, since the vocabularies are the schema's: the networks of all
folds fit into one stack.
"""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pipeline.schema import CATEGORIES, ID, TARGET


class Layout(NamedTuple):
    """The columns of a feature frame by how they are encoded."""

    numbers: list[str]
    words: list[str]

    @property
    def encoded(self) -> list[str]:
        """The names of the encoded columns, in order."""
        hot = [f"{w}={value}" for w in self.words for value in CATEGORIES[w].vocabulary]
        return [*self.numbers, *hot]


def layout_of(features: pd.DataFrame) -> Layout:
    """Sort the columns of a feature frame: words are one-hot, the rest numbers."""
    names = [name for name in features.columns if name not in (ID, TARGET)]
    numeric = features[names].select_dtypes("number").columns
    words = [name for name in names if name not in numeric]
    return Layout(list(numeric), words)


@dataclass(frozen=True)
class Encoder:
    """Fill, centre, scale and one-hot, as learned from training rows.

    Shapes: fill, mean and scale are [numbers]; seen is [one-hot columns], False where
    no training row had the word: such a column is 0 for every row, as its weights never
    learned anything.
    """

    layout: Layout
    fill: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    seen: np.ndarray

    @classmethod
    def fit(cls, features: pd.DataFrame) -> Self:
        """Learn from training rows: median, mean, standard deviation, words seen."""
        layout = layout_of(features)
        imputer = SimpleImputer(strategy="median", keep_empty_features=True)
        filled = imputer.fit_transform(features[layout.numbers])
        scaler = StandardScaler().fit(filled)
        seen = np.asarray(_one_hot(features, layout.words).any(axis=0))
        return cls(layout, imputer.statistics_, scaler.mean_, scaler.scale_, seen)

    def transform(self, features: pd.DataFrame) -> np.ndarray:
        """Encode rows as float32 [rows, numbers + one-hot columns].

        An unknown number is the median; an unknown word is all-zero.
        """
        numbers = features[self.layout.numbers].to_numpy(float)
        filled = np.where(np.isnan(numbers), self.fill, numbers)
        standard = (filled - self.mean) / self.scale
        hot = _one_hot(features, self.layout.words) * self.seen
        return np.hstack([standard, hot]).astype(np.float32)


def _one_hot(features: pd.DataFrame, words: list[str]) -> np.ndarray:
    vocabularies = [list(CATEGORIES[name].vocabulary) for name in words]
    encoder = OneHotEncoder(
        categories=vocabularies, handle_unknown="ignore", sparse_output=False
    )
    cells = features[words].astype(object)
    return np.asarray(encoder.fit_transform(cells.where(cells.notna(), "")))
