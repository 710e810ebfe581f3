"""The tables and progress bars of the terminal; no other module knows rich."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from pipeline.submission import Submission

if TYPE_CHECKING:  # torch stays unloaded where only tables are shown
    from pipeline.bench.run import Result
    from pipeline.cells import Cell, Watch
    from pipeline.lessons.result import LessonResult
    from pipeline.train import Epoch
    from pipeline.tune.search import Found
    from pipeline.tune.stage import Watch as SearchWatch

_ROOMY = 6  # up to this many folds, scores are written in full
_MOST_FOLDS = 10  # more columns than this do not fit into 100 characters
_BEST = "bold green"
_BEST_TRIALS = 10  # are shown
_UPLOAD = "https://www.kaggle.com/c/house-prices-advanced-regression-techniques/submit"

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def say(text: str) -> None:
    """Print a line as it is."""
    out.print(text, markup=False, soft_wrap=True)


def show_preprocess(record: dict[str, Any]) -> None:
    """What was read, what was filled, and what was assumed."""
    rows, columns = record["rows"], record["columns"]
    table = _table([""], ["train", "test"])
    table.add_row("rows", f"{rows['train']:,}", f"{rows['test']:,}")
    table.add_row("columns in", *[str(columns["raw"])] * 2)
    table.add_row("columns built", *[str(columns["built"])] * 2)
    table.add_row("columns out, encoded", *[str(columns["encoded"])] * 2)
    if record["rows_encoded"] != rows:
        encoded = record["rows_encoded"]
        table.add_row(
            "rows written encoded", f"{encoded['train']:,}", f"{encoded['test']:,}"
        )
    _show("Preprocessing", table)
    _show_filled(record["filled"])
    _show_assumptions(record["assumptions"])
    for name, words in record["unseen_categories"].items():
        say(f"In test.csv only: {name} = {', '.join(words)} (encoded as all-zero)")


def _show_filled(filled: list[dict[str, Any]], most: int = 10) -> None:
    table = _table(["column"], ["train", "test", "filled with"])
    for row in filled[:most]:
        median = row["value"]
        value = "all-zero" if median is None else f"median {median:.4g}"
        table.add_row(row["column"], str(row["train"]), str(row["test"]), value)
    shown = min(most, len(filled))
    _show(f"Unknown values filled: the {shown} largest of {len(filled)}", table)


def _show_assumptions(assumptions: list[dict[str, Any]]) -> None:
    table = _table(["file", "assumed", "columns"], ["rows", "first Id"])
    order = itemgetter("file", "assumed")
    for (file, assumed), group in groupby(assumptions, key=order):
        same = list(group)
        columns = ", ".join(each["column"] for each in same)
        rows = max(each["rows"] for each in same)
        first = min(each["first_id"] for each in same)
        table.add_row(file, assumed, columns, str(rows), str(first))
    _show("Assumed where a row leaves it open or contradicts itself", table)


def show_scores(record: dict[str, Any]) -> None:
    """The table of fold scores, and the score to expect."""
    scores = record["scores"]
    folds = len(scores[0]["folds"])
    right = ["λ", *_fold_names(folds), "mean ± sd", "pooled", "seconds"]
    table = _table([], right)
    for score in scores:
        best = score["lambda"] == record["best_lambda"]
        table.add_row(
            f"{score['lambda']:g}" + (" ◂" if best else "  "),
            *_fold_values(score["folds"]),
            " ± ".join(_texts([score["mean"], score["std"]], short=folds > _ROOMY)),
            f"{score['pooled']:.4f}",
            f"{score['seconds']:.1f}",
            style=_BEST if best and len(scores) > 1 else None,
        )
    _show(f"log-RMSE of {folds} folds, lower is better", table)
    _show_costliest(record["costliest"])
    expected = record["forecast"]
    say(
        f"Expected on the leaderboard: {expected['estimate']:.4f} "
        f"(90 % interval {expected['low']:.4f} to {expected['high']:.4f}; "
        "a few houses rule it)"
    )


def show_ladder(record: dict[str, Any]) -> None:
    """The rungs from the bottom up, and what each bought over the last."""
    rungs = record["rungs"]
    right = [*_fold_names(5), "mean ± sd", "pooled", "bought", "s"]
    table = _table(["rung"], right)
    last = None
    for rung in rungs:
        bought = "" if last is None else f"{last - rung['pooled']:+.4f}"
        last = rung["pooled"]
        table.add_row(
            rung["name"],
            *_texts(rung["folds"], short=True),
            " ± ".join(_texts([rung["mean"], rung["std"]], short=True)),
            f"{rung['pooled']:.4f}",
            bought,
            f"{rung['seconds']:.1f}",
        )
    _show("The ladder: log-RMSE of 5 folds, lower is better", table)
    for rung in rungs:
        if rung["accuracy"] is not None:
            say(f"{rung['name']}: right band for {rung['accuracy']:.0%} of the houses")
    say(
        "book: on contiguous folds of its own, as printed; all others share their folds"
    )


def _show_costliest(houses: list[dict[str, Any]]) -> None:
    table = _table(
        ["Id", "neighbourhood"], ["price", "prediction", "share of the score"]
    )
    for house in houses:
        table.add_row(
            str(house["Id"]),
            house["Neighborhood"] or "unknown",
            f"{house['SalePrice']:,.0f}",
            f"{house['prediction']:,.0f}",
            f"{house['share']:.1%}",
        )
    share = sum(house["share"] for house in houses)
    _show(
        f"The {len(houses)} houses that cost most: {share:.0%} of all squared error",
        table,
    )


def _fold_names(folds: int) -> list[str]:
    if folds > _MOST_FOLDS:
        return ["best fold", "median fold", "worst fold"]
    return [f"fold {n}" if folds <= _ROOMY else str(n) for n in range(1, folds + 1)]


def _fold_values(folds: Sequence[float]) -> list[str]:
    """The fold scores as text, or three of them where there are too many."""
    if len(folds) > _MOST_FOLDS:
        ordered = sorted(folds)
        folds = [ordered[0], ordered[len(ordered) // 2], ordered[-1]]
    return _texts(folds, short=len(folds) > _ROOMY)


def _texts(scores: Sequence[float], *, short: bool) -> list[str]:
    texts = [f"{score:.4f}" for score in scores]
    return [text.removeprefix("0") for text in texts] if short else texts


def show_submission(submission: Submission) -> None:
    """The first rows, the prices beside training's, and what to do next."""
    head = _table([], ["Id", "SalePrice"])
    for house, price in submission.rows[:5]:
        head.add_row(str(house), f"{price:,.2f}")
    _show(f"The first of {len(submission.rows):,} rows", head)
    table = _table([""], ["lowest", "25 %", "median", "75 %", "highest"])
    for name, values in (
        ("training", submission.train_quartiles),
        ("predicted", submission.quartiles),
    ):
        table.add_row(name, *(f"{value:,.0f}" for value in values))
    _show("Prices in dollars", table)
    state = "up to date" if submission.skipped else "written and checked"
    say(f"{submission.path}: {state}")
    say(f"Upload it at {_UPLOAD}")


def show_download(record: dict[str, Any]) -> None:
    """What was placed, with checksums."""
    table = _table(["file", "SHA-256"], [])
    for path, digest in record["files"].items():
        table.add_row(path, digest)
    _show(f"Placed: {record['name']}", table)


def show_lessons(lessons: list[dict[str, str]]) -> None:
    """The lessons in their order."""
    table = _table(["lesson", "what it shows"], [])
    for lesson in lessons:
        table.add_row(lesson["lesson"], lesson["summary"])
    _show("Lessons; run one by its name, or all of them with `all`", table)


def show_lesson(result: "LessonResult") -> None:
    """Published against measured, and where the pictures lie."""
    table = _table(["quantity"], ["published", "measured", "band", "inside?"])
    for row in result.rows:
        band = "" if row.band is None else f"{row.band[0]:.5g} to {row.band[1]:.5g}"
        inside = {True: "yes", False: "[bold red]no[/]", None: ""}[row.inside]
        measured = row.measured
        shown = measured if isinstance(measured, str) else f"{measured:.5g}"
        cells = (row.quantity, row.published, shown, band)
        table.add_row(*map(escape, cells), inside)
    _show(f"{result.lesson}, {result.impl}, {result.seconds:.1f} s", table)
    for path in result.figures:
        say(f"Drawn: {path}")


def show_measurement(result: "Result") -> None:
    """A line on standard error for each measurement, as it comes."""
    entry, measured = result
    how = f"{entry.setting.jobs} × {entry.setting.threads} threads"
    nets = f"{entry.task.networks} networks"
    err.print(f"{entry.name}, {nets}, {how}: {measured.seconds:.2f} s")


def show_bench(record: dict[str, Any]) -> None:
    """The competitors beside the book's loop and the machine's limit."""
    right = ["seconds", "× the book's speed", "of sgemm", "peak MB", "jobs", "threads"]
    table = _table([""], [*right, "error"])
    for row in record["rows"]:
        table.add_row(
            row["name"],
            f"{row['seconds']:.2f}",
            f"{row['ratio_to_book']:.1f}",
            f"{row['sgemm_fraction']:.1%}",
            f"{row['peak_mb']:,.0f}",
            str(row["jobs"]),
            str(row["threads"]),
            f"{row['error']:.2f}",
        )
    network = "-".join(map(str, record["network"]))
    title = f"{record['networks']} networks {network}, {record['epochs']} epochs"
    _show(f"{title}, {record['houses']:,} houses, {record['cores']} cores", table)
    for line in record["engine"]:
        each = 1000 * line["seconds_per_network"]
        say(f"engine, {line['networks']} networks: {each:.1f} ms a network")
    say(
        f"sgemm, the machine's limit: {record['sgemm'] / 1e9:.0f} billion operations a "
        "second; error: of networks without weight decay, in sd of the log price"
    )


def show_runs(records: list[dict[str, Any]]) -> None:
    """The experiment table, newest first."""
    table = _table(
        ["run", "date"],
        ["folds", "λ", "hidden", "seeds", "pooled CV", "± sd", "seconds", "submission"],
    )
    for record in records:
        settings = record["settings"]
        best = next(s for s in record["scores"] if s["lambda"] == record["best_lambda"])
        table.add_row(
            record["run_id"],
            record["created"][5:16].replace("T", " "),
            str(settings["folds"]),
            f"{record['best_lambda']:g}",
            ",".join(map(str, settings["hidden"])),
            str(settings["seeds"]),
            f"{best['pooled']:.4f}",
            f"{best['std']:.4f}",
            f"{record['seconds']:.0f}",
            "made" if record["submission"] else "–",
        )
    _show("Runs, newest first", table)


@contextmanager
def epoch_progress(networks: int, epochs: int) -> Iterator["Watch"]:
    """A bar on standard error with the score as it falls and the time left.

    Where there is no terminal, a plain line for each quarter of the way.
    """
    columns = (
        TextColumn(f"{networks} networks"),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TextColumn("· mean log-RMSE of a network {task.fields[score]} ·"),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
    )
    latest: dict[Any, list[float]] = {}
    quarters = {0}
    bar = err.is_terminal
    with Progress(*columns, console=err, transient=True, disable=not bar) as progress:
        task = progress.add_task("train", total=networks * epochs, score="–")

        def watch(cells: Sequence["Cell"], epoch: "Epoch") -> None:
            latest[tuple(cells)] = epoch.valid.tolist()
            scores = list(chain.from_iterable(latest.values()))
            score = f"{sum(scores) / len(scores):.4f}"
            progress.update(task, advance=len(epoch.valid), score=score)
            quarter = int(4 * progress.tasks[task].percentage / 100)
            if not bar and quarter not in quarters:
                quarters.add(quarter)
                err.print(f"trained {25 * quarter} % · mean log-RMSE {score}")

        yield watch


@contextmanager
def search_progress() -> Iterator["SearchWatch"]:
    """The best trials so far on standard error, and the time left.

    Where there is no terminal, a plain line for each tenth of the way.
    """
    shown = set()
    with Live(console=err, transient=True, auto_refresh=False) as live:

        def watch(found: "Found") -> None:
            line = _search_line(found)
            if err.is_terminal:
                best = [each.record() for each in found.tried[:_BEST_TRIALS]]
                table = Group(line, _trial_table(best)) if best else line
                live.update(table, refresh=True)
                return
            state = (found.doing, 10 * len(found.tried) // found.wanted)
            if state not in shown:
                shown.add(state)
                err.print(line)

        yield watch


def _search_line(found: "Found") -> str:
    parts = [found.doing, f"{len(found.tried)} of {found.wanted} trials"]
    if found.tried:
        parts.append(f"best log-RMSE {found.tried[0].score:.4f}")
    if found.left is not None:
        parts.append(f"{found.elapsed:.0f} s, about {found.left:.0f} s left")
    return " · ".join(parts)


def show_search(record: dict[str, Any]) -> None:
    """The best trials, the winner beside the default on fresh folds, its command."""
    trials = record["trials"]
    stopped = sum(trial["stopped"] for trial in trials)
    _show(
        f"The best of {len(trials)} trials, {stopped} of them stopped early",
        _trial_table(trials[:_BEST_TRIALS]),
    )
    confirmed = record["confirmed"]
    table = _table(["fold seed"], [*map(str, confirmed["fold_seeds"]), "mean"])
    for name in ("best", "default"):
        score = confirmed[name]
        table.add_row(name, *_texts([*score["pooled"], score["mean"]], short=False))
    _show("Confirmed on fold seeds that took no part in the search", table)
    say("The best settings, to train again:")
    say(record["command"])


def _trial_table(trials: list[dict[str, Any]]) -> Table:
    table = _table([], ["trial", "λ", "lr", "dropout", "hidden", "pooled"])
    for trial in trials:
        table.add_row(
            str(trial["number"]),
            *(f"{trial[name]:g}" for name in ("lambda", "lr", "dropout")),
            ",".join(map(str, trial["hidden"])),
            f"{trial['score']:.4f}" + (" stopped" if trial["stopped"] else ""),
        )
    return table


def _table(left: Sequence[str], right: Sequence[str]) -> Table:
    """An empty table of columns set to the left, then columns set to the right."""
    gap = 1 if len(left) + len(right) <= _MOST_FOLDS else 0
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, gap, 0, 0))
    for names, justify in ((left, "left"), (right, "right")):
        for name in names:
            table.add_column(name, justify=justify)  # type: ignore[arg-type]
    return table


def _show(title: str, table: Table) -> None:
    out.print(title, style="bold", markup=False)
    out.print(table)
