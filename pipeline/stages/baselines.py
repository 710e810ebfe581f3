"""The stage `baselines`: data/processed -> runs/<run id>/, and a picture."""

from datetime import UTC, datetime
from typing import Any

import torch
from joblib import cpu_count

from pipeline.core.paths import Folders
from pipeline.core.settings import Settings
from pipeline.lessons import baselines, matplotlib_charts
from pipeline.lessons.charts import Bars
from pipeline.runs.writer import new_run, run_record, write_run
from pipeline.stages.preprocess import read_features
from pipeline.validation.cross_validate import cross_validate
from pipeline.validation.parallel import Watch


def run_ladder(
    folders: Folders, settings: Settings, provenance: dict[str, Any], watch: Watch
) -> dict[str, Any]:
    """Climb the ladder of baselines, keep it as a run, and draw it.

    Raises:
        UserError: the rows are too few, or runs/ cannot be written to.
    """
    torch.set_num_threads(1)
    train, test = read_features(folders, provenance["inputs"])
    begin = datetime.now(UTC)
    with new_run(folders, begin) as draft:
        best = cross_validate(train, test, settings, watch, cpu_count())
        steps = baselines.climb(folders, train, best)
        rungs = {step.name: step.predictions for step in steps}
        record = run_record(draft, best, settings, provenance, begin, train)
        record["rungs"] = [_rung(step) for step in steps]
        record = write_run(draft, record, best, settings, train, test, rungs=rungs)
    matplotlib_charts.save(_picture(steps), folders.reports / "baselines.png")
    return record


def _rung(step: baselines.Step) -> dict[str, Any]:
    """What run.json says of a rung."""
    rung = {"name": step.name, "what": step.what, **step.score.record()}
    return {**rung, "accuracy": step.accuracy}


def _picture(steps: list[baselines.Step]) -> Bars:
    """The rungs as bars; the mean price is left out, as it would dwarf the others."""
    shown = [step for step in steps if step.name != "mean-price"]
    return Bars(
        "baselines",
        "The ladder: each model on the houses, lower is better",
        "log-RMSE, mean ± standard deviation of 5 folds",
        [f"{step.name}: {step.what}" for step in shown],
        [step.score.mean for step in shown],
        [step.score.std for step in shown],
    )
