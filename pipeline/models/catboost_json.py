"""The trees of a model that CatBoost saved as JSON, as plain arrays.

CatBoost reads words by statistics: how often a word occurs, and how often with a large
target. While it trains, the statistics of a row are those of the rows before it in a
random order, so that no row knows its own target (Prokhorenkova et al., NeurIPS 2018).
To predict, they are those of all training rows. So they are a table with a number for
each word, and a tree compares numbers only.

The arithmetic is that of CatBoost's sources, in float32 as there: `TModelCtr::Calc` of
catboost/libs/model/online_ctr.h, and `CalcHash` of catboost/libs/model/hash.h.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.models.oblivious_trees import KINDS, word_starts

_MULTIPLIER, _64_BITS = 0x4906BA494954CB65, 2**64 - 1  # of a hash

Document = Mapping[str, Any]


def trees_of(
    document: Document, levels: int, codes: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the arrays of a model whose words were given as codes.

    A tree with fewer levels is padded with comparisons that are never true.

    Args:
        document: the JSON, saved with the pool that the model was trained on.
        levels: of the deepest tree.
        codes: the number of codes of each column, 0 for a column of numbers.
    """
    table = _Table(codes)
    splits = list(_splits(document, table))
    trees = document["oblivious_trees"]
    scale, (bias,) = document["scale_and_bias"]
    column = np.zeros((len(trees), levels), np.int32)
    border = np.full((len(trees), levels), np.inf, np.float32)
    leaf = np.zeros((len(trees), 2**levels))
    for number, tree in enumerate(trees):
        for level, split in enumerate(tree["splits"] or []):
            found = splits[split["split_index"]]
            column[number, level], border[number, level] = found
        values = tree["leaf_values"]
        leaf[number, : len(values)] = values
    return {
        "column": column,
        "border": border,
        "leaf": scale * leaf,
        "bias": np.array([float(bias)]),
        "codes": codes,
        "statistics": table.statistics,
    }


class _Table:
    """The statistics of a model, as they are found."""

    def __init__(self, codes: np.ndarray) -> None:
        self.statistics = np.zeros((KINDS, codes.sum()), np.float32)
        self.counts = codes[codes > 0].tolist()  # of codes, for each column of words
        self._starts, self._columns = word_starts(codes)[codes > 0], len(codes)
        self._kinds = [0] * len(self.counts)  # that each column of words has so far

    def add(self, word: int, values: np.ndarray) -> int:
        """Enter a statistic of a column of words; return the number that it has."""
        kind, start = self._kinds[word], self._starts[word]
        self.statistics[kind, start : start + len(values)] = values
        self._kinds[word] += 1
        return self._columns + kind * len(self.counts) + word


def _splits(document: Document, table: _Table) -> Iterator[tuple[int, float]]:
    """Yield the column and the border of each split, in the order of their numbers.

    Borders of numbers come first. Then there are the words that a column of two words
    is compared with, and then the borders of statistics.
    """
    features = document["features_info"]
    for feature in features.get("float_features", ()):
        for border in feature["borders"] or ():
            yield feature["flat_feature_index"], border
    hashes = _hashes(features, max(table.counts, default=0))
    for feature in features.get("categorical_features", ()):
        word = feature["feature_index"]
        for value in feature.get("values", ()):
            found = [each == value for each in hashes[: table.counts[word]]]
            yield table.add(word, np.array(found)), 0.5
    for statistic in features.get("ctrs", ()):
        (word,) = [each["cat_feature_index"] for each in statistic["elements"]]
        counted = document["ctr_data"][statistic["identifier"]]
        values = _values(statistic, counted, hashes[: table.counts[word]])
        column = table.add(word, values)
        for border in statistic["borders"]:
            yield column, border


def _hashes(features: Document, most: int) -> list[int | None]:
    """Return the signed hash of each code, None for one that no training row has."""
    found = features["cat_features_hash"] or ()
    signed = {
        each["value"]: each["hash"] - (each["hash"] >> 31 << 32) for each in found
    }
    return [signed.get(str(code)) for code in range(most)]


def _values(
    statistic: Document, counted: Document, hashes: Sequence[int | None]
) -> np.ndarray:
    """Return a statistic of each code of a column.

    The counts of a code that no training row has are 0.
    """
    number, total = _counts(statistic, counted, hashes).astype(np.float32)
    prior, weight, shift, scale = (
        np.float32(statistic[name])
        for name in ("prior_numerator", "prior_denomerator", "shift", "scale")
    )
    return np.asarray(((number + prior) / (total + weight) + shift) * scale)


def _counts(
    statistic: Document, counted: Document, hashes: Sequence[int | None]
) -> np.ndarray:
    """Return what a statistic divides by what, for each code: shape (2, codes).

    A count is divided by the largest one. In `Borders` the rows of a word whose target
    is above a border are divided by all of its rows.
    """
    stride = counted["hash_stride"]
    flat = np.array([int(each) for each in counted["hash_map"]], object)
    rows = {key: classes for key, *classes in flat.reshape(-1, stride)}
    none = [0] * (stride - 1)
    counts = np.array([rows.get(_key(each), none) for each in hashes], int)
    if statistic["ctr_type"] == "Counter":
        (count,) = counts.T
        return np.array([count, np.full_like(count, counted["counter_denominator"])])
    above = counts[:, statistic["target_border_idx"] + 1 :]
    return np.array([above.sum(axis=1), counts.sum(axis=1)])


def _key(hashed: int | None) -> int | None:
    """Return the key of the counts of a word, given its hash."""
    if hashed is None:
        return None
    return _MULTIPLIER * (_MULTIPLIER * hashed & _64_BITS) & _64_BITS
