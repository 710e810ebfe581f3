"""The stage `baselines`: data/processed -> runs/<run id>/, and a picture."""

from datetime import UTC, datetime
from typing import Any

import torch
from joblib import cpu_count

from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.lessons import baselines
from pipeline.runs.writer import new_run, run_record, write_run
from pipeline.stages.preprocess import read_features
from pipeline.validation.cross_validate import cross_validate
from pipeline.validation.parallel import Callback


def run_ladder(
    project: Project, settings: Settings, provenance: dict[str, Any], callback: Callback
) -> dict[str, Any]:
    """Climb the ladder of baselines, keep it as a run, and draw it.

    Raises:
        UserError: the rows are too few, or runs/ cannot be written to.
    """
    torch.set_num_threads(1)
    train, test = read_features(project, provenance["inputs"])
    begin = datetime.now(UTC)
    with new_run(project, begin) as temporary:
        best = cross_validate(train, test, settings, callback, cpu_count())
        steps = baselines.climb(project, train, best)
        rungs = {step.name: step.predictions for step in steps}
        record = run_record(temporary, best, settings, provenance, begin, train)
        record["rungs"] = [_rung(step) for step in steps]
        return write_run(temporary, record, best, settings, train, test, rungs=rungs)


def _rung(step: baselines.Step) -> dict[str, Any]:
    """What run.json says of a rung."""
    rung = {"name": step.name, "what": step.what, **step.score.record()}
    return {**rung, "accuracy": step.accuracy}
