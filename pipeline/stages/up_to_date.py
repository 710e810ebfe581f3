"""Run a stage, or skip it if its result is up to date.

The command line calls the stages here. A stage is the function of the same name in
pipeline/stages/<name>.py. That file is imported only if the stage has to run, since it
loads pandas and torch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, Generic, NamedTuple, TypeVar

from pipeline.core.files import remove_leftovers
from pipeline.core.fingerprint import fingerprint
from pipeline.core.paths import Project
from pipeline.core.progress import LOADING, announce
from pipeline.core.settings import Settings
from pipeline.data import processed
from pipeline.runs import integrity, store
from pipeline.runs.record import Provenance, Run
from pipeline.tuning.plan import Plan

T = TypeVar("T")
S = TypeVar("S")


class StageResult(NamedTuple, Generic[T]):
    """The result of a stage, and whether the stage was skipped."""

    result: T
    skipped: bool


def preprocess(project: Project, *, force: bool = False) -> StageResult[dict[str, Any]]:
    """Write data/processed from data/raw, unless it is up to date."""
    remove_leftovers(project.processed)
    summary = None if force else processed.fresh_summary(project)
    if summary is not None:
        return StageResult(summary, skipped=True)
    announce("loading pandas")
    return StageResult(_function("preprocess")(project), skipped=False)


@dataclass(frozen=True)
class Stage(Generic[S]):
    """A stage that trains, and saves a run.

    It is skipped if there is an unchanged run with the same fingerprint.

    Attributes:
        name: of the module in pipeline.stages, and of the function in it.
        options: what the result depends on, of the subject of the stage.
        selected: whether later commands use the run, even if others are newer.
        is_complete: whether an earlier run has all that the subject asks for.
    """

    name: str
    options: Callable[[S], Mapping[str, Any]]
    selected: bool = False
    is_complete: Callable[[Run, S], bool] = lambda run, subject: True

    def __call__(
        self,
        project: Project,
        subject: S,
        *arguments: Any,  # noqa: ANN401 - those of the function
        force: bool = False,
        note: str | None = None,
        **keywords: Any,  # noqa: ANN401
    ) -> StageResult[Run]:
        """Return the run of the stage, an earlier one if it is up to date.

        Args:
            project: The project.
            subject: What the stage is about: settings, a plan, or runs.
            arguments: The other arguments of the function.
            force: Run the stage even if it is up to date.
            note: The user's note about the run.
            keywords: The other arguments of the function, by name.

        Raises:
            UserError: Nothing is preprocessed yet, or it is out of date; there is no
                schema for these columns; or as the function.
        """
        inputs = _inputs(project)
        options = self.options(subject)
        found = fingerprint(self.name, options, inputs)
        run = None if force else self._earlier(project, found, subject)
        skipped = run is not None
        if run is None:
            announce(LOADING)
            provenance = Provenance(fingerprint=found, inputs=inputs, note=note)
            run_stage = _function(self.name)
            run = run_stage(project, subject, provenance, *arguments, **keywords)
        if self.selected:
            store.select(project, run)
        return StageResult(run, skipped)

    def _earlier(self, project: Project, found: str, subject: S) -> Run | None:
        """Return the newest run of this fingerprint whose files have not changed."""
        remove_leftovers(project.runs)
        for run in store.list_runs(project):
            if run.fingerprint == found and not any(integrity.changes(project, run)):
                return run if self.is_complete(run, subject) else None
        return None


def _has_all_trials(run: Run, plan: Plan) -> bool:
    return run.search is not None and len(run.search.trials) >= plan.trials


train = Stage[Settings]("train", asdict, selected=True)
baselines = Stage[Settings]("baselines", asdict)
tune = Stage[Plan](
    "tune", lambda plan: asdict(plan.settings), is_complete=_has_all_trials
)
blend = Stage[Sequence[Run | integrity.OwnModel]](
    "blend", lambda runs: {run.run_id: run.digest for run in runs}, selected=True
)


def _function(stage: str) -> Callable[..., Any]:
    """Import the module of a stage, and return its function of the same name."""
    module = import_module(f"pipeline.stages.{stage}")
    function: Callable[..., Any] = getattr(module, stage)
    return function


def _inputs(project: Project) -> dict[str, str | None]:
    """Return the digests of data/raw and data/processed.

    Raises:
        UserError: Nothing is preprocessed yet, or it is out of date; or there is no
            schema for these columns.
    """
    if (project.raw / "train.csv").is_file() and not processed.exists(project):
        from pipeline.ames.table import project_table  # loads pandas

        project_table(project)
    return processed.require(project)
