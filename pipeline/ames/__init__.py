"""What is known of the houses of Ames: schema, rules, built columns, other facts.

It has the same interface as any other table, `pipeline.data.table`. No other room names
a column of these files. This file loads no pandas: commands that only read runs need
the schema too.
"""

from dataclasses import replace
from functools import cache

from pipeline.core.paths import PACKAGE
from pipeline.data.schema import Schema
from pipeline.data.schema_file import read_schema

SCHEMA = PACKAGE / "ames" / "schema.toml"
DIGESTS = {  # SHA-256 of the competition's files, which are also in the package
    "train.csv": "1e18addf81e5e4d347cc17ee6075bbe4a42b7fa26b9e5b063e8f692a5f929d41",
    "test.csv": "8fdd3d829d4d986b58f845c9553b225e67dd8383624d90fb6ca1d4bed5798c1e",
}


@cache
def ames_schema() -> Schema:
    """Return the schema of Ames."""
    return replace(read_schema(SCHEMA), source="the data description")
