"""The search: the best trials as they come, and the winner."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.live import Live
from rich.table import Table

from pipeline.cli.tables.console import err, make_table, say, say_err, show
from pipeline.report.score_text import texts

if TYPE_CHECKING:  # torch stays unloaded where all is up to date
    from pipeline.stages.tune import Callback as SearchWatch
    from pipeline.tuning.search import Found

_BEST_TRIALS = 10  # are shown


@contextmanager
def search_progress() -> Iterator["SearchWatch"]:
    """The best trials so far on standard error, and the time left.

    Where there is no terminal, a plain line for each tenth of the way.
    """
    shown = set()
    with Live(console=err, transient=True, auto_refresh=False) as live:

        def callback(found: "Found") -> None:
            line = _search_line(found)
            if err.is_interactive:
                best = [each.record() for each in found.tried[:_BEST_TRIALS]]
                table = Group(line, _trial_table(best)) if best else line
                live.update(table, refresh=True)
                return
            state = (found.doing, 10 * len(found.tried) // found.wanted)
            if state not in shown:
                shown.add(state)
                say_err(line)

        yield callback


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
    show(
        f"The best of {len(trials)} trials, {stopped} of them stopped early",
        _trial_table(trials[:_BEST_TRIALS]),
    )
    confirmed = record["confirmed"]
    table = make_table(["fold seed"], [*map(str, confirmed["fold_seeds"]), "mean"])
    for name in ("best", "default"):
        score = confirmed[name]
        table.add_row(name, *texts([*score["pooled"], score["mean"]], short=False))
    show("Confirmed on fold seeds that took no part in the search", table)
    say("The best settings, to train again:")
    say(record["command"])


def _trial_table(trials: list[dict[str, Any]]) -> Table:
    table = make_table([], ["trial", "λ", "lr", "dropout", "hidden", "pooled"])
    for trial in trials:
        table.add_row(
            str(trial["number"]),
            *(f"{trial[name]:g}" for name in ("lambda", "lr", "dropout")),
            ",".join(map(str, trial["hidden"])),
            f"{trial['score']:.4f}" + (" stopped" if trial["stopped"] else ""),
        )
    return table
