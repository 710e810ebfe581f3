"""The schema of a table: its columns, what their cells may be, what a blank means.

A schema is a file that a person can read and edit: `pipeline.data.schema_file`.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, nextafter

from pipeline.core.metrics import METRICS
from pipeline.data import schema_keys as keys
from pipeline.data.schema_keys import key

ABSENT = "None"  # the category of a blank that means that there is none
OTHER = "other"  # the category of all words that the vocabulary does not list
ROW = "row"  # the id of the rows of a table without ids: their number


@dataclass(frozen=True)
class Number:
    """A numeric column.

    Attributes:
        name: of the column.
        range: the lowest and the highest value that a cell may have.
        log: whether the feature is log1p of the number, to shorten a long right tail.
        blank: the number that a blank means, or "missing".
        knots: the knots of its piecewise linear encoding, in rising order.
        form: that of numbers with marks (`pipeline.data.marks`); None without marks.
    """

    name: str
    range: tuple[float, float] = key(keys.RANGE, (-inf, inf))
    log: bool = key(keys.FLAG, default=False)
    blank: float | str = key(keys.BLANK_NUMBER, "missing")
    knots: tuple[float, ...] = key(keys.KNOTS, ())
    form: str | None = key(keys.FORM, None)


@dataclass(frozen=True)
class Category:
    """A column of words.

    Attributes:
        name: of the column.
        values: the words that a cell may be; of an ordered column from lowest to
            highest.
        blank: what a blank means: "missing", or "none", a category of its own.
        ordered: whether the words have an order.
        others: whether words that are not listed are allowed, as one category.
    """

    name: str
    values: tuple[str, ...] = key(keys.WORDS, name="vocabulary")
    blank: str = key(keys.one_of("missing", "none"), "missing")
    ordered: bool = False
    others: bool = key(keys.FLAG, default=False)

    @property
    def absent(self) -> bool:
        """Whether a blank means that there is none, a category of its own."""
        return self.blank == "none"

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """All categories of a checked frame; "there is none" comes first."""
        first = (ABSENT,) if self.absent else ()
        return (*first, *self.values, *((OTHER,) if self.others else ()))


@dataclass(frozen=True)
class Date:
    """A column of dates; a blank is missing.

    Attributes:
        name: of the column.
        format: of `datetime.strptime`, or `pipeline.data.date_formats.ISO`.
        parts: what models read of a date, of `pipeline.data.date_formats.UNITS`.
    """

    name: str
    format: str = key(keys.DATE_FORMAT)
    parts: tuple[str, ...] = key(keys.DATE_PARTS, ("year", "month"))


Column = Number | Category | Date


def free_name(name: str, taken: Collection[str | None]) -> str:
    """Return a name for a column of ours: with underscores, if the table has it too."""
    while name in taken:
        name += "_"
    return name


@dataclass(frozen=True, kw_only=True)
class Schema:
    """What is known of a table before any row is read.

    Attributes:
        source: what the schema is called in error messages.
        text: the file that it was read from.
        id: the column that names the rows; None if they are numbered. A date may also
            be read as a column.
        id_kind: "word", or "integer": positive, of at most 15 digits.
        id_in_train: whether train.csv has the ids; if not, its rows are numbered.
        target: the column that is predicted.
        target_range: the lowest and the highest target that a training row may have.
        target_median: the lowest and the highest median of the targets, to catch
            another unit.
        target_form: that of targets with marks; None without marks.
        metric: the name of one of `pipeline.core.metrics.METRICS`. For log-rmse, models
            predict the log of the target, for rmsle the log of the target + 1.
        columns: all columns that are read.
        left_out: columns of the files that are not read.
        missing: the texts of a blank cell.
        group: rows with the same value of this column are kept in one fold.
        ceiling: a column of words; a prediction may exceed the highest target of its
            word only a little.
        interactions: pairs of a column of words and a feature, whose products are
            encoded.
        shown: the columns that the report shows beside the largest errors.
        competition: the name of the competition in its address on Kaggle.
        features: the name of the rules and built columns in this package.
    """

    source: str = "schema.toml"
    text: str = field(repr=False)
    id: str | None = key(keys.TEXT, None)
    id_kind: str = key(keys.one_of("word", "integer"), "word")
    id_in_train: bool = key(keys.FLAG, default=True)
    metric: str = key(keys.METRIC)
    target: str = key(keys.TEXT)
    target_range: tuple[float, float] = key(keys.RANGE, (-inf, inf))
    target_median: tuple[float, float] = key(keys.RANGE, (-inf, inf))
    target_form: str | None = key(keys.FORM, None)
    columns: tuple[Column, ...] = key(keys.COLUMNS, ())
    left_out: tuple[str, ...] = key(keys.TEXTS, ())
    missing: tuple[str, ...] = key(keys.TEXTS, ("NA", ""))
    group: str | None = key(keys.TEXT, None)
    ceiling: str | None = key(keys.TEXT, None)
    interactions: tuple[tuple[str, str], ...] = key(keys.PAIRS, ())
    shown: tuple[str, ...] = key(keys.TEXTS, ())
    competition: str | None = key(keys.TEXT, None)
    features: str | None = key(keys.one_of("ames"), None)

    @property
    def integer_ids(self) -> bool:
        """Whether the ids are positive integers, of at most 15 digits."""
        return self.id_kind == "integer"

    @property
    def id_name(self) -> str:
        """The column of ids in every frame and file: that of the table, or `ROW`."""
        return self.id or free_name(ROW, [self.target, self.group, *self.names])

    @property
    def target_column(self) -> Number:
        """What the cells of the target may be."""
        low, high = self.target_range
        lowest = nextafter(METRICS[self.metric].scale.above, inf)
        limits = max(low, lowest), high
        return Number(self.target, limits, form=self.target_form)

    @cached_property
    def names(self) -> list[str]:
        """The names of the columns that are read, without id, target and group."""
        return [column.name for column in self.columns]

    @cached_property
    def categories(self) -> dict[str, Category]:
        """The columns of words, by name."""
        return {c.name: c for c in self.columns if isinstance(c, Category)}

    @cached_property
    def date_parts(self) -> dict[str, tuple[Date, str]]:
        """The date and its part that each feature of a date has, by feature."""
        found: dict[str, tuple[Date, str]] = {}
        taken = [self.id_name, self.target, self.group, *self.names]
        dates = (column for column in self.columns if isinstance(column, Date))
        for column in dates:
            for part in column.parts:
                name = free_name(f"{column.name} {part}", [*taken, *found])
                found[name] = column, part
        return found

    @property
    def upload(self) -> str | None:
        """Where a submission is uploaded by hand, if there is a competition."""
        if self.competition is None:
            return None
        return f"https://www.kaggle.com/c/{self.competition}/submit"

    @property
    def carried_group(self) -> str | None:
        """The column of groups, if models do not read it."""
        return None if self.group in self.names else self.group
