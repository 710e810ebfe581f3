"""Run a stage, or skip it if its result is up to date.

The command line calls these stages here. The modules that need pandas and torch
are imported only when a stage has to run.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, Generic, NamedTuple, TypeVar

from pipeline.core.errors import UserError
from pipeline.core.fingerprint import fingerprint
from pipeline.core.paths import Project
from pipeline.core.progress import LOADING, announce
from pipeline.core.settings import Settings
from pipeline.core.staging import remove_leftovers
from pipeline.data import processed
from pipeline.runs import integrity, store
from pipeline.runs.record import Provenance, Run
from pipeline.tuning.plan import Plan

T = TypeVar("T")


class StageResult(NamedTuple, Generic[T]):
    """The result of a stage, and whether the stage was skipped."""

    result: T
    skipped: bool


def preprocess(project: Project, *, force: bool) -> StageResult[dict[str, Any]]:
    """Write data/processed from data/raw."""
    remove_leftovers(project.processed)
    summary = None if force else processed.fresh_summary(project)
    if summary is not None:
        return StageResult(summary, skipped=True)
    announce("loading pandas")
    from pipeline.stages import preprocess as stage

    return StageResult(stage.preprocess(project), skipped=False)


def train(
    project: Project,
    settings: Settings,
    callback: Callable[..., None],
    *,
    jobs: int | None,
    force: bool,
    note: str | None = None,
) -> StageResult[Run]:
    """Train the models of `settings`, save them as a run, and select it."""
    provenance = replace(_provenance("train", project, settings), note=note)
    run = None if force else _same_run(project, provenance)
    if run is not None:
        return _selected(project, StageResult(run, skipped=True))
    announce(LOADING)
    from pipeline.stages import train as stage

    run = stage.train(project, settings, provenance, callback, jobs)
    return _selected(project, StageResult(run, skipped=False))


def baselines(
    project: Project, settings: Settings, callback: Callable[..., None], *, force: bool
) -> StageResult[Run]:
    """Train the baselines and the networks of `settings`, and save them as a run."""
    provenance = _provenance("baselines", project, settings)
    run = None if force else _same_run(project, provenance)
    if run is not None:
        return StageResult(run, skipped=True)
    announce(LOADING)
    from pipeline.stages import baselines as stage

    return StageResult(
        stage.baselines(project, settings, provenance, callback), skipped=False
    )


def tune(
    project: Project, plan: Plan, callback: Callable[..., None]
) -> StageResult[Run]:
    """Search for the best settings, train them and save them as a run.

    A search is up to date if it has all trials that the plan asks for.
    """
    provenance = _provenance("tune", project, plan.settings)
    run = _same_run(project, provenance)
    if run and run.search and len(run.search.trials) >= plan.trials:
        return StageResult(run, skipped=True)
    announce(LOADING)
    from pipeline.stages import tune as stage

    return StageResult(stage.tune(project, plan, provenance, callback), skipped=False)


def blend(project: Project, run_ids: Sequence[str], *, force: bool) -> StageResult[Run]:
    """Blend runs, save the blend as a run, and select it.

    Raises:
        UserError: there are fewer than two runs, one of them has changed, is a blend
            of runs, or is on other folds.
    """
    if len(set(run_ids)) < max(2, len(run_ids)):
        raise UserError("blend: give two run ids or more, each once")
    runs = [store.find_run(project, run_id) for run_id in run_ids]
    for run in runs:
        if run.blended:
            raise UserError(f"{run.run_id}: a blend of runs; give the runs themselves")
        for change in integrity.changes(project, run):
            raise UserError(change)
    inputs = _inputs(project)
    options = {run.run_id: run.digest for run in runs}
    provenance = Provenance(fingerprint("blend", options, inputs), inputs)
    same = None if force else _same_run(project, provenance)
    if same is not None:
        return _selected(project, StageResult(same, skipped=True))
    announce(LOADING)
    from pipeline.stages import blend as stage

    run = stage.blend(project, runs, provenance)
    return _selected(project, StageResult(run, skipped=False))


def _selected(project: Project, outcome: StageResult[Run]) -> StageResult[Run]:
    """Select the run that was asked for, also if it is older than others."""
    store.select(project, outcome.result)
    return outcome


def _provenance(stage: str, project: Project, settings: Settings) -> Provenance:
    """Return the digests of the inputs, and the fingerprint of a stage on them."""
    inputs = _inputs(project)
    return Provenance(
        fingerprint=fingerprint(stage, asdict(settings), inputs), inputs=inputs
    )


def _inputs(project: Project) -> dict[str, str | None]:
    """Return the digests of data/raw and data/processed.

    Raises:
        UserError: nothing is preprocessed yet, or it is out of date; or there is no
            schema for these columns.
    """
    if (project.raw / "train.csv").is_file() and not processed.exists(project):
        from pipeline.ames.table import project_table

        project_table(project)
    return processed.require(project)


def _same_run(project: Project, provenance: Provenance) -> Run | None:
    """Return the newest run of this fingerprint whose files have not changed."""
    remove_leftovers(project.runs)
    for run in store.list_runs(project):
        if run.fingerprint == provenance.fingerprint and not any(
            integrity.changes(project, run)
        ):
            return run
    return None
