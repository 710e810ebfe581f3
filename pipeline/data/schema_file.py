"""Read a schema from a TOML file, and check all of it before any row is read."""

import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from itertools import pairwise
from math import inf, isfinite, isnan, nextafter
from pathlib import Path
from typing import Any

from pipeline.core.errors import UserError, meant, short
from pipeline.core.metrics import METRICS
from pipeline.data.schema import (
    ABSENT,
    OTHER,
    Category,
    Column,
    Date,
    Number,
    Schema,
)

SCHEMA_FILE = "schema.toml"
_ID_KINDS = ("word", "integer")
_KEYS = (
    *("id", "id_kind", "target", "target_range", "target_median", "metric"),
    *("columns", "left_out", "missing", "group", "ceiling", "interactions"),
    *("shown", "competition", "features"),
)
_BUILT_IN = ("ames",)
_MOST_BYTES = 10_000_000


class _SchemaError(Exception):
    """What is wrong with a schema; `parse_schema` adds the name of the file."""


def read_schema(path: Path) -> Schema:
    """Read a schema.

    Raises:
        UserError: The file cannot be read, or is not a valid schema.
    """
    if path.exists() and not path.is_file():  # reading a pipe could block forever
        raise UserError(f"{path}: not a file; move it away")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError(f"{path}: larger than {_MOST_BYTES:,} bytes; shorten it")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8; save it as UTF-8") from None
    return parse_schema(text, path)


def parse_schema(text: str, path: Path, source: str = SCHEMA_FILE) -> Schema:
    """Return the schema that a text describes.

    Args:
        text: The content of a schema file.
        path: The file, for errors about it.
        source: What errors about data call it.

    Raises:
        UserError: It does not describe a valid schema.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UserError(f"{path}: {_toml_error(str(error))}") from None
    try:
        schema = _schema(document, text, source)
        _check_names(schema)
    except _SchemaError as error:
        raise UserError(f"{path}: {error}") from None
    return schema


def _toml_error(message: str) -> str:
    """Return an error of tomllib with the line number first."""
    found = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if not found:
        return f"{message}; fix it"
    line, column = found.groups()
    text = message[: found.start()]
    return f"line {line}: {text} (at character {column}); fix the line"


def _schema(document: Mapping[str, Any], text: str, source: str) -> Schema:
    _refuse_unknown(document, _KEYS, "", "key")
    read = _Keys(document, "")
    metric = read.choice("metric", tuple(METRICS))
    low, high = read.range("target_range")
    above = METRICS[metric].scale.above
    if low <= above:
        low = nextafter(above, inf)
    return Schema(
        source=source,
        text=text,
        id=read.name("id"),
        integer_ids=read.choice("id_kind", _ID_KINDS, "word") == "integer",
        target=read.required_name("target"),
        target_low=low,
        target_high=high,
        target_median=read.range("target_median"),
        metric=metric,
        columns=tuple(_columns(read.table("columns"))),
        left_out=read.texts("left_out"),
        missing=read.texts("missing", ("NA", "")),
        group=read.name("group"),
        ceiling=read.name("ceiling"),
        interactions=read.pairs("interactions"),
        shown=read.texts("shown"),
        competition=read.name("competition"),
        features=read.choice("features", _BUILT_IN) if "features" in document else None,
    )


def _columns(tables: Mapping[str, Any]) -> Iterable[Column]:
    if not tables:
        raise _SchemaError("columns: there are none; run `pipeline schema` again")
    for name, table in tables.items():
        where = f"column {name}: "
        if not isinstance(table, Mapping):
            raise _SchemaError(f'{where}not a table; write {{ kind = "number" }}')
        kind = _Keys(table, where).choice("kind", tuple(_KINDS))
        allowed, make = _KINDS[kind]
        _refuse_unknown(table, ("kind", *allowed), where, f"key of the kind {kind}")
        yield make(name, _Keys(table, where))


def _number(name: str, read: "_Keys") -> Number:
    low, high = read.range("range")
    log = read.flag("log")
    if log and low < 0:
        raise _SchemaError(
            f"column {name}: log needs a range from 0; write range = [0, inf]"
        )
    blank = None if read.is_word("blank", "missing") else read.number("blank")
    return Number(name, low, high, log, blank, read.rising("knots", low))


def _word(name: str, read: "_Keys") -> Category:
    return _category(name, read, others=read.flag("others"))


def _ordered(name: str, read: "_Keys") -> Category:
    return _category(name, read, ordered=True)


def _category(
    name: str, read: "_Keys", *, ordered: bool = False, others: bool = False
) -> Category:
    values = read.texts("vocabulary")
    absent = read.choice("blank", ("missing", "none"), "missing") == "none"
    if not values:
        raise _SchemaError(f"column {name}: vocabulary: list the words it may have")
    if "" in values:
        raise _SchemaError(
            f"column {name}: vocabulary: an empty text is not a word; add it to missing"
        )
    for reserved, used in ((ABSENT, absent), (OTHER, others)):
        if used and reserved in values:
            raise _SchemaError(
                f"column {name}: vocabulary: {reserved} is the name of another "
                "category here; remove it"
            )
    return Category(name, values, absent=absent, ordered=ordered, others=others)


def _date(name: str, read: "_Keys") -> Date:
    text = read.required_name("format")
    moment = datetime(2010, 11, 28)
    try:
        same = datetime.strptime(moment.strftime(text), text) == moment
    except ValueError:
        same = False
    if not same:
        raise _SchemaError(
            f"column {name}: format {short(text)} does not give year, month and day; "
            'write it like "%Y-%m-%d"'
        )
    return Date(name, text)


_KINDS: dict[str, tuple[tuple[str, ...], Callable[[str, "_Keys"], Column]]] = {
    "number": (("range", "log", "blank", "knots"), _number),
    "word": (("vocabulary", "blank", "others"), _word),
    "ordered": (("vocabulary", "blank"), _ordered),
    "date": (("format",), _date),
}


def _refuse_unknown(
    table: Mapping[str, Any], known: Iterable[str], where: str, what: str
) -> None:
    for key in table:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"is {near[0]} meant?" if near else f"known: {', '.join(known)}"
            raise _SchemaError(f"{where}{key}: not a {what}; {hint}")


def _check_names(schema: Schema) -> None:
    """Check that all names are those of columns, and that none has two uses.

    Raises:
        _SchemaError: A name is wrong.
    """
    listed = (*schema.names, *schema.left_out)
    for key, name in (("id", schema.id), ("target", schema.target)):
        if name in listed:
            other = "columns" if name in schema.names else "left_out"
            raise _SchemaError(f"{key} {name}: also in {other}; remove it there")
    if schema.id_name in (*schema.names, schema.target, schema.group):
        raise _SchemaError(f"id {schema.id_name}: used for another column; rename it")
    for name in schema.left_out:
        if name in schema.names:
            raise _SchemaError(f"column {name}: also in left_out; remove it there")
    _check_words(schema)
    words = [c.name for c in schema.categories.values() if not c.ordered]
    pairs = [first for first, _ in schema.interactions]
    _check_known("group", [schema.group], listed, "a column")
    _check_known("ceiling", [schema.ceiling], words, "a column of the kind word")
    _check_known("interactions", pairs, words, "a column of the kind word")
    _check_known("shown", schema.shown, schema.names, "a column")


def _check_words(schema: Schema) -> None:
    """Check that no vocabulary lists the text of a blank cell.

    Raises:
        _SchemaError: One does.
    """
    for column in schema.categories.values():
        for word in column.values:
            if word in schema.missing:
                raise _SchemaError(
                    f"column {column.name}: vocabulary: {short(word)} is a blank cell; "
                    "remove it here or from missing"
                )


def _check_known(
    key: str, names: Iterable[str | None], known: Collection[str], what: str
) -> None:
    for name in names:
        if name is not None and name not in known:
            raise _SchemaError(f"{key} {name}: not {what}; {meant(name, known)}")


class _Keys:
    """Reads the keys of a table, and checks their values."""

    def __init__(self, table: Mapping[str, Any], where: str) -> None:
        self._table, self._where = table, where

    def _wrong(self, key: str, what: str) -> _SchemaError:
        value = self._table.get(key)
        given = "missing" if value is None else f"{short(str(value))} is not right"
        return _SchemaError(f"{self._where}{key}: {given}; {what}")

    def name(self, key: str) -> str | None:
        """Return a text that is not empty; None without the key."""
        return self.required_name(key) if key in self._table else None

    def required_name(self, key: str) -> str:
        """Return a text that is not empty."""
        value = self._table.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(key, "give a text in quotes")
        return value

    def choice(self, key: str, known: tuple[str, ...], default: str = "") -> str:
        """Return one of several words."""
        value = self._table.get(key, default)
        if value not in known:
            raise self._wrong(key, f"give one of {', '.join(known)}")
        return str(value)

    def is_word(self, key: str, word: str) -> bool:
        """Return whether a key has this word, or is left out."""
        return bool(self._table.get(key, word) == word)

    def flag(self, key: str) -> bool:
        """Return true or false; false without the key."""
        value = self._table.get(key, False)
        if not isinstance(value, bool):
            raise self._wrong(key, "give true or false")
        return value

    def number(self, key: str) -> float:
        """Return a finite number."""
        value = self._table.get(key)
        if not _is_number(value) or not isfinite(value):  # type: ignore[arg-type]
            raise self._wrong(key, 'give a number, or "missing"')
        return float(value)  # type: ignore[arg-type]

    def range(self, key: str) -> tuple[float, float]:
        """Return the lowest and the highest value; infinite ones without the key."""
        value = self._table.get(key, [-inf, inf])
        if (
            not isinstance(value, list)
            or len(value) != 2
            or not all(map(_is_number, value))
            or not value[0] < value[1]
        ):
            raise self._wrong(key, "give the lowest and the highest, like [0, 100]")
        return float(value[0]), float(value[1])

    def rising(self, key: str, low: float) -> tuple[float, ...]:
        """Return finite numbers in rising order, none below `low`."""
        value = self._table.get(key, [])
        if (
            not isinstance(value, list)
            or not all(_is_number(number) and isfinite(number) for number in value)
            or min(value, default=low) < low
            or any(first >= second for first, second in pairwise(value))
        ):
            raise self._wrong(key, "give rising numbers, like [10, 20]")
        return tuple(map(float, value))

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return different texts."""
        value = self._table.get(key, list(default))
        if not isinstance(value, list):
            raise self._wrong(key, 'give a list, like ["a", "b"]')
        for text in value:
            if not isinstance(text, str):
                raise _SchemaError(
                    f"{self._where}{key}: {text} is not a text; write it in quotes"
                )
            if value.count(text) > 1:
                raise _SchemaError(
                    f"{self._where}{key}: {short(text)} is listed twice; remove one"
                )
        return tuple(value)

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """Return pairs of texts."""
        value = self._table.get(key, [])
        if not isinstance(value, list) or not all(map(_is_pair, value)):
            raise self._wrong(key, 'give pairs, like [["word", "number"]]')
        return tuple((str(first), str(second)) for first, second in value)

    def table(self, key: str) -> Mapping[str, Any]:
        """Return a table."""
        value = self._table.get(key, {})
        if not isinstance(value, Mapping):
            raise self._wrong(key, f"give a table: a line [{key}], then its keys")
        return value


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isnan(value)
        and not isinstance(value, bool)
    )


def _is_pair(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(name, str) for name in value)
    )
