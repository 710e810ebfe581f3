"""The rows that models are trained and tested on, and how they are encoded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from pipeline.data.own_columns import OwnWords
from pipeline.data.schema import Schema
from pipeline.data.units import Unit


@dataclass(frozen=True)
class Layout:
    """How a frame of features is encoded; what it does not name is a number.

    Attributes:
        words: the vocabulary of each unordered category.
        knots: the knots of the piecewise linear encoding of each number.
        interactions: pairs of a category and a number, whose products are encoded too.
        networks_only: features that boosting does not read.
        skipped: columns of the frame that are no features: id, target, group.
        units: of the numbers that float32 does not hold as they are.
    """

    words: Mapping[str, tuple[str, ...]]
    knots: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    interactions: tuple[tuple[str, str], ...] = ()
    networks_only: frozenset[str] = frozenset()
    skipped: tuple[str, ...] = ()
    units: Mapping[str, Unit] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """The features of the training rows, with the target, and of the test rows.

    `own` are the columns of the user's own, as the run records them.
    """

    schema: Schema
    layout: Layout
    train: pd.DataFrame
    test: pd.DataFrame
    own: OwnWords

    @property
    def actual(self) -> np.ndarray:
        """The targets of the training rows, shape (rows,)."""
        return self.train[self.schema.target].to_numpy()

    @cached_property
    def groups(self) -> np.ndarray | None:
        """The group of each training row as text, shape (rows,), if there are any."""
        group = self.schema.group
        return None if group is None else self.train[group].astype(str).to_numpy()

    def groups_of(self, rows: np.ndarray | slice) -> np.ndarray | None:
        """The groups of some training rows, if there are any."""
        return None if self.groups is None else self.groups[rows]
