"""Read a schema from a TOML file, and check all of it before any row is read."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.core.errors import UserError, meant, short
from pipeline.data.date_formats import parts_of_format
from pipeline.data.schema import ABSENT, OTHER, Category, Column, Date, Number, Schema
from pipeline.data.schema_keys import (
    DATE_FORMAT,
    SchemaError,
    keys_of,
    one_of,
    read_key,
    read_keys,
)

_MOST_BYTES = 10_000_000


def read_schema(path: Path) -> Schema:
    """Read a schema.

    Raises:
        UserError: The file cannot be read, or is not a valid schema.
    """
    if path.exists() and not path.is_file():  # reading a pipe could block forever
        raise UserError(f"{path}: not a file; move it away")
    try:
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
        raise UserError(
            f"{path}: larger than {_MOST_BYTES:,} bytes; list fewer or shorter words"
        )
    try:
        schema = _schema(tomllib.loads(text), text)
        _check_names(schema)
        _check_uses(schema)
        _check_words(schema)
    except (ValueError, RecursionError) as error:  # also of a number that is too long
        raise UserError(f"{path}: {_toml_error(str(error))}") from None
    except SchemaError as error:
        raise UserError(f"{path}: {error}") from None
    return schema


def _toml_error(message: str) -> str:
    """Return an error of tomllib with the line number first."""
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message, re.DOTALL)
    if not found:
        return f"{message}; fix it"
    text, line, column = found.groups()
    return f"line {line}: {text} (at character {column}); fix the line"


def _schema(document: Mapping[str, Any], text: str) -> Schema:
    values = read_keys(document, keys_of(Schema), "key")
    if not values["columns"]:
        raise SchemaError("columns: there are none; run `pipeline schema` again")
    columns = [_column(name, table) for name, table in values["columns"].items()]
    values["columns"] = tuple(columns)
    return Schema(text=text, **values)


_KINDS = {"number": Number, "word": Category, "ordered": Category, "date": Date}


def _column(name: str, table: object) -> Column:
    try:
        if not isinstance(table, Mapping):
            raise SchemaError('not a table; write { kind = "number" }')
        kind = read_key(table, "kind", one_of(*_KINDS))
        keys = keys_of(_KINDS[kind])
        if kind == "ordered":
            del keys["others"]
        given = {key: value for key, value in table.items() if key != "kind"}
        values = read_keys(given, keys, f"key of the kind {kind}")
        if kind == "ordered":
            values["ordered"] = True
        column: Column = _KINDS[kind](name, **values)
        _check_column(column)
    except SchemaError as error:
        raise SchemaError(f"column {name}: {error}") from None
    return column


def _check_column(column: Column) -> None:
    """Check that the keys of a column fit each other.

    Raises:
        SchemaError: Two do not.
    """
    if isinstance(column, Number):
        _check_number(column)
    elif isinstance(column, Date):
        for part in column.parts:
            if part not in parts_of_format(column.format):
                raise SchemaError(f"format: has no {part}; {DATE_FORMAT.remedy}")
    else:
        for word in (ABSENT, OTHER):
            if column.vocabulary.count(word) > 1:
                raise SchemaError(
                    f"vocabulary: {word} is the name of another category here; remove "
                    "it"
                )


def _check_number(column: Number) -> None:
    low, blank = column.range[0], column.blank
    if column.log and low < 0:
        raise SchemaError("log needs a range from 0; write range = [0, inf]")
    if column.knots and column.knots[0] < low:
        raise SchemaError(
            f"knots: {column.knots[0]:g} is below the range; give rising numbers in it"
        )
    if column.log and isinstance(blank, float) and blank < 0:
        raise SchemaError(f"blank: {blank:g} has no log; give 0 or more")


def _check_names(schema: Schema) -> None:
    """Check that all names are those of columns, and that none has two uses.

    Raises:
        SchemaError: A name is wrong.
    """
    dates = {column.name for column, _ in schema.date_parts.values()}
    dates &= set(schema.names) if schema.id_in_train else set()
    for key, name, names in (
        ("id", schema.id, [name for name in schema.names if name not in dates]),
        ("target", schema.target, schema.names),
    ):
        if name in names or name in schema.left_out:
            other = "columns" if name in names else "left_out"
            raise SchemaError(f"{key} {name}: also in {other}; remove it there")
    if schema.id is not None and schema.id in (schema.target, schema.group):
        raise SchemaError(f"id {schema.id}: used for another column; rename it")
    if twice := set(schema.names).intersection(schema.left_out):
        raise SchemaError(f"column {min(twice)}: also in left_out; remove it there")


def _check_uses(schema: Schema) -> None:
    """Check that the keys which name columns name those of the right kind.

    Raises:
        SchemaError: A name is wrong.
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
                raise SchemaError(f"{key} {name}: not {what}; {meant(name, allowed)}")


def _check_words(schema: Schema) -> None:
    """Check that no vocabulary lists the text of a blank cell.

    Raises:
        SchemaError: One does.
    """
    blanks = {*schema.missing, ""}
    for column in schema.categories.values():
        for word in column.values:
            if word in blanks:
                raise SchemaError(
                    f"column {column.name}: vocabulary: {short(word)} is a blank cell; "
                    "remove it here or from missing"
                )
