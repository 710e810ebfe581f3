"""Mistakes in a notebook are answered in Python's terms: TypeError and ValueError."""

import operator
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from os import PathLike
from typing import Any, get_args, get_origin

import pandas as pd

from pipeline.core.errors import UserError
from pipeline.core.settings import Settings, option_name, options

_OPTION = re.compile(r"--([a-z-]+)(?: (?=[^ ]+:))?")
_KINDS = {int: "an integer", float: "a number", str: "a text"}


class InputError(UserError, ValueError):
    """A value that cannot be used; the message says where it is and what to do."""


@contextmanager
def python_errors() -> Iterator[None]:
    """Raise an InputError for a UserError; options have the names of arguments.

    Raises:
        InputError: A UserError was raised, such as one about `--batch-size 0`.
    """
    try:
        yield
    except UserError as error:
        raise InputError(_OPTION.sub(_argument, str(error))) from None


def _argument(found: re.Match[str]) -> str:
    names = {option_name(each): each.name for each in options()}
    sign = "=" if found[0].endswith(" ") else ""
    return names.get(found[1], found[1]) + sign


def checked_frame(name: str, value: object) -> pd.DataFrame:
    """Return a frame whose column names are texts.

    Raises:
        TypeError: The value is no frame, but a path or an array.
    """
    if isinstance(value, pd.DataFrame):
        return value.set_axis([str(column) for column in value.columns], axis=1)
    remedy = "pd.DataFrame(rows, columns=[…]) gives an array column names"
    if isinstance(value, (str, PathLike)):
        remedy = f"read the file first: pd.read_csv({str(value)!r})"
    kind = type(value).__name__
    raise TypeError(f"{name}: must be a pandas DataFrame, not {kind}; {remedy}")


def settings_of(**given: object) -> Settings:
    """Return settings, converted as NumPy converts: a scalar is a tuple of one.

    Raises:
        TypeError: A setting is of another type.
        UserError: A setting is outside its range.
    """
    converted: dict[str, Any] = {}
    for each in fields(Settings):
        value = given.get(each.name)
        if value is not None or (each.name in given and each.default is not None):
            converted[each.name] = _as(each.type, each.name, value)
    return Settings(**converted)


def _as(kind: Any, name: str, value: Any) -> Any:  # noqa: ANN401
    one = (get_args(kind) or (kind,))[0]
    if get_origin(kind) is tuple:
        is_one = isinstance(value, str) or not isinstance(value, Iterable)
        return tuple(_as(one, name, each) for each in ([value] if is_one else value))
    try:
        if one is int:
            return operator.index(value)
        if isinstance(value, str) == (one is str):
            return one(value)
    except (TypeError, ValueError):
        pass
    raise TypeError(f"{name}={value!r}: must be {_KINDS[one]}")
