"""The output of `tune`: its progress, the best trials, and the confirmed winner."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.table import Table

from pipeline.cli.tables.console import err, make_table, say, say_err, show
from pipeline.core.settings import comma_separated
from pipeline.report.texts import texts
from pipeline.runs.record import Search, Trial

if TYPE_CHECKING:  # torch is not imported if the search is up to date
    from pipeline.stages.tune import Callback
    from pipeline.tuning.search import Progress

_SHOWN = 10  # trials


@contextmanager
def search_progress() -> Iterator["Callback"]:
    """Show the best trials so far and the time left, on standard error.

    Without a terminal, print a plain line for each tenth of the trials.
    """
    printed = set()
    with Live(console=err, transient=True, auto_refresh=False) as live:

        def callback(progress: "Progress") -> None:
            from pipeline.stages.tune import to_record

            line = _progress_line(progress)
            if err.is_interactive:
                best = [to_record(trial) for trial in progress.finished[:_SHOWN]]
                table = Group(line, _trial_table(best)) if best else line
                live.update(table, refresh=True)
                return
            tenth = (progress.status, 10 * len(progress.finished) // progress.total)
            if tenth not in printed:
                printed.add(tenth)
                say_err(line)

        yield callback


def _progress_line(progress: "Progress") -> str:
    finished = progress.finished
    parts = [progress.status, f"{len(finished)} of {progress.total} trials"]
    if finished:
        parts.append(f"lowest log-RMSE {finished[0].score:.4f}")
    if progress.seconds_left is not None:
        times = f"{progress.seconds:.0f} s, about {progress.seconds_left:.0f} s left"
        parts.append(times)
    return " · ".join(parts)


def show_search(search: Search) -> None:
    """Print the best trials, the winner beside the default, and its command."""
    pruned = sum(trial.pruned for trial in search.trials)
    show(
        f"The best of {len(search.trials)} trials, {pruned} of them pruned",
        _trial_table(search.trials[:_SHOWN]),
    )
    confirmed = search.confirmed
    table = make_table(["fold seed"], [*map(str, confirmed.fold_seeds), "mean"])
    for name, score in (("best", confirmed.best), ("default", confirmed.default)):
        table.add_row(name, *texts([*score.pooled, score.mean], short=False))
    show("Confirmed on held-out fold seeds", table)
    if search.corrected is not None:
        say(f"Corrected for the choice among trials: {search.corrected:.4f}")
    if not search.beats_default:
        say(
            "No trial is better than the default settings by more than one standard "
            "error over houses: the default settings are kept"
        )
    elif confirmed.difference is not None and confirmed.difference_error is not None:
        difference, error = confirmed.difference, confirmed.difference_error
        better = "Better" if difference < -error else "No better"
        say(
            f"{better} than the default settings on held-out fold seeds: "
            f"{difference:+.4f} ± {error:.4f}"
        )
    say("To train the blend with these settings of the MLP:")
    say(search.command)


def _trial_table(trials: Sequence[Trial]) -> Table:
    table = make_table([], ["trial", "λ", "lr", "dropout", "hidden", "pooled"])
    for trial in trials:
        table.add_row(
            str(trial.number),
            *(f"{each:g}" for each in (trial.weight_decay, trial.lr, trial.dropout)),
            comma_separated(trial.hidden),
            f"{trial.score:.4f}" + (" pruned" if trial.pruned else ""),
        )
    return table
