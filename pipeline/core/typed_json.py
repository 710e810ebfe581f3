"""Dataclasses to JSON and back, with types checked on the way back."""

import math
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin, get_type_hints

from pipeline.core.errors import short

T = TypeVar("T")
_NULLABLE = object()
NanAsNull = Annotated[float, _NULLABLE]  # NaN where JSON has null


def key(name: str | None) -> dict[str, str | None]:
    """Return the metadata of a field with another key in JSON; None leaves it out."""
    return {"key": name}


def to_json(value: Any) -> Any:  # noqa: ANN401
    """Return dataclasses, lists, tuples and dicts as plain JSON data.

    A float that is not finite becomes None, since JSON has no such number.
    """
    if is_dataclass(value):
        kept = _json_fields(cast(type, type(value)))
        return {name: to_json(getattr(value, f.name)) for name, (f, _) in kept.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {name: to_json(item) for name, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def from_json(kind: type[T], value: object) -> T:
    """Return JSON data as an object of a type.

    Keys without a field of the dataclass are ignored. A field without a key takes its
    default.

    Args:
        kind: a dataclass, or any type that the fields of one may have: list, tuple,
            dict, float, int, str, bool, Any, or a union of some of these and None.
        value: the JSON data.

    Raises:
        ValueError: A key without a default is missing, or a value has another type.
    """
    return cast(T, _decode(kind, value, ""))


def _decode(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401
    if kind is Any or type(value) is kind:  # most values, so this is first
        return value
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Annotated, UnionType):
        return _decode_choice(kind, value, where)
    if is_dataclass(kind) and isinstance(value, dict):
        return _decode_fields(cast(type, kind), value, where)
    if origin in (list, tuple) and isinstance(value, list | tuple):
        items = enumerate(value)
        return origin(_decode(inner[0], item, f"{where}[{n}]") for n, item in items)
    if origin is dict and isinstance(value, dict):
        return {n: _decode(inner[1], item, f"{where}.{n}") for n, item in value.items()}
    if kind is float and type(value) is int:
        return float(value)
    expected = (origin or kind).__name__
    raise ValueError(
        f"{where or 'record'}: {short(repr(value))} is not of the type {expected}"
    )


def _decode_choice(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401
    """Return a value of an annotated type or of a union."""
    origin, inner = get_origin(kind), get_args(kind)
    if value is None and (origin is UnionType or _NULLABLE in inner):
        return None if origin is UnionType else math.nan
    exact = next((choice for choice in inner if choice is type(value)), inner[0])
    return _decode(exact, value, where)


def _decode_fields(kind: type, value: dict[str, Any], where: str) -> object:
    found = {}
    for name, (field, hint) in _json_fields(kind).items():
        path = f"{where}.{name}".lstrip(".")
        if name in value:
            found[field.name] = _decode(hint, value[name], path)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{path}: missing")
    return kind(**found)


@cache
def _json_fields(kind: type) -> dict[str, tuple[Field[Any], Any]]:
    """Return the fields of a dataclass that JSON has, with their types, by key."""
    hints = get_type_hints(kind, include_extras=True)
    found = {f.metadata.get("key", f.name): (f, hints[f.name]) for f in fields(kind)}
    return {name: field for name, field in found.items() if name is not None}
