"""Features as numbers: a matrix of fixed columns, and its encoding per fold.

A view is what a model reads of the features. It learns nothing: words are encoded by
the vocabularies of the layout, so all folds have the same columns. An `Encoder` is
fitted on the training rows of one fold. It imputes, centres and scales.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from pipeline.data.dataset import Layout

# A column with a smaller standard deviation counts as constant: to divide by it could
# make a value of another row overflow.
LEAST_DEVIATION = 1e-6

# The columns of a matrix are padded with zeros to a multiple of this: torch multiplies
# rows that begin at a cache line by one routine, and others by another.
CACHE_LINE = 16

_LONG = 20_000  # rows; on shorter files, threads wait for Python's lock
_BLOCK_COLUMNS = 8  # numeric columns that are converted to a matrix at a time


class Matrix(NamedTuple):
    """Features as numbers, shape (n_rows, n_columns); missing values are NaN."""

    entries: np.ndarray
    names: list[str]


class View(NamedTuple):
    """What a model reads of the features.

    Attributes:
        name: under which a run records the columns.
        read: Return the rows of frames, one below the other, as float32. The entries
            may have more columns than names: the rest is padding, zeros.
    """

    name: str
    read: Callable[[Sequence[pd.DataFrame], Layout], Matrix]

    def of_columns(
        self, features: pd.DataFrame, layout: Layout, columns: Sequence[str]
    ) -> np.ndarray | None:
        """Return the entries of some columns, or None if one is missing."""
        matrix = self.read([features], layout)
        if matrix.names == list(columns):
            return matrix.entries
        if not set(columns) <= set(matrix.names):
            return None
        index = {name: number for number, name in enumerate(matrix.names)}
        return padded_columns(matrix.entries[:, [index[name] for name in columns]])


def _read_expanded(frames: Sequence[pd.DataFrame], layout: Layout) -> Matrix:
    """Fill a matrix a few columns at a time, so that memory holds no second copy."""
    first = column_blocks(frames[0].head(1), layout)
    names = [name for block in first for name in block.names]
    rows_of_all = sum(map(len, frames))
    entries, below = np.zeros((rows_of_all, _padded(len(names))), np.float32), 0
    for frame in filter(len, frames):
        rows, left = entries[below : below + len(frame)], 0
        for block in column_blocks(frame, layout):
            right = left + len(block.names)
            rows[:, left:right] = block.entries
            left = right
        below += len(frame)
    return Matrix(entries, names)


def _read_words(frames: Sequence[pd.DataFrame], layout: Layout) -> Matrix:
    """Return one column per feature, which float32 holds exactly if it is a code."""
    skipped = {*layout.skipped, *layout.networks_only}
    names = [str(name) for name in frames[0] if name not in skipped]
    entries, below = np.empty((sum(map(len, frames)), len(names)), np.float32), 0
    for frame in frames:
        rows = entries[below : below + len(frame)]
        for column, name in enumerate(names):
            words = layout.words.get(name)
            cells = frame[name]
            rows[:, column] = _codes(cells, words) if words else cells.to_numpy(float)
        below += len(frame)
    return Matrix(entries, names)


def padded_columns(entries: np.ndarray) -> np.ndarray:
    """Return a matrix as float32, with columns padded to a multiple of CACHE_LINE."""
    rows, columns = entries.shape
    padding = np.zeros((rows, _padded(columns)), np.float32)
    padding[:, :columns] = entries
    return padding


def _padded(columns: int) -> int:
    return -(-columns // CACHE_LINE) * CACHE_LINE


EXPANDED = View("expanded", _read_expanded)
"""One-hot words, knots and interactions, for models that are linear in the columns."""

WORDS = View("words", _read_words)
"""The features as they are, each word as its code, for models that read words.

A code is the position of a word in its vocabulary. A missing word has the code after
the last, and a word that is not listed the one after that.
"""


def code_counts(names: Sequence[str], layout: Layout) -> np.ndarray:
    """Return the number of codes of each column of the view WORDS, 0 for a number."""
    words = [layout.words.get(name) for name in names]
    return np.array([0 if each is None else len(each) + 2 for each in words], np.int32)


def column_blocks(features: pd.DataFrame, layout: Layout) -> Iterator[Matrix]:
    """Yield the matrix a few columns at a time, to save memory on long files.

    Yield the encoded columns and interactions of the given features.
    """
    columns = features.columns.difference([*layout.skipped], sort=False)
    categories = [name for name in columns if name in layout.words]
    numbers = [name for name in columns if name not in layout.words]
    for start in range(0, len(numbers), _BLOCK_COLUMNS):
        names = numbers[start : start + _BLOCK_COLUMNS]
        yield Matrix(features[names].to_numpy(float), names)
    for name in categories:
        words = layout.words[name]
        yield Matrix(_one_hot(features[name], words), [f"{name}={w}" for w in words])
    for name in numbers:
        if knots := layout.knots.get(name):
            yield _hinges(features[name], knots)
    for name, number in layout.interactions:
        if not {name, number} <= set(columns):
            continue
        words = layout.words[name]
        names = [f"{name}={word}×{number}" for word in words]
        products = _one_hot(features[name], words) * features[[number]].to_numpy()
        yield Matrix(products, names)


class Encoder(NamedTuple):
    """Imputation and standardisation fitted on training rows.

    Shapes: all (n_columns,). `fill` replaces missing values. `scale` is the standard
    deviation divided by the rare-column weight.
    """

    fill: np.ndarray
    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, matrix: Matrix, rows: np.ndarray, rare_share: float) -> Self:
        """Fit median, mean, standard deviation and rare-column weight.

        A category that no training row has gets an infinite scale: it is encoded as 0.

        Args:
            matrix: The features of all rows.
            rows: The indices of the training rows.
            rare_share: Columns that differ from their mode in a smaller share of rows
                are scaled down. Otherwise standardisation would make a rare value
                huge, weight decay would hardly matter, and a few rows would decide its
                weight.
        """
        from sklearn.preprocessing import StandardScaler  # a second, only to fit

        values = matrix.entries[rows]
        missing = np.isnan(values)
        fill = _medians(values, missing)
        imputed = np.where(missing, fill, values)
        scaler = StandardScaler().fit(imputed)
        # A value that more than half of the rows have is the median, so the share of
        # the mode needs no sorting; where none has, the weight is 1 either way.
        at_mode = (imputed == fill).mean(axis=0)
        weight = np.minimum(1, (1 - at_mode) / rare_share)
        deviation = np.where(scaler.scale_ < LEAST_DEVIATION, 1.0, scaler.scale_)
        with np.errstate(divide="ignore"):
            scale = np.asarray(deviation / weight)
        return cls(fill, scaler.mean_, scale)

    @classmethod
    def fit_each(
        cls,
        features: pd.DataFrame,
        layout: Layout,
        parts: Sequence[np.ndarray],
        rare_share: float,
        jobs: int = 1,
    ) -> list[Self]:
        """Fit one encoder per part of the rows, with the memory of a few columns.

        Args:
            features: The features of all rows.
            layout: How they are encoded.
            parts: The indices of each part's rows.
            rare_share: As for `fit`.
            jobs: The number of threads, each of which fits a few columns.
        """
        threads = jobs if len(features) > _LONG else 1

        def fit(block: Matrix) -> list[Self]:
            return [cls.fit(block, rows, rare_share) for rows in parts]

        blocks = Parallel(threads, backend="threading", pre_dispatch="n_jobs")(
            delayed(fit)(block) for block in column_blocks(features, layout)
        )
        return [
            cls(*(np.concatenate(parts) for parts in zip(*encoders, strict=True)))
            for encoders in zip(*blocks, strict=True)
        ]

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Return the encoded rows, shape (n_rows, n_columns), float32, without NaN."""
        encoded = np.where(np.isnan(values), self.fill, values)
        encoded -= self.mean
        encoded /= self.scale
        return encoded.astype(np.float32)


def _medians(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return the median of the values of each column that are not missing, else 0.

    scikit-learn's SimpleImputer gives the same medians, but slower: it sorts. Columns
    that are mostly 0, as one-hot columns are, need not even be partitioned.
    """
    zeros, present = (values == 0).sum(axis=0), (~missing).sum(axis=0)
    others = 2 * zeros <= present
    medians = np.zeros(values.shape[1])
    medians[others] = pd.DataFrame(values[:, others]).median().fillna(0)
    return medians


def _hinges(numbers: pd.Series, knots: Sequence[float]) -> Matrix:
    """Return how far each number is above each knot, 0 where it is not.

    With them a linear model is a curve of lines that bend at the knots, and a hidden
    unit reads such curves (Gorishniy et al., On embeddings for numerical features in
    tabular deep learning, NeurIPS 2022).
    """
    above = np.maximum(numbers.to_numpy(float)[:, None] - np.asarray(knots), 0)
    return Matrix(above, [f"{numbers.name}>{knot:.6g}" for knot in knots])


def _one_hot(categories: pd.Series, words: Sequence[str]) -> np.ndarray:
    codes = _codes(categories, words)
    return np.asarray(codes[:, None] == np.arange(len(words)), dtype=float)


def _codes(categories: pd.Series, words: Sequence[str]) -> np.ndarray:
    """Return the position of each word, then those of missing and unlisted words."""
    codes, distinct = pd.factorize(categories)
    position = {word: number for number, word in enumerate(words)}
    missing, unlisted = len(words), len(words) + 1
    # A missing word has the code -1, which selects the last entry.
    known = [*(position.get(word, unlisted) for word in distinct), missing]
    return np.array(known)[codes]
