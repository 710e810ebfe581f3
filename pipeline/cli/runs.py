"""The command `runs`: the list of runs, or a comparison of some."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.analysis.identify import describe, distinguishing, matching
from pipeline.cli import console
from pipeline.cli.options import Json, Root
from pipeline.cli.progress import steps
from pipeline.core.errors import UserError, one_line
from pipeline.core.numbers import score_text
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.kaggle import receipts
from pipeline.kaggle.receipts import SubmittedRun, with_submission
from pipeline.runs.integrity import run_changes
from pipeline.runs.record import Run
from pipeline.runs.store import find_run, read_runs, same_folds, selected_run

if TYPE_CHECKING:  # it loads pandas
    from pipeline.analysis.compare import Row

_BEST = "bold green"
_MOST = 20  # runs in the table
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
    show_all: Annotated[
        bool,
        typer.Option("--all", help=f"Show all runs, not only the newest {_MOST}."),
    ] = False,
    as_json: Json = False,
) -> None:
    """List the finished runs, newest first; or compare runs, paired over rows.

    Example: pipeline runs --filter model=mlp
    """
    if not root.exists():
        raise UserError(f"--root {root}: no such folder; give the project folder")
    project = Project(root)
    if run_ids:
        _compare(project, run_ids, filters, as_json=as_json)
        return
    with steps(hidden=as_json):
        announce("reading the runs")
        most = None if show_all or as_json else _MOST
        found = read_runs(project, None if filters else most)
        kept = matching(found.usable, filters or [])
        submitted = [with_submission(project, run) for run in kept[:most]]
    if as_json:
        console.print_json({"runs": [item.to_json() for item in submitted]})
        return
    if submitted:
        older = found.older + len(kept) - len(submitted)
        show_runs(submitted, selected_run(project), older)
    elif found.usable:
        console.say(f"No run matches --filter {' and '.join(filters or [])}")
    else:
        console.say(f"{project.runs}: no run yet; `pipeline train` makes one")
    for ids, why in (
        (found.other_formats, "since another version wrote them"),
        (found.broken, "since run.json cannot be read"),
    ):
        if ids:
            console.say_wrapped(f"Not listed, {why}: {', '.join(ids)}")


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
    with steps(hidden=as_json):
        announce("loading pandas")
        from pipeline.analysis.compare import compare

        found = [find_run(project, run_id) for run_id in run_ids]
        submitted = [with_submission(project, run) for run in found]
        rows = compare(submitted)
        changed = [change for run in found for change in run_changes(run)]
    for change in changed:
        console.say_err(f"warning: {change}")
    if as_json:
        records = [item.to_json() for item in submitted]
        console.print_json({"runs": records, "rows": [row._asdict() for row in rows]})
        return
    show_comparison(run_ids, rows)


def show_runs(
    submitted: Sequence[SubmittedRun], selected: Run | None, older: int = 0
) -> None:
    """Print the scores of runs, and the settings in which they differ.

    Args:
        submitted: The runs, newest first.
        selected: The run that `submit` uses by default.
        older: How many older runs are not shown.
    """
    described = [describe(item.run) for item in submitted]
    names = distinguishing(described)
    left = [name for name in names if name in _TEXTS]
    right = [name for name in names if name not in _TEXTS]
    table = console.make_table(["run", *left], [*right, "CV", "leaderboard"])
    # Scores of other rows or folds cannot be compared with that of the newest run.
    runs = [item.run for item in submitted]
    alike = [run for run in runs if same_folds(run, runs[0])]
    best = min(alike, key=lambda run: run.final.pooled)
    for item, texts in zip(submitted, described, strict=True):
        run = item.run
        table.add_row(
            run.run_id + (" (edited)" if run.is_edited else ""),
            *(one_line(texts.get(name, "")) for name in [*left, *right]),
            score_text(run.final.pooled),
            _leaderboard(item),
            style=_BEST if run is best else None,
        )
    console.show("Runs, newest first, with the settings that differ", table)
    if older:
        total = f"{len(runs) + older:,}"
        console.say(f"The newest {len(runs)} of {total} runs; --all shows all")
    which = " of these" if older else ""
    if len(alike) < len(runs):
        which += " on the rows and folds of the newest run"
    console.say_wrapped(
        f"Lowest {best.metric_title}{which}: {best.run_id}. "
        "`pipeline runs RUN RUN` says whether runs are told apart"
    )
    if selected:
        console.say_wrapped(
            f"`submit`, `predict` and `report` use {selected.run_id} by default"
        )


def show_comparison(run_ids: Sequence[str], rows: "Sequence[Row]") -> None:
    """Print the scores of runs, and the settings in which they differ, side by side."""
    different = [(row.name, *row.cells) for row in rows if row.differs]
    table = console.make_table([""], run_ids, different)
    console.show("Runs compared; ± is the standard error over the same rows", table)
    console.say(f"{len(rows) - len(different)} other settings and scores are the same")
    cells = next(row.cells for row in rows if row.name.startswith("difference"))
    if reasons := {cell for cell in cells if cell.startswith("different")}:
        console.say_wrapped(
            f"Scores of {' and '.join(sorted(reasons))} cannot be told apart: "
            "train the runs with the same data, --folds and --seed"
        )


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
