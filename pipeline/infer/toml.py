"""Write a schema as a TOML file that a person can edit."""

import json
import re
from collections.abc import Iterator, Mapping
from math import isinf
from typing import Any

from pipeline.core.errors import one_line
from pipeline.infer.texts import Found

_BARE = re.compile("[A-Za-z0-9_-]+")
_WIDE = 100  # characters of a line
_NARROW = 88  # characters of a line of a long list
_LONGEST_REASON = 200  # characters
_HEAD = """\
# The columns of train.csv and test.csv, as `pipeline schema` inferred them from the
# cells. Edit this file freely; docs/schema.md explains each key. Look at the lines with
# "check" first.
#
# number   a measure or a count; a blank is missing
# word     one of some texts, without an order
# ordered  one of some texts, from lowest to highest
# date     a day, a month, or a time
# left_out columns that are not read
"""


def schema_text(
    settings: Mapping[str, Any], found: Mapping[str, Found], no_id: str | None = None
) -> str:
    """Return the text of a schema file.

    Args:
        settings: The keys before the columns, with their values; one without a value
            is not written.
        found: What each column is. For the target, only the reason is written; for the
            id too, unless it is a date.
        no_id: Why there is no id, if there is none.
    """
    lines = [_HEAD]
    if no_id:
        lines.append(f"# check: no id: {one_line(no_id, _LONGEST_REASON)}")
    for key, value in settings.items():
        if value is None:
            continue
        about = found[value] if key in {"id", "target"} else None
        lines.append(f"{key} = {_value(value)}{_comment(about)}")
    lines += _left_out(found)
    lines += [
        '# group = "…"  # rows with the same value of this column stay in one fold',
        "",
        "[columns]",
    ]
    for name, column in found.items():
        if column.is_read:
            lines += _column(name, column)
    return "\n".join(lines) + "\n"


def _left_out(found: Mapping[str, Found]) -> Iterator[str]:
    names = [name for name, column in found.items() if column.kind == "left out"]
    if not names:
        yield "left_out = []"
        return
    yield "left_out = ["
    for name in names:
        yield f"  {_text(name)},{_comment(found[name])}"
    yield "]"


def _column(name: str, found: Found) -> Iterator[str]:
    """Yield one line for a column, or one for each of its keys if that is too long."""
    column = name if _BARE.fullmatch(name) else _text(name)
    keys = {"kind": found.kind, **{key: v for key, v in found.keys.items() if v}}
    table = ", ".join(f"{key} = {_value(value)}" for key, value in keys.items())
    line = f"{column} = {{ {table} }}{_comment(found)}"
    if len(line) <= _WIDE or "vocabulary" not in keys:
        yield line
        return
    for key, value in keys.items():
        comment = _comment(found) if key == "kind" else ""
        line = f"{column}.{key} = {_value(value)}{comment}"
        if key == "vocabulary" and len(line) > _NARROW:
            yield f"{column}.{key} = ["
            yield from _wrapped(value)
            yield "]"
        else:
            yield line


def _wrapped(values: list[str]) -> Iterator[str]:
    line = " "
    for text in values:
        item = f" {_text(text)},"
        if len(line) + len(item) > _NARROW and line.strip():
            yield line
            line = " "
        line += item
    yield line


def _comment(found: Found | None) -> str:
    if found is None:
        return ""
    doubt = "check: " if found.doubtful else ""
    return f"  # {doubt}{one_line(found.reason, _LONGEST_REASON)}"


def _value(value: object) -> str:
    """Return a value of TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value) if isinf(value) or value != int(value) else f"{value:.0f}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return _text(str(value))


def _text(text: str) -> str:
    """Return a text in quotes, with escapes for what is not printable."""
    return "".join(
        char if char.isprintable() else f"\\U{ord(char):08x}"
        for char in json.dumps(text, ensure_ascii=False)
    )
