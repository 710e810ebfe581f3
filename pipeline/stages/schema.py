"""The stage `schema`: data/raw -> data/raw/schema.toml, which the user may edit."""

import os
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from pipeline.ames import SCHEMA, ames_schema
from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.csv_frames import read_blocks
from pipeline.data.csv_reader import read_rows
from pipeline.data.header import is_like
from pipeline.data.schema import Schema
from pipeline.data.schema_file import parse_schema
from pipeline.infer.schema import Guess, Options, infer_schema

_REMEDY = "put the file there"


class WrittenSchema(NamedTuple):
    """A schema file, and what was inferred; nothing for the columns of House Prices."""

    path: Path
    schema: Schema
    guesses: list[Guess]

    @property
    def kinds(self) -> dict[str, int]:
        """The number of columns of each kind, the largest first."""
        return dict(Counter(guess.kind for guess in self.guesses).most_common())

    def to_json(self) -> dict[str, Any]:
        """Return what `schema --json` prints."""
        return {
            "path": str(self.path),
            "id": self.schema.id,
            "target": self.schema.target,
            "metric": self.schema.metric,
            "columns": [guess._asdict() for guess in self.guesses],
        }


def write_schema(project: Project, options: Options, *, force: bool) -> WrittenSchema:
    """Write the schema of the files in data/raw.

    For the columns of House Prices it is the one of this package; for others it is
    inferred.

    Args:
        project: The project.
        options: What the user gives of the files.
        force: Replace an existing schema.

    Raises:
        UserError: There is a schema already, a file cannot be used, or the options do
            not fit it. Nothing is written.
    """
    path = project.schema_file
    if os.path.lexists(path) and not force:
        raise UserError(
            f"{path}: there already; edit it, or give --force to replace it"
        )
    announce("reading data/raw")
    frames = [_texts(project.raw / name) for name in ("train.csv", "test.csv")]
    guesses: list[Guess] = []
    if is_like(list(frames[0].columns), ames_schema()) and not any(options):
        text = SCHEMA.read_text(encoding="utf-8")
    else:
        announce("inferring the kind of each column")
        text, guesses = _infer(project, frames, options)
    schema = parse_schema(text, path)
    write_atomically(path, text)
    return WrittenSchema(path, schema, guesses)


def _infer(
    project: Project, frames: list[pd.DataFrame], options: Options
) -> tuple[str, list[Guess]]:
    try:
        return infer_schema(frames[0], frames[1], options, _sample(project))
    except UserError as error:  # the message names files without their folder
        raise UserError(f"{project.raw}: {error}") from None


def _sample(project: Project) -> list[str]:
    """Return the header of sample_submission.csv; empty if there is no such file.

    Raises:
        UserError: The file cannot be read.
    """
    if not project.sample_file.exists():
        return []
    _, header = next(read_rows(project.sample_file, "restore it or remove it"))
    return header


def _texts(path: Path) -> pd.DataFrame:
    """Return the cells of a file as text, indexed by line number.

    Raises:
        UserError: The file cannot be read, or has no rows.
    """
    blocks = [block for block in read_blocks(path, _REMEDY) if len(block)]
    if not blocks:
        raise UserError(f"{path}: a header but no rows; add rows")
    return pd.concat(blocks)
