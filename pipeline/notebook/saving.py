"""Save what was trained in a notebook as a run of a project."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import numpy as np
import pandas as pd

from pipeline.ames import ames_schema
from pipeline.ames.table import project_table
from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.fingerprint import fingerprint
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.data import processed
from pipeline.data.csv_frames import csv_blocks
from pipeline.data.raw import texts_of
from pipeline.models.ensemble import Ensemble
from pipeline.network.threads import one_thread
from pipeline.notebook.data import Data
from pipeline.runs.record import Provenance, Run
from pipeline.runs.store import select
from pipeline.runs.writer import new_run, write_run
from pipeline.stages import up_to_date


@dataclass(frozen=True)
class Trained:
    """The rows, the settings that were given, and the models that were trained."""

    data: Data
    settings: Settings
    ensemble: Ensemble

    def save(self, project: Project, note: str | None) -> Run:
        """Save a run, as `pipeline train` does, in a project of the same rows.

        The rows are written to data/raw, if there are none.

        Raises:
            UserError: data/raw has other rows or another schema, or the project cannot
                be written to.
        """
        if not (project.raw / "train.csv").exists():
            self._write_raw(project)
        up_to_date.preprocess(project)
        inputs = processed.require(project)
        self._check(project, inputs)
        found = fingerprint("train", asdict(self.settings), inputs)
        provenance = Provenance(fingerprint=found, inputs=inputs, note=note)
        begin = datetime.now(UTC) - timedelta(seconds=self.ensemble.seconds)
        with one_thread(), new_run(project, begin) as temporary:
            run = write_run(temporary, self.ensemble, provenance, begin)
        select(project, run)
        return run

    def _write_raw(self, project: Project) -> None:
        """Write the frames as CSV files, and their schema unless it is built in."""
        table = self.data.table
        if table.own:
            raise UserError(
                f"{project.columns_file}: write the function that adds columns to this "
                "file, beside train.csv and test.csv, so that commands have it too"
            )
        if table.schema.text != ames_schema().text:
            write_atomically(project.schema_file, table.schema.text)
        for name, frame in zip(("train", "test"), self.data.frames, strict=True):
            texts = texts_of(frame, table.schema).replace("", np.nan)
            write_atomically(project.raw / f"{name}.csv", csv_blocks(texts))

    def _check(self, project: Project, inputs: dict[str, str | None]) -> None:
        """Check that a project has the rows and the schema that were trained on.

        Raises:
            UserError: It does not.
        """
        dataset, schema = self.data.dataset, self.data.table.schema
        frames = zip(processed.FILES, (dataset.train, dataset.test), strict=True)
        same = all(inputs[name] == _digest(frame) for name, frame in frames)
        if not same or project_table(project).schema.text != schema.text:
            raise UserError(
                f"{project.raw}: not the rows and the schema that were loaded; save to "
                "an empty folder, or load these files"
            )


def _digest(frame: pd.DataFrame) -> str:
    return sha256("".join(csv_blocks(frame)).encode()).hexdigest()
