"""Check that a header has each column of the schema exactly once."""

from pathlib import Path

from pipeline.core.errors import UserError, nearest, short
from pipeline.data.csv_reader import check_names
from pipeline.data.schema import Schema
from pipeline.data.table import Table


def check_header(
    path: Path, header: list[str], table: Table, *, with_target: bool
) -> None:
    """Check the column names, in any order.

    Raises:
        UserError: A column is missing, unknown or duplicated, or this is another file.
    """
    schema = table.schema
    wanted = _wanted(schema, with_target=with_target)
    _check_kind(path, header, table, wanted, with_target=with_target)
    check_names(path, header)
    named, known = set(header), {*wanted, *schema.left_out}
    missing = [name for name in wanted if name not in named]
    extra = [name for name in header if name not in known]
    if missing:
        near = nearest(missing[0], extra)
        hint = f"rename the unknown column {short(near)}, or " if near else ""
        raise UserError(f"{path}: column {missing[0]}: missing; {hint}add it")
    if extra:
        _refuse_index(path, header, extra[0])
        own = "" if schema.features else f", or add it to {schema.source}"
        raise UserError(f"{path}: column {short(extra[0])}: unknown; remove it{own}")


def _wanted(schema: Schema, *, with_target: bool) -> list[str]:
    """Return the columns that a file must have."""
    ids = [schema.id] if schema.id and (schema.id_in_train or not with_target) else []
    group = [schema.carried_group] if schema.carried_group and with_target else []
    names = (*ids, *schema.names, *group, *([schema.target] * with_target))
    return [*dict.fromkeys(names)]


def _refuse_index(path: Path, header: list[str], name: str) -> None:
    """Refuse the index that pandas writes as a first column without a name."""
    if name == header[0] and (not name.strip() or name.startswith("Unnamed: ")):
        raise UserError(
            f"{path}: column 1 has no name: it is the index of a data frame; save the "
            "file with index=False"
        )


def _check_kind(
    path: Path, header: list[str], table: Table, wanted: list[str], *, with_target: bool
) -> None:
    """Refuse other data, train.csv in place of test.csv, and a missing header."""
    target, named = table.schema.target, set(header)
    if not is_like(header, table.schema):
        for marks, message in table.others.items():
            if named.issuperset(marks):
                raise UserError(f"{path}: line 1: {message}")
    if not with_target and target in named:
        raise UserError(
            f"{path}: column {target}: in the test file; "
            "are train.csv and test.csv swapped?"
        )
    if with_target and target not in named and named >= {*wanted} - {target}:
        raise UserError(
            f"{path}: column {target}: missing from the training file; "
            "are train.csv and test.csv swapped?"
        )
    if not named & set(wanted):
        first = short(header[0]) if header else target
        raise UserError(
            f"{path}: line 1: {first} … has no known column name; "
            "restore the header as the first line"
        )


def is_like(header: list[str], schema: Schema) -> bool:
    """Return whether a header has at least half of the columns of a schema."""
    return 2 * len(set(header) & set(schema.names)) >= len(schema.names)
