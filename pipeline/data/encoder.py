"""Numbers for the networks: a matrix that learns nothing, then what a fold learns.

`to_matrix` spreads words over columns by the schema's vocabularies, so that its width
is the same in every fold and the networks of all folds fit into one stack. An
`Encoder` is fitted on the training rows of a fold only: it fills, centres and scales.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pipeline.data.features import CROSSED
from pipeline.data.schema import CATEGORIES, ID, TARGET

# A word's column counts in full if at least one row in nine is off its usual value.
# Standardised, a rarer word would be huge, and its weight all but free of decay.
FULL_SHARE = 1 / 9

# A column that varies by less counts as constant: divided by so little, what another
# house has there would be more than a float holds.
LEAST_DEVIATION = 1e-6

_BLOCK_COLUMNS = 8  # columns of numbers held as a matrix at a time


class Matrix(NamedTuple):
    """Feature columns as numbers, unknown ones NaN.

    Shapes: cells [rows, columns]; of_words [columns], True for a column that a word
    makes: a one-hot column, or one crossed with a number.
    """

    entries: np.ndarray
    names: list[str]
    is_categorical: np.ndarray


def to_matrix(features: pd.DataFrame) -> Matrix:
    """Spread words over one-hot columns; a word that is unknown is 0 in all of them."""
    blocks = list(column_blocks(features))
    return Matrix(
        np.hstack([block.entries for block in blocks]),
        [name for block in blocks for name in block.names],
        np.concatenate([block.is_categorical for block in blocks]),
    )


def column_blocks(features: pd.DataFrame) -> Iterator[Matrix]:
    """The matrix a few columns at a time, for more rows than would fit as a whole."""
    columns = features.columns.difference([ID, TARGET], sort=False)
    words = [name for name in columns if name in CATEGORIES and _is_word(name)]
    numbers = [name for name in columns if name not in words]
    for start in range(0, len(numbers), _BLOCK_COLUMNS):
        names = numbers[start : start + _BLOCK_COLUMNS]
        yield _block(features[names].to_numpy(float), names, is_categorical=False)
    for name in words:
        names = [f"{name}={word}" for word in _vocabulary(name)]
        yield _block(_one_hot(features[name]), names, is_categorical=True)
    for name, number in CROSSED:
        names = [f"{name}={word}×{number}" for word in _vocabulary(name)]
        crossed = _one_hot(features[name]) * features[[number]].to_numpy()
        yield _block(crossed, names, is_categorical=True)


def _block(values: np.ndarray, names: list[str], *, is_categorical: bool) -> Matrix:
    return Matrix(values, names, np.full(len(names), is_categorical))


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
        # scikit-learn's SimpleImputer gives the same medians, but sorts for them.
        values = pd.DataFrame(matrix.entries[rows])
        fill = values.median().fillna(0)
        filled = values.fillna(fill).to_numpy()
        scaler = StandardScaler().fit(filled)
        weight = np.ones(len(fill))
        weight[matrix.is_categorical] = _rarity(filled[:, matrix.is_categorical])
        deviation = np.where(scaler.scale_ < LEAST_DEVIATION, 1.0, scaler.scale_)
        with np.errstate(divide="ignore"):
            scale = np.asarray(deviation / weight)
        return cls(fill.to_numpy(), scaler.mean_, scale)

    @classmethod
    def fit_each(
        cls, features: pd.DataFrame, parts: Sequence[np.ndarray]
    ) -> list[Self]:
        """Learn from each part of the rows, with the memory of a few columns only."""
        blocks = [
            [cls.fit(block, rows) for rows in parts]
            for block in column_blocks(features)
        ]
        return [cls._joined(own) for own in zip(*blocks, strict=True)]

    @classmethod
    def _joined(cls, blocks: Sequence[Self]) -> Self:
        return cls(
            np.concatenate([block.fill for block in blocks]),
            np.concatenate([block.mean for block in blocks]),
            np.concatenate([block.scale for block in blocks]),
        )

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Encode rows of a matrix, [rows, columns] as float32; nothing is NaN."""
        filled = np.where(np.isnan(values), self.fill, values)
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
