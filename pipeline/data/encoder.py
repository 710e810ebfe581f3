"""Features as numbers: a matrix of fixed columns, and its encoding per fold.

A view is what a model reads of the features. It learns nothing: words are encoded by
the vocabularies of the layout, so all folds have the same columns. An `Encoder` is
fitted on the training rows of one fold. It imputes, centres and scales.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from pipeline.core.numbers import LARGEST
from pipeline.core.threads import run_in_threads
from pipeline.data.dataset import Layout
from pipeline.data.units import ROUNDING

_LEAST_DEVIATION = 1e-6  # of target means; smaller ones count as equal

# Standard deviations: a number that is further from the mean counts as this far. Else a
# wild cell of a row that is predicted could overflow in a network.
FURTHEST = 1e6

# Words in a column, at most, that are one-hot encoded. The columns of more words would
# be nearly constant: on average less than one row in a hundred has such a word.
MOST_ONE_HOT = 100

SAVED = "encoder."  # the prefix of the arrays of a saved encoder

# The columns of a matrix are padded with zeros to a multiple of this: torch multiplies
# rows that begin at a cache line by one routine, and others by another.
CACHE_LINE = 16

_LONG = 20_000  # rows; on shorter files, threads wait for Python's lock
_IN_CACHE = 2**16  # numbers, 512 KB as float64, in the second-level cache
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
            rows[:, left:right] = in_float32(block.entries)
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
            if words:
                rows[:, column] = _codes(frame[name], words)
            else:
                rows[:, column] = in_float32(_numbers(frame, [name], layout)[:, 0])
        below += len(frame)
    return Matrix(entries, names)


def padded_columns(entries: np.ndarray) -> np.ndarray:
    """Return a matrix as float32, with columns padded to a multiple of CACHE_LINE."""
    rows, columns = entries.shape
    padding = np.zeros((rows, _padded(columns)), np.float32)
    padding[:, :columns] = in_float32(entries)
    return padding


def in_float32(values: np.ndarray) -> np.ndarray:
    """Return numbers as float32; one that is too large is the largest."""
    return np.asarray(np.clip(values, -LARGEST, LARGEST), np.float32)


def _padded(columns: int) -> int:
    return -(-columns // CACHE_LINE) * CACHE_LINE


EXPANDED = View("expanded", _read_expanded)
"""One-hot words, knots and interactions, for models that are linear in the columns.

A column with more than MOST_ONE_HOT words is its codes, as in WORDS. The encoder of a
fold replaces them by target means, and there are no interactions with them.
"""

WORDS = View("words", _read_words)
"""The features as they are, each word as its code, for models that read words.

A code is the position of a word in its vocabulary. A missing word has the code after
the last, and a word that is not listed the one after that.
"""


def code_counts(names: Sequence[str], layout: Layout) -> np.ndarray:
    """Return the number of codes of each column of the view WORDS, 0 for a number."""
    words = [layout.words.get(name) for name in names]
    return np.array([0 if each is None else len(each) + 2 for each in words], np.int32)


def coded_counts(names: Sequence[str], layout: Layout) -> dict[int, int]:
    """Return the positions of coded columns in the view EXPANDED: their codes."""
    counts = code_counts(names, layout)
    return {
        column: count
        for column, count in enumerate(counts.tolist())
        if count and _is_coded(layout.words[names[column]])
    }


def _is_coded(words: Sequence[str]) -> bool:
    return len(words) > MOST_ONE_HOT


def column_blocks(features: pd.DataFrame, layout: Layout) -> Iterator[Matrix]:
    """Yield the matrix a few columns at a time, to save memory on long files.

    Yield the encoded columns and interactions of the given features.
    """
    columns = features.columns.difference([*layout.skipped], sort=False)
    categories = [name for name in columns if name in layout.words]
    numbers = [name for name in columns if name not in layout.words]
    for start in range(0, len(numbers), _BLOCK_COLUMNS):
        names = numbers[start : start + _BLOCK_COLUMNS]
        yield Matrix(_numbers(features, names, layout), names)
    for name in categories:
        words = layout.words[name]
        if _is_coded(words):
            yield Matrix(_codes(features[name], words)[:, None].astype(float), [name])
        else:
            names = [f"{name}={word}" for word in words]
            yield Matrix(_one_hot(features[name], words), names)
    for name in numbers:
        if layout.knots.get(name):
            yield _hinges(features, name, layout)
    for name, number in layout.interactions:
        if not {name, number} <= set(columns) or _is_coded(layout.words[name]):
            continue
        words = layout.words[name]
        names = [f"{name}={word}×{number}" for word in words]
        values = _numbers(features, [number], layout)
        products = _one_hot(features[name], words) * values
        yield Matrix(products, names)


class Encoder(NamedTuple):
    """Imputation, target means and standardisation fitted on training rows.

    Attributes:
        fill: shape (n_columns,), replaces missing values.
        mean: shape (n_columns,).
        scale: shape (n_columns,), the standard deviation divided by the rare-column
            weight.
        coded: shape (t,), the positions of the columns that hold codes of words.
        table: shape (t, codes), replaces the codes of these columns.
    """

    fill: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    coded: np.ndarray = np.empty(0, np.int64)
    table: np.ndarray = np.empty((0, 0))

    @classmethod
    def fit(cls, matrix: Matrix, rows: np.ndarray, rare_share: float) -> Self:
        """Fit median, mean, standard deviation and rare-column weight.

        A column that is constant, as of a category that no training row has, gets an
        infinite scale: it is encoded as 0.

        Args:
            matrix: The features of all rows.
            rows: The indices of the training rows.
            rare_share: Columns that differ from their mode in a smaller share of rows
                are scaled down. Otherwise standardisation would make a rare value
                huge, weight decay would hardly matter, and a few rows would decide its
                weight.
        """
        values = matrix.entries[rows]
        missing = np.isnan(values)
        fill = _medians(values, missing)
        imputed = np.where(missing, fill, values)
        mean = imputed.mean(axis=0)
        centred = imputed - mean
        # Corrected for the rounding of the mean (Chan, Golub and LeVeque, 1983), as in
        # scikit-learn's StandardScaler, which takes a second to import.
        squares = np.square(centred).sum(axis=0) - centred.sum(axis=0) ** 2 / len(rows)
        # A value that more than half of the rows have is the median, so the share of
        # the mode needs no sorting; where none has, the weight is 1 either way.
        at_mode = (imputed == fill).mean(axis=0)
        weight = np.minimum(1, (1 - at_mode) / rare_share)
        deviation = np.sqrt(squares / len(rows))
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = deviation / weight
        scale[deviation <= ROUNDING * np.abs(imputed).max(axis=0)] = np.inf
        return cls(fill, mean, scale)

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

        of_blocks = ((block,) for block in column_blocks(features, layout))
        blocks = run_in_threads(fit, of_blocks, threads)
        return [
            cls(*(np.concatenate(parts) for parts in zip(*encoders, strict=True)))
            for encoders in zip(*blocks, strict=True)
        ]

    def with_table(
        self, coded: np.ndarray, table: np.ndarray, training: np.ndarray
    ) -> Self:
        """Return an encoder that replaces codes.

        Args:
            coded: the positions of the columns, shape (t,).
            table: shape (t, codes).
            training: what replaces the codes of the training rows, shape (n, t).
        """
        mean, scale, deviation = self.mean.copy(), self.scale.copy(), training.std(0)
        mean[coded] = training.mean(0)
        scale[coded] = np.where(deviation < _LEAST_DEVIATION, 1.0, deviation)
        return self._replace(mean=mean, scale=scale, coded=coded, table=table)

    @classmethod
    def loaded(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the encoder that was saved among other arrays of a fold."""
        return cls(*(arrays[SAVED + name] for name in cls._fields))

    def saved(self) -> dict[str, np.ndarray]:
        """Return the arrays of the encoder by their names."""
        return {SAVED + name: array for name, array in self._asdict().items()}

    def replaced(self, values: np.ndarray) -> np.ndarray:
        """Return what replaces the codes of rows, shape (n_rows, t), float32."""
        codes = np.nan_to_num(values[:, self.coded])
        last = self.table.shape[1] - 1  # a stranger's table may be too short
        codes = np.clip(codes, 0, last).astype(int)
        return np.asarray(self.table[np.arange(len(self.coded)), codes], np.float32)

    def transform(
        self, values: np.ndarray, replaced: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the encoded rows, shape (n_rows, n_columns), float32, without NaN.

        Args:
            values: shape (n_rows, n_columns).
            replaced: what replaces the codes, if not `self.replaced(values)`.
        """
        if replaced is None:
            replaced = self.replaced(values)
        encoded = np.empty(values.shape, np.float32)
        for part in in_cache(*values.shape):
            block = np.where(np.isnan(values[part]), self.fill, values[part])
            block[:, self.coded] = replaced[part]
            block -= self.mean
            block /= self.scale
            np.clip(block, -FURTHEST, FURTHEST, out=block)
            encoded[part] = block
        return encoded


def in_cache(rows: int, columns: int) -> Iterator[slice]:
    """Yield slices of rows that are short enough to stay in the processor's cache."""
    size = max(1, _IN_CACHE // max(1, columns))
    return (slice(start, start + size) for start in range(0, rows, size))


def check_encoder(arrays: Mapping[str, np.ndarray], columns: int) -> None:
    """Check a saved encoder among the arrays of a fold.

    Raises:
        ValueError, KeyError: It does not encode this number of columns.
    """
    encoder = Encoder.loaded(arrays)
    for name in ("fill", "mean", "scale"):
        array = arrays[SAVED + name]
        if array.dtype != np.float64 or array.shape != (columns,):
            raise ValueError(f"{SAVED}{name} is not [{columns}] of float64")
    coded, table = encoder.coded, encoder.table
    if coded.dtype != np.int64 or coded.ndim != 1:
        raise ValueError(f"{SAVED}coded is not a list of int64")
    if not ((coded >= 0) & (coded < columns)).all():
        raise ValueError(f"{SAVED}coded is not among the {columns} columns")
    if table.dtype != np.float64 or table.ndim != 2 or len(table) != len(coded):
        raise ValueError(f"{SAVED}table is not [{len(coded)}, codes] of float64")
    if not np.isfinite(table).all() or (len(coded) and not table.size):
        raise ValueError(f"{SAVED}table is empty or has a number that is not finite")


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


def _numbers(
    features: pd.DataFrame, names: Sequence[str], layout: Layout
) -> np.ndarray:
    """Return columns of numbers in the units of the layout, float64."""
    columns = [features[name].to_numpy(float) for name in names]
    units = [layout.units.get(name) for name in names]
    pairs = zip(columns, units, strict=True)
    return np.array([unit.of(column) if unit else column for column, unit in pairs]).T


def _hinges(features: pd.DataFrame, name: str, layout: Layout) -> Matrix:
    """Return how far each number is above each knot, 0 where it is not.

    With them a linear model is a curve of lines that bend at the knots, and a hidden
    unit reads such curves (Gorishniy et al., On embeddings for numerical features in
    tabular deep learning, NeurIPS 2022).
    """
    knots = np.array(layout.knots[name])
    names = [f"{name}>{str(knot).removesuffix('.0')}" for knot in layout.knots[name]]
    if unit := layout.units.get(name):
        knots = unit.of(knots)
    return Matrix(np.maximum(_numbers(features, [name], layout) - knots, 0), names)


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
