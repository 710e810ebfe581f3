"""The stages as the command line calls them: skip what is up to date, else do it.

The modules that need pandas and torch are loaded only when there is work for them.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NamedTuple

from pipeline.core.fingerprint import fingerprint
from pipeline.core.paths import Folders
from pipeline.core.settings import Settings
from pipeline.data import processed
from pipeline.runs import integrity, store
from pipeline.tuning.plan import Plan


class Outcome(NamedTuple):
    """The record of a stage, and whether it was up to date already."""

    record: dict[str, Any]
    skipped: bool


def preprocess(folders: Folders, *, force: bool) -> Outcome:
    """Fill data/processed from data/raw."""
    summary = None if force else processed.fresh_summary(folders)
    if summary is not None:
        return Outcome(summary, skipped=True)
    from pipeline.stages import preprocess as stage

    return Outcome(stage.preprocess(folders), skipped=False)


def train(
    folders: Folders,
    settings: Settings,
    watch: Callable[..., None],
    *,
    jobs: int | None,
    force: bool,
) -> Outcome:
    """Train the networks of `settings` and keep them as a run."""
    provenance = _provenance("train", folders, settings)
    record = None if force else _same_run(folders, provenance)
    if record is not None:
        return Outcome(record, skipped=True)
    from pipeline.stages import train as stage

    record = stage.run_experiment(folders, settings, provenance, watch, jobs)
    return Outcome(record, skipped=False)


def baselines(
    folders: Folders, settings: Settings, watch: Callable[..., None], *, force: bool
) -> Outcome:
    """Climb the ladder up to the networks of `settings` and keep it as a run."""
    provenance = _provenance("baselines", folders, settings)
    record = None if force else _same_run(folders, provenance)
    if record is not None:
        return Outcome(record, skipped=True)
    from pipeline.stages import baselines as stage

    record = stage.run_ladder(folders, settings, provenance, watch)
    return Outcome(record, skipped=False)


def tune(folders: Folders, plan: Plan, watch: Callable[..., None]) -> Outcome:
    """Search for settings; train the best and keep them as a run.

    A search that has the trials it is asked for is up to date.
    """
    provenance = _provenance("tune", folders, plan.settings)
    record = _same_run(folders, provenance)
    if record is not None and len(record["tune"]["trials"]) >= plan.trials:
        return Outcome(record, skipped=True)
    from pipeline.stages import tune as stage

    return Outcome(stage.run_search(folders, plan, provenance, watch), skipped=False)


def _provenance(stage: str, folders: Folders, settings: Settings) -> dict[str, Any]:
    inputs = processed.require(folders)
    word = fingerprint(stage, asdict(settings), inputs)
    return {"fingerprint": word, "inputs": inputs}


def _same_run(folders: Folders, provenance: dict[str, Any]) -> dict[str, Any] | None:
    """The newest run of this fingerprint that is as it was finished."""
    for record in store.list_runs(folders):
        if record["fingerprint"] == provenance["fingerprint"] and not any(
            integrity.changes(folders, record)
        ):
            return record
    return None
