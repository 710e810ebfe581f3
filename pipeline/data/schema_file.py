"""Read a schema from a TOML file, and check all of it before any row is read."""

import re
import tomllib
from collections.abc import Callable, Mapping
from itertools import pairwise
from math import inf, nextafter
from pathlib import Path
from sys import float_info
from typing import Any, NamedTuple

from pipeline.core.errors import UserError, meant, short
from pipeline.core.metrics import METRICS
from pipeline.core.numbers import LARGEST
from pipeline.data.date_formats import UNITS, parts_of_format
from pipeline.data.marks import marks_of
from pipeline.data.schema import ABSENT, OTHER, Category, Column, Date, Number, Schema

_MOST_BYTES = 10_000_000
_LONG_INTEGER = re.compile(r"\d[\d_]{4000}")  # Python reads at most 4,300 digits
_TOO_LARGE = f"larger than {_MOST_BYTES:,} bytes; list fewer or shorter words"


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
            raise UserError(f"{path}: {_TOO_LARGE}")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8; save it as UTF-8") from None
    return parse_schema(text, path)


def parse_schema(text: str, path: Path) -> Schema:
    """Return the schema that a text describes.

    Args:
        text: The content of a schema file.
        path: The file, for errors about it.

    Raises:
        UserError: It does not describe a valid schema.
    """
    if len(text.encode(errors="surrogatepass")) > _MOST_BYTES:
        raise UserError(f"{path}: {_TOO_LARGE}")
    try:
        schema = _schema(tomllib.loads(text), text)
        _check_names(schema)
        _check_words(schema)
    except (ValueError, RecursionError) as error:  # also of a number that is too long
        raise UserError(f"{path}: {_toml_error(str(error), text)}") from None
    except _SchemaError as error:
        raise UserError(f"{path}: {error}") from None
    return schema


def _toml_error(message: str, text: str) -> str:
    """Return an error of tomllib about a text with the line number first."""
    if long := _LONG_INTEGER.search(text):
        number = text.count("\n", 0, long.start()) + 1
        return (
            f"line {number}: an integer of more than 4,000 digits; write inf, or less"
        )
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message, re.DOTALL)
    if not found:
        return f"{message}; fix it"
    text, line, column = found.groups()
    return f"line {line}: {text} (at character {column}); fix the line"


class _Key(NamedTuple):
    """A key of a table: which values it may have, and what to do about others.

    Without a default, the key is required.
    """

    is_valid: Callable[[Any], bool]
    remedy: str
    default: Any = ...


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_finite(value: Any) -> bool:  # noqa: ANN401
    return type(value) in {int, float} and abs(value) <= float_info.max


def _is_number(value: object) -> bool:
    return _is_finite(value) or value in (-inf, inf)


def _is_list(value: object, is_valid: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(is_valid, value))


def _is_pair(value: Any, is_valid: Callable[[Any], bool]) -> bool:  # noqa: ANN401
    return _is_list(value, is_valid) and len(value) == 2


def _is_range(value: Any) -> bool:  # noqa: ANN401
    return _is_pair(value, _is_number) and value[0] < value[1]


def _is_readable(value: Any) -> bool:  # noqa: ANN401
    """Return whether a value is a number that models, which read float32, hold."""
    return _is_finite(value) and abs(value) <= LARGEST


def _are_knots(value: Any) -> bool:  # noqa: ANN401
    return _is_list(value, _is_readable) and all(a < b for a, b in pairwise(value))


def _are_pairs(value: object) -> bool:
    return _is_list(value, lambda pair: _is_pair(pair, _is_text))


def _are_texts(value: object) -> bool:
    """Return whether a value is a list, of which each item must be another text.

    Raises:
        _SchemaError: An item is not a text, or is there twice.
    """
    if not isinstance(value, list):
        return False
    met: set[str] = set()
    for text in value:
        if not isinstance(text, str):
            shown = _shown(text).strip("'\"")
            raise _SchemaError(f"{shown} is not a text; write it in quotes")
        if text in met:
            raise _SchemaError(f"{short(text)} is listed twice; remove one")
        met.add(text)
    return True


def _are_parts(value: object) -> bool:
    return value != [] and _are_texts(value) and _is_list(value, UNITS.__contains__)


def _one_of(*words: str, default: Any = ...) -> _Key:  # noqa: ANN401
    return _Key(words.__contains__, f"give one of {', '.join(words)}", default)


_DATE = 'give year, month and day once each, without a zone, like "%Y-%m-%d"'
_LIST = 'give a list, like ["a", "b"]'
_TEXT = _Key(_is_text, "give a text in quotes")
_OPTIONAL_TEXT = _TEXT._replace(default=None)
_FORM = _Key(
    lambda value: isinstance(value, str) and marks_of(value) is not None,
    'give the number 1234.5 with its marks, like "$1,234.5"',
    None,
)
_TEXTS = _Key(_are_texts, _LIST, ())
_FLAG = _Key(lambda value: isinstance(value, bool), "give true or false", default=False)
_RANGE = _Key(_is_range, "give the lowest and the highest, like [0, 100]", (-inf, inf))
_KEYS = {
    "id": _OPTIONAL_TEXT,
    "id_kind": _one_of("word", "integer", default="word"),
    "id_in_train": _FLAG._replace(default=True),
    "metric": _one_of(*METRICS),
    "target": _TEXT,
    "target_range": _RANGE,
    "target_median": _RANGE,
    "target_form": _FORM,
    "columns": _Key(
        lambda value: isinstance(value, Mapping),
        "give a table: a line [columns], then its keys",
        {},
    ),
    "left_out": _TEXTS,
    "missing": _TEXTS._replace(default=("NA", "")),
    "group": _OPTIONAL_TEXT,
    "ceiling": _OPTIONAL_TEXT,
    "interactions": _Key(_are_pairs, 'give pairs, like [["word", "number"]]', ()),
    "shown": _TEXTS,
    "competition": _OPTIONAL_TEXT,
    "features": _one_of("ames", default=None),
}
_ORDERED_KEYS = {
    "vocabulary": _Key(lambda value: _are_texts(value) and value != [], _LIST),
    "blank": _one_of("missing", "none", default="missing"),
}
_COLUMN_KEYS = {
    "number": {
        "range": _RANGE,
        "log": _FLAG,
        "blank": _Key(
            lambda value: value == "missing" or _is_readable(value),
            'give a number, or "missing"',
            "missing",
        ),
        "knots": _Key(_are_knots, "give rising numbers, like [10, 20]", ()),
        "form": _FORM,
    },
    "word": {**_ORDERED_KEYS, "others": _FLAG},
    "ordered": _ORDERED_KEYS,
    "date": {
        "format": _Key(lambda value: bool(parts_of_format(value)), _DATE),
        "parts": _Key(_are_parts, f"give some of {', '.join(UNITS)}", Date.parts),
    },
}
_KIND = _one_of(*_COLUMN_KEYS)


def _read(table: Mapping[str, Any], name: str, key: _Key) -> Any:  # noqa: ANN401
    """Return the checked value of a key: lists as tuples, numbers as floats."""
    if name not in table and key.default is not ...:
        return key.default
    value = table.get(name)
    try:
        if key.is_valid(value):
            return _frozen(value)
    except _SchemaError as error:
        raise _SchemaError(f"{name}: {error}") from None
    given = "missing" if value is None else f"{_shown(value)} is not right"
    raise _SchemaError(f"{name}: {given}; {key.remedy}")


def _shown(value: object) -> str:
    """Return a value in quotes, cut to 40 characters."""
    try:
        return short(str(value))
    except ValueError:  # Python writes at most 4,300 digits
        return "a number of thousands of digits"


def _frozen(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return float(value) if type(value) is int else value


def _read_all(
    table: Mapping[str, Any], keys: Mapping[str, _Key], what: str
) -> dict[str, Any]:
    """Return the value of each key, after a check that there are no others."""
    for name in table:
        if name not in keys:
            hint = meant(name, keys, f"known: {', '.join(keys)}")
            raise _SchemaError(f"{name}: not a {what}; {hint}")
    return {name: _read(table, name, key) for name, key in keys.items()}


def _schema(document: Mapping[str, Any], text: str) -> Schema:
    values = _read_all(document, _KEYS, "key")
    low, high = values.pop("target_range")
    tables = values.pop("columns")
    if not tables:
        raise _SchemaError("columns: there are none; run `pipeline schema` again")
    return Schema(
        text=text,
        integer_ids=values.pop("id_kind") == "integer",
        target_low=max(low, nextafter(METRICS[values["metric"]].scale.above, inf)),
        target_high=high,
        columns=tuple(_column(name, table) for name, table in tables.items()),
        **values,
    )


def _column(name: str, table: object) -> Column:
    try:
        if not isinstance(table, Mapping):
            raise _SchemaError('not a table; write { kind = "number" }')
        kind = _read(table, "kind", _KIND)
        keys = {"kind": _KIND, **_COLUMN_KEYS[kind]}
        values = _read_all(table, keys, f"key of the kind {kind}")
        if kind == "number":
            return _number(name, values)
        if kind == "date":
            return _date(name, values)
        return _category(name, values)
    except _SchemaError as error:
        raise _SchemaError(f"column {name}: {error}") from None


def _number(name: str, values: Mapping[str, Any]) -> Number:
    low, high = values["range"]
    log, blank, knots = values["log"], values["blank"], values["knots"]
    if log and low < 0:
        raise _SchemaError("log needs a range from 0; write range = [0, inf]")
    if knots and knots[0] < low:
        raise _SchemaError(
            f"knots: {knots[0]:g} is below the range; give rising numbers in it"
        )
    blank = None if blank == "missing" else blank
    if log and blank is not None and blank < 0:
        raise _SchemaError(f"blank: {blank:g} has no log; give 0 or more")
    return Number(name, low, high, log, blank, knots, values["form"])


def _date(name: str, values: Mapping[str, Any]) -> Date:
    for part in values["parts"]:
        if part not in parts_of_format(values["format"]):
            raise _SchemaError(f"format: has no {part}; {_DATE}")
    return Date(name, values["format"], values["parts"])


def _category(name: str, values: Mapping[str, Any]) -> Category:
    column = Category(
        name,
        values["vocabulary"],
        absent=values["blank"] == "none",
        ordered=values["kind"] == "ordered",
        others=values.get("others", False),
    )
    for word in (ABSENT, OTHER):
        if column.vocabulary.count(word) > 1:
            raise _SchemaError(
                f"vocabulary: {word} is the name of another category here; remove it"
            )
    return column


def _check_names(schema: Schema) -> None:
    """Check that all names are those of columns, and that none has two uses.

    Raises:
        _SchemaError: A name is wrong.
    """
    dates = {column.name for column, _ in schema.date_parts.values()}
    dates &= set(schema.names) if schema.id_in_train else set()
    for key, name, names in (
        ("id", schema.id, [name for name in schema.names if name not in dates]),
        ("target", schema.target, schema.names),
    ):
        if name in names or name in schema.left_out:
            other = "columns" if name in names else "left_out"
            raise _SchemaError(f"{key} {name}: also in {other}; remove it there")
    if schema.id is not None and schema.id in (schema.target, schema.group):
        raise _SchemaError(f"id {schema.id}: used for another column; rename it")
    if twice := set(schema.names).intersection(schema.left_out):
        raise _SchemaError(f"column {min(twice)}: also in left_out; remove it there")
    _check_uses(schema)


def _check_uses(schema: Schema) -> None:
    """Check that the keys which name columns name those of the right kind.

    Raises:
        _SchemaError: A name is wrong.
    """
    listed = (*schema.names, *schema.left_out)
    words = [c.name for c in schema.categories.values() if not c.ordered]
    for key, names, allowed, what in (
        ("group", [schema.group], listed, "a column"),
        ("ceiling", [schema.ceiling], words, "a column of the kind word"),
        ("interactions", dict(schema.interactions), words, "a column of the kind word"),
        ("shown", schema.shown, schema.names, "a column"),
    ):
        for name in filter(None, names):
            if name not in allowed:
                raise _SchemaError(f"{key} {name}: not {what}; {meant(name, allowed)}")


def _check_words(schema: Schema) -> None:
    """Check that no vocabulary lists the text of a blank cell.

    Raises:
        _SchemaError: One does.
    """
    blanks = {*schema.missing, ""}
    for column in schema.categories.values():
        for word in column.values:
            if word in blanks:
                raise _SchemaError(
                    f"column {column.name}: vocabulary: {short(word)} is a blank cell; "
                    "remove it here or from missing"
                )
