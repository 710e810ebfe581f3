"""The distinct texts of a column in train.csv and in test.csv, and which are blanks."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

TRAIN, TEST, SAMPLE = "train.csv", "test.csv", "sample_submission.csv"
SKEWED = 1.0  # a skewness above it is a long right tail
SOME = 1000  # texts that are looked at where all would take long
_BLANKS = ("NA", "")
_OTHER_BLANKS = ("NaN", "nan", "N/A", "n/a", "NULL", "null", "#N/A")
_QUESTION = "?"  # a blank, or a word
_TOKENS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")


@dataclass(frozen=True, eq=False)
class Tally:
    """Distinct texts in the order of their first rows, and the rows of each."""

    texts: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, column: pd.Series) -> Self:
        """Return the distinct texts of a column of text."""
        code, texts = pd.factorize(column.to_numpy(dtype=object))
        return cls(texts, np.bincount(code, minlength=len(texts)))

    def __len__(self) -> int:
        return len(self.texts)

    def __contains__(self, text: str) -> bool:
        return bool((self.texts == text).any())

    def without(self, texts: Collection[str]) -> "Tally":
        """Return the tally without some texts."""
        kept = ~pd.Series(self.texts, dtype=object).isin([*texts]).to_numpy()
        return Tally(self.texts[kept], self.rows[kept])

    @property
    def total(self) -> int:
        """The number of rows."""
        return int(self.rows.sum())

    @cached_property
    def numbers(self) -> np.ndarray:
        """The texts as numbers; NaN if a text is not a finite number."""
        return as_numbers(self.texts)


def as_numbers(texts: np.ndarray) -> np.ndarray:
    """Return texts as numbers; NaN for one that is not a finite number."""
    numbers = np.asarray(pd.to_numeric(texts, errors="coerce"), dtype=float)
    return np.where(np.isfinite(numbers), numbers, np.nan)


class Found(NamedTuple):
    """What a column is: its kind and its other keys in the schema, and why.

    Attributes:
        kind: of the schema, or "left out", "id" or "target".
        reason: why, on one line.
        doubtful: whether a person should look at it.
        keys: the other keys of the column; one without a value is not written.
    """

    kind: str
    reason: str
    doubtful: bool = False
    keys: Mapping[str, Any] = MappingProxyType({})

    @property
    def is_read(self) -> bool:
        """Whether models read the column: an id that is a date too has that kind."""
        return "kind" in self.keys or self.kind not in {"id", "target", "left out"}


def joined(*facts: str | None, by: str = ", ") -> str:
    """Return the facts of a reason that there are."""
    return by.join(filter(None, facts))


@dataclass(frozen=True, eq=False)
class Column:
    """The distinct texts of a column, without blanks.

    Attributes:
        name: of the column.
        train: the texts of train.csv.
        test: the texts of test.csv.
        train_blanks: the number of blank cells of train.csv.
        blanks: the number of blank cells of both files.
    """

    name: str
    train: Tally
    test: Tally
    train_blanks: int
    blanks: int

    @classmethod
    def of(cls, name: str, train: Tally, test: Tally, missing: Collection[str]) -> Self:
        """Return a column without the texts that mean a blank."""
        words = train.without(missing), test.without(missing)
        blanks = train.total - words[0].total, test.total - words[1].total
        return cls(name, *words, blanks[0], sum(blanks))

    @property
    def texts(self) -> np.ndarray:
        """The texts of train.csv, then those of test.csv."""
        return np.concatenate([self.train.texts, self.test.texts])

    @cached_property
    def numbers(self) -> np.ndarray:
        """The texts as numbers; NaN if a text is not a finite number."""
        return np.concatenate([self.train.numbers, self.test.numbers])

    @property
    def are_whole(self) -> bool:
        """Whether all texts are whole numbers."""
        return bool((self.numbers == np.floor(self.numbers)).all())

    @cached_property
    def number_share(self) -> float:
        """The share of numbers among the first texts of train.csv: 1 if all are."""
        some = as_numbers(self.train.texts[:SOME])
        return 1 - float(np.isnan(some).mean()) if len(some) else 0.0

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """The parts of the name in lower case: USZipCode has us, zip and code."""
        return tuple(part.lower() for part in _TOKENS.findall(self.name))

    @property
    def is_different_in_each_row(self) -> bool:
        """Whether all cells of a file are different, and none is blank."""
        most = np.concatenate([self.train.rows, self.test.rows]).max(initial=0)
        return bool(most == 1) and not self.blanks


def skewness(values: np.ndarray, rows: np.ndarray) -> float:
    """Return the skewness of values with their numbers of rows; 0 if all are equal."""
    scaled = values / max(1e-300, float(np.abs(values).max(initial=0)))
    weights = rows / max(1, rows.sum())
    away = scaled - (weights * scaled).sum()
    spread = np.sqrt((weights * away**2).sum())
    return float((weights * away**3).sum() / spread**3) if spread > 1e-9 else 0.0


def plain(number: float) -> str:
    """Return a number as a person would write it."""
    if number == int(number) and abs(number) < 1e15:
        return f"{int(number):,}"
    return f"{number:.6g}"


def find_missing(train: Mapping[str, Tally], test: Mapping[str, Tally]) -> list[str]:
    """Return the texts that mean a blank in the files, given the tally of each column.

    A question mark is a blank if several columns have one, or if a column has numbers
    beside it.
    """
    tallies = [*train.values(), *test.values()]
    others = [text for text in _OTHER_BLANKS if any(text in tally for tally in tallies)]
    found = [*_BLANKS, *others]
    questioned = [
        name
        for name, tally in train.items()
        if _QUESTION in tally or _QUESTION in test.get(name, tally)
    ]
    if len(questioned) > 1 or any(
        _is_numeric(train[name].without([*found, _QUESTION])) for name in questioned
    ):
        found.append(_QUESTION)
    return found


def _is_numeric(tally: Tally) -> bool:
    return bool(len(tally)) and not np.isnan(tally.numbers).any()
