"""The stages as the command line calls them: skip what is up to date, else do it.

The modules that need pandas and torch are loaded only when there is work for them.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NamedTuple

from pipeline.core.fingerprint import fingerprint
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.data import processed
from pipeline.runs import integrity, store
from pipeline.tuning.plan import Plan


class StageResult(NamedTuple):
    """The record of a stage, and whether it was up to date already."""

    record: dict[str, Any]
    skipped: bool


def preprocess(project: Project, *, force: bool) -> StageResult:
    """Fill data/processed from data/raw."""
    summary = None if force else processed.fresh_summary(project)
    if summary is not None:
        return StageResult(summary, skipped=True)
    from pipeline.stages import preprocess as stage

    return StageResult(stage.preprocess(project), skipped=False)


def train(
    project: Project,
    settings: Settings,
    callback: Callable[..., None],
    *,
    jobs: int | None,
    force: bool,
) -> StageResult:
    """Train the networks of `settings` and keep them as a run."""
    provenance = _provenance("train", project, settings)
    record = None if force else _same_run(project, provenance)
    if record is not None:
        return StageResult(record, skipped=True)
    from pipeline.stages import train as stage

    record = stage.run_experiment(project, settings, provenance, callback, jobs)
    return StageResult(record, skipped=False)


def baselines(
    project: Project, settings: Settings, callback: Callable[..., None], *, force: bool
) -> StageResult:
    """Climb the ladder up to the networks of `settings` and keep it as a run."""
    provenance = _provenance("baselines", project, settings)
    record = None if force else _same_run(project, provenance)
    if record is not None:
        return StageResult(record, skipped=True)
    from pipeline.stages import baselines as stage

    record = stage.run_ladder(project, settings, provenance, callback)
    return StageResult(record, skipped=False)


def tune(project: Project, plan: Plan, callback: Callable[..., None]) -> StageResult:
    """Search for settings; train the best and keep them as a run.

    A search that has the trials it is asked for is up to date.
    """
    provenance = _provenance("tune", project, plan.settings)
    record = _same_run(project, provenance)
    if record is not None and len(record["tune"]["trials"]) >= plan.trials:
        return StageResult(record, skipped=True)
    from pipeline.stages import tune as stage

    return StageResult(
        stage.run_search(project, plan, provenance, callback), skipped=False
    )


def _provenance(stage: str, project: Project, settings: Settings) -> dict[str, Any]:
    inputs = processed.require(project)
    word = fingerprint(stage, asdict(settings), inputs)
    return {"fingerprint": word, "inputs": inputs}


def _same_run(project: Project, provenance: dict[str, Any]) -> dict[str, Any] | None:
    """The newest run of this fingerprint that is as it was finished."""
    for record in store.list_runs(project):
        if record["fingerprint"] == provenance["fingerprint"] and not any(
            integrity.changes(project, record)
        ):
            return record
    return None
