"""The table of Ames, and the table of a project, by its schema.toml if there is one."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from pipeline.ames import ames_schema
from pipeline.ames.columns import BUILT, NETWORKS_ONLY, RULES
from pipeline.core.errors import UserError, short
from pipeline.core.paths import Project
from pipeline.data import own_columns
from pipeline.data.csv_reader import read_rows
from pipeline.data.features import build_features, clean_rows
from pipeline.data.header import is_like
from pipeline.data.raw import no_rows
from pipeline.data.schema import Schema
from pipeline.data.schema_file import read_schema
from pipeline.data.table import Table

_REMEDY = "put Kaggle's file there (in a clone, `git checkout data/raw` restores it)"
_GIVE = "give the file of House Prices: Advanced Regression Techniques"

# Files of the same houses, by columns that mark them: another schema would not help.
_OTHERS: dict[tuple[str, ...], str] = {
    ("PID", "Gr Liv Area"): "De Cock's original table, with other columns and houses",
    ("Id", "SalePrice"): "a submission file, with prices but without columns",
}


@cache
def ames() -> Table:
    """Return the table of Ames."""
    others = {marks: f"this is {kind}; {_GIVE}" for marks, kind in _OTHERS.items()}
    return Table(ames_schema(), RULES, BUILT, NETWORKS_ONLY, others, _REMEDY)


def table_of(schema: Schema) -> Table:
    """Return the table of a schema, with the rules of Ames if it asks for them.

    Raises:
        UserError: A column that these rules read is missing from the schema.
    """
    if schema.features is None:
        return Table(schema)
    if schema is ames_schema():
        return ames()
    table = replace(ames(), schema=schema)
    _check_features(table)
    return table


def project_table(project: Project) -> Table:
    """Return the table of data/raw, with the columns of columns.py if there is one.

    The schema is that of schema.toml, or the one of Ames if the header of train.csv is
    that of Ames.

    Raises:
        UserError: A file cannot be used, or there is no schema for these columns.
    """
    own = own_columns.load(project.columns_file)
    if project.schema_file.exists():
        table = table_of(read_schema(project.schema_file))
    else:
        path = project.raw / "train.csv"
        if not is_ames(path):
            raise UserError(
                f"{path}: line 1: {short(_header(path)[0])} … are not the columns of "
                "House Prices; restore the header, or, for other data, run "
                "`pipeline schema`"
            )
        table = ames()
    return replace(table, own=own)


def is_ames(path: Path) -> bool:
    """Return whether a file has the columns of Ames, or is often mistaken for it.

    Raises:
        UserError: The file cannot be read.
    """
    header = _header(path)
    mistaken = any(set(header).issuperset(marks) for marks in _OTHERS)
    return mistaken or is_like(header, ames_schema())


def _header(path: Path) -> list[str]:
    _, header = next(read_rows(path, _REMEDY))
    return header


def _check_features(table: Table) -> None:
    """Check that the schema has the columns which the rules and built columns read.

    Raises:
        UserError: A column is missing, is of another kind than these need, or has the
            name of a built column.
    """
    schema = table.schema
    where = f"{schema.source}: features {schema.features}"
    named = [schema.id_name, schema.target, schema.group, *schema.names]
    for name in (*named, *schema.date_parts):
        if name in table.built:
            raise UserError(
                f"{where}: computes a column {name}; rename that of the schema, or "
                "remove the key features"
            )
    try:
        build_features(clean_rows(no_rows(table), table).frame, table)
    except KeyError as error:
        raise UserError(
            f"{where}: needs the column {error.args[0]}; add it, or remove the key "
            "features"
        ) from None
    except (TypeError, AttributeError):
        raise UserError(
            f"{where}: needs other kinds of columns; restore those of House Prices, "
            "or remove the key features"
        ) from None
