"""The output of `tune`: its progress, the best trials, and the confirmed winner."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.table import Table

from pipeline.cli.tables.console import err, make_table, say, show
from pipeline.cli.tables.progress import steps
from pipeline.core.numbers import score_text
from pipeline.core.settings import comma_separated
from pipeline.report.texts import texts
from pipeline.runs.record import Search, Trial

if TYPE_CHECKING:  # torch is not imported if the search is up to date
    from pipeline.stages.tune import Callback
    from pipeline.tuning.search import Progress

_SHOWN = 10  # trials


@contextmanager
def search_progress() -> Iterator["Callback"]:
    """Show the steps of a search, the best trials so far and the time left.

    Without a terminal, print a plain line for each tenth of the trials and each quarter
    of what follows too.
    """
    printed = set()
    with steps() as display:

        def callback(progress: "Progress") -> None:
            from pipeline.stages.tune import to_record

            finished, step = progress.finished, progress.step
            display.begin(step)
            display.note = _note(progress)
            display.advance(progress.share)
            if err.is_interactive:
                best = [to_record(trial) for trial in finished[:_SHOWN]]
                display.table = _trial_table(best) if best else None
                return
            tenth = 10 * len(finished) // progress.total
            key = (step.text, tenth, step.total and 4 * step.done // step.total)
            if key not in printed:
                printed.add(key)
                display.print_line()

        yield callback


def _note(progress: "Progress") -> str:
    trials = f"{len(progress.finished)} of {progress.total} trials"
    if not progress.finished:
        return trials
    return f"{trials} · lowest score {score_text(progress.finished[0].score)}"


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
        say(f"Corrected for the choice among trials: {score_text(search.corrected)}")
    if not search.beats_default:
        say(
            "No trial is better than the default settings by more than one standard "
            "error over rows: the default settings are kept"
        )
    elif confirmed.difference is not None and confirmed.difference_error is not None:
        difference, error = confirmed.difference, confirmed.difference_error
        better = "No better" if search.is_refuted else "Better"
        say(
            f"{better} than the default settings on held-out fold seeds: "
            f"{score_text(difference, signed=True)} ± {score_text(error)}"
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
            score_text(trial.score) + (" pruned" if trial.pruned else ""),
        )
    return table
