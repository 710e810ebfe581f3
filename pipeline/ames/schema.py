"""The schema of Ames, alone: commands that only read files need no pandas for it."""

from dataclasses import replace
from functools import cache

from pipeline.core.paths import PACKAGE
from pipeline.data.schema import Schema
from pipeline.data.schema_file import read_schema

SCHEMA = PACKAGE / "ames" / "schema.toml"


@cache
def ames_schema() -> Schema:
    """Return the schema of Ames."""
    return replace(read_schema(SCHEMA), source="the data description")
