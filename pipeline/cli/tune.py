"""The command `tune`: search for the best settings of the networks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.table import Table

from pipeline.cli import console
from pipeline.cli.options import Json, Root, takes_settings
from pipeline.cli.progress import steps
from pipeline.core.numbers import difference_text, score_text, score_texts
from pipeline.core.paths import Project
from pipeline.core.progress import Step
from pipeline.core.settings import NETWORKS, Settings, comma_separated
from pipeline.runs.record import Confirmations, Search, Trial
from pipeline.stages import up_to_date
from pipeline.tuning.plan import Plan, Report

_SHOWN = 10  # trials


@takes_settings("folds", "seed", "epochs", models=(NETWORKS,))
@takes_settings(of=Plan, parameter="plan")
def tune(
    *, settings: Settings, root: Root = Path(), plan: Plan, as_json: Json = False
) -> None:
    """Search for λ, learning rate, dropout and hidden layers; train the best.

    If it is interrupted or killed, run the same command again to resume it.

    Example: pipeline tune --trials 64
    """
    plan = replace(plan, settings=settings)
    with search_progress(plan.trials, hidden=as_json) as report:
        outcome = up_to_date.tune(Project(root), plan, report)
    if as_json:
        record = outcome.result.to_json()
        names = ("run_id", "metric", "cv", "cv_log_rmse", "forecast", "seconds")
        shown = {name: record[name] for name in names} | record["search"]
        console.print_json({**shown, "skipped": outcome.skipped})
        return
    if search := outcome.result.search:  # a run of `tune` always has one
        show_search(search)
        console.say_wrapped(outcome.result.about_choice)
    console.say(f"{console.saved(outcome)}: one model, with the best settings")
    console.say(
        f"`pipeline submit` uses it only if you give --run {outcome.result.run_id}"
    )


@contextmanager
def search_progress(total: int, *, hidden: bool = False) -> Iterator[Report]:
    """Show the steps of a search, the best trials so far and the time left."""
    with steps(hidden=hidden) as display:

        def report(step: Step, share: float, finished: list[Trial]) -> None:
            display.begin(step)
            display.note = f"{len(finished)} of {total} trials"
            if finished:
                display.note += f" · lowest score {score_text(finished[0].score)}"
                display.table = _trial_table(finished[:_SHOWN])
            display.advance(share)

        yield report


def show_search(search: Search) -> None:
    """Print the best trials, the winner beside the default, and its command."""
    pruned = sum(trial.pruned for trial in search.trials)
    console.show(
        f"The best of {len(search.trials)} trials, {pruned} of them pruned",
        _trial_table(search.trials[:_SHOWN]),
    )
    if search.confirmed is None:
        console.say("No time was left to score the best on other fold seeds")
    else:
        _show_confirmed(search, search.confirmed)
    if not search.beats_default:
        console.say_wrapped(
            "No trial is better than the default settings by more than one standard "
            "error over rows: the default settings are kept"
        )
    console.say("To train the blend with these settings of the MLP:")
    console.say_command(search.command)


def _show_confirmed(search: Search, confirmed: Confirmations) -> None:
    """Print the scores of the best and of the default on other fold seeds."""
    table = console.make_table(["fold seed"], [*map(str, confirmed.fold_seeds), "mean"])
    for name, score in (("best", confirmed.best), ("default", confirmed.default)):
        table.add_row(name, *score_texts([*score.pooled, score.mean]))
    console.show("The same rows, on other fold seeds", table)
    if confirmed.difference is not None:
        better = "No better" if search.is_refuted else "Better"
        gap = difference_text(confirmed.difference, confirmed.difference_error)
        console.say(f"{better} than the default settings on other fold seeds: {gap}")


def _trial_table(trials: Sequence[Trial]) -> Table:
    rows = [
        (
            trial.number,
            *(f"{value:g}" for value in (trial.weight_decay, trial.lr, trial.dropout)),
            comma_separated(trial.hidden),
            score_text(trial.score) + (" pruned" if trial.pruned else ""),
        )
        for trial in trials
    ]
    columns = ["trial", "λ", "lr", "dropout", "hidden", "pooled"]
    return console.make_table([], columns, rows)
