"""The command `runs`: the list of runs, or a comparison of some."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.analysis.identify import describe, distinguishing, matching
from pipeline.cli.console import make_table, print_json, say, show
from pipeline.cli.options import Json, Root
from pipeline.core.errors import UserError, one_line
from pipeline.core.numbers import score_text
from pipeline.core.paths import Project
from pipeline.kaggle import receipts
from pipeline.kaggle.receipts import SubmittedRun, submitted_runs, with_submission
from pipeline.runs.record import Run
from pipeline.runs.store import find_run, other_formats, selected_run

if TYPE_CHECKING:  # it loads pandas
    from pipeline.analysis.compare import Row

_BEST = "bold green"
_TEXTS = ("command", "model", "note")  # left-aligned; all others are like numbers


def runs(
    run_ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN RUN]", help="Run ids to compare, two or more."),
    ] = None,
    root: Root = Path(),
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            help="List only runs with NAME=VALUE, like epochs=10 or note=wider; "
            "repeat it for several.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the finished runs, newest first; or compare runs, paired over rows.

    Example: pipeline runs --filter model=mlp
    """
    project = Project(root)
    if run_ids:
        _compare(project, run_ids, filters, as_json=as_json)
        return
    submitted = submitted_runs(project)
    kept = matching([item.run for item in submitted], filters or [])
    submitted = [item for item in submitted if item.run in kept]
    if as_json:
        print_json({"runs": [item.to_json() for item in submitted]})
        return
    show_runs(submitted, selected_run(project))
    if others := other_formats(project):
        say(f"Not listed, since another version wrote them: {', '.join(others)}")


def _compare(
    project: Project, run_ids: list[str], filters: list[str] | None, *, as_json: bool
) -> None:
    """Compare runs, with the standard errors of their differences.

    Raises:
        UserError: There are fewer than two runs, a run is given twice, there are
            filters too, or a run cannot be read.
    """
    if len(set(run_ids)) < max(2, len(run_ids)) or filters:
        raise UserError("runs: give two run ids or more, each once, and no --filter")
    from pipeline.analysis.compare import compare

    submitted = [
        with_submission(project, find_run(project, run_id)) for run_id in run_ids
    ]
    rows = compare(submitted)
    if as_json:
        records = [item.to_json() for item in submitted]
        print_json({"runs": records, "rows": [row._asdict() for row in rows]})
        return
    show_comparison(run_ids, rows)


def show_runs(submitted: Sequence[SubmittedRun], selected: Run | None) -> None:
    """Print the scores of runs, and the settings in which they differ.

    Args:
        submitted: The runs, newest first.
        selected: The run that `submit` uses by default.
    """
    described = [describe(item.run) for item in submitted]
    names = distinguishing(described)
    left = [name for name in names if name in _TEXTS]
    right = [name for name in names if name not in _TEXTS]
    table = make_table(["run", *left], [*right, "CV", "leaderboard"])
    # Scores of another metric cannot be compared with those of the newest run.
    scored = [x for x in submitted if x.run.metric == submitted[0].run.metric]
    best = min(scored, key=lambda item: item.run.final.pooled, default=None)
    for item, texts in zip(submitted, described, strict=True):
        run = item.run
        table.add_row(
            run.run_id + (" (edited)" if run.is_edited else ""),
            *(one_line(texts.get(name, "")) for name in [*left, *right]),
            score_text(run.final.pooled),
            _leaderboard(item),
            style=_BEST if item is best else None,
        )
    show("Runs, newest first, with the settings that differ", table)
    if best:
        lowest = f"Lowest {best.run.metric_title}: {best.run.run_id}"
        say(f"{lowest}. `pipeline runs RUN RUN` says whether runs are told apart")
    if best and selected:
        say(f"`submit`, `predict` and `report` use {selected.run_id} by default")


def show_comparison(run_ids: Sequence[str], rows: "Sequence[Row]") -> None:
    """Print the scores of runs, and the settings in which they differ, side by side."""
    different = [(row.name, *row.cells) for row in rows if row.differs]
    table = make_table([""], run_ids, different)
    show("Runs compared; ± is the standard error over the same rows", table)
    say(f"{len(rows) - len(different)} other settings and scores are the same")


def _leaderboard(submitted: SubmittedRun) -> str:
    """Return the leaderboard score, or the state of the submission."""
    if submitted.leaderboard is not None:
        return score_text(submitted.leaderboard)
    if submitted.receipt is None:
        return "not submitted" if submitted.submission else "–"
    states = {
        receipts.SENDING: "interrupted",
        receipts.PENDING: "pending",
        receipts.COMPLETE: "no score",
        receipts.ERROR: "failed",
    }
    return states.get(submitted.receipt.status, "–")
