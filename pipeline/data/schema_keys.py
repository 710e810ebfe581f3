"""The values that the keys of a schema file may have, and what to do about others.

A field of a dataclass that is made by `key` is a key of the file.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, field, fields
from itertools import pairwise
from math import inf
from sys import float_info
from typing import Any, NamedTuple

from pipeline.core.errors import meant, short
from pipeline.core.metrics import METRICS
from pipeline.core.numbers import LARGEST
from pipeline.data.date_formats import UNITS, parts_of_format
from pipeline.data.marks import marks_of


class SchemaError(Exception):
    """What is wrong with a schema, without the name of its file."""


class Value(NamedTuple):
    """Which values a key may have, and what to do about others."""

    is_valid: Callable[[Any], bool]
    remedy: str


def key(value: Value, default: Any = MISSING, name: str | None = None) -> Any:  # noqa: ANN401
    """Return a field of a dataclass that a schema file has.

    Args:
        value: the values that it may have.
        default: its value in a file without the key; without one, it is required.
        name: of the key, if it is not that of the field.
    """
    return field(default=default, metadata={"value": value, "name": name})


def keys_of(kind: type) -> dict[str, Field[Any]]:
    """Return the fields of a dataclass that a schema file has, by key."""
    found = [each for each in fields(kind) if each.metadata]
    return {each.metadata["name"] or each.name: each for each in found}


def read_keys(
    table: Mapping[str, Any], keys: Mapping[str, Field[Any]], what: str
) -> dict[str, Any]:
    """Return the value of each key, by the name of its field.

    Raises:
        SchemaError: There is another key, a key is missing, or has a wrong value.
    """
    for name in table:
        if name not in keys:
            hint = meant(name, keys, f"known: {', '.join(keys)}")
            raise SchemaError(f"{name}: not a {what}; {hint}")
    found = {}
    for name, each in keys.items():
        found[each.name] = each.default
        if name in table or each.default is MISSING:
            found[each.name] = read_key(table, name, each.metadata["value"])
    return found


def read_key(table: Mapping[str, Any], name: str, allowed: Value) -> Any:  # noqa: ANN401
    """Return the checked value of a key: lists as tuples, numbers as floats.

    Raises:
        SchemaError: It is missing, or wrong.
    """
    value = table.get(name)
    try:
        if allowed.is_valid(value):
            return _frozen(value)
    except SchemaError as error:
        raise SchemaError(f"{name}: {error}") from None
    given = "missing" if value is None else f"{short(str(value))} is not right"
    raise SchemaError(f"{name}: {given}; {allowed.remedy}")


def _frozen(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return float(value) if type(value) is int else value


def one_of(*words: str) -> Value:
    """Return the words as values."""
    return Value(words.__contains__, f"give one of {', '.join(words)}")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_finite(value: Any) -> bool:  # noqa: ANN401
    return type(value) in {int, float} and abs(value) <= float_info.max


def _is_readable(value: Any) -> bool:  # noqa: ANN401
    """Return whether a value is a number that models, which read float32, hold."""
    return _is_finite(value) and abs(value) <= LARGEST


def _is_pair(value: object, is_valid: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(is_valid, value))


def _is_range(value: Any) -> bool:  # noqa: ANN401
    is_number = _is_pair(value, lambda end: _is_finite(end) or end in (-inf, inf))
    return is_number and value[0] < value[1]


def _are_knots(value: object) -> bool:
    if not isinstance(value, list) or not all(map(_is_readable, value)):
        return False
    return all(a < b for a, b in pairwise(value))


def _are_pairs(value: object) -> bool:
    return isinstance(value, list) and all(_is_pair(pair, _is_text) for pair in value)


def _are_texts(value: object) -> bool:
    """Return whether a value is a list, of which each item must be another text.

    Raises:
        SchemaError: An item is not a text, or is there twice.
    """
    if not isinstance(value, list):
        return False
    met: set[str] = set()
    for text in value:
        if not isinstance(text, str):
            shown = short(str(text)).strip("'\"")
            raise SchemaError(f"{shown} is not a text; write it in quotes")
        if text in met:
            raise SchemaError(f"{short(text)} is listed twice; remove one")
        met.add(text)
    return True


def _are_parts(value: Any) -> bool:  # noqa: ANN401
    return _are_texts(value) and value != [] and {*value} <= {*UNITS}


_LIST = 'give a list, like ["a", "b"]'
TEXT = Value(_is_text, "give a text in quotes")
TEXTS = Value(_are_texts, _LIST)
WORDS = Value(lambda value: _are_texts(value) and value != [], _LIST)
FLAG = Value(lambda value: isinstance(value, bool), "give true or false")
RANGE = Value(_is_range, "give the lowest and the highest, like [0, 100]")
PAIRS = Value(_are_pairs, 'give pairs, like [["word", "number"]]')
KNOTS = Value(_are_knots, "give rising numbers, like [10, 20]")
METRIC = one_of(*METRICS)
BLANK_NUMBER = Value(
    lambda value: value == "missing" or _is_readable(value),
    'give a number, or "missing"',
)
FORM = Value(
    lambda value: isinstance(value, str) and marks_of(value) is not None,
    'give the number 1234.5 with its marks, like "$1,234.5"',
)
DATE_FORMAT = Value(
    lambda value: bool(parts_of_format(value)),
    'give year, month and day once each, without a zone, like "%Y-%m-%d"',
)
DATE_PARTS = Value(_are_parts, f"give some of {', '.join(UNITS)}")
COLUMNS = Value(
    lambda value: isinstance(value, Mapping),
    "give a table: a line [columns], then its keys",
)
