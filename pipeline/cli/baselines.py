"""The command `baselines`: the model of each lesson on the same rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import console
from pipeline.cli.options import Force, Json, Root
from pipeline.cli.progress import progress
from pipeline.core.numbers import difference_text, score_texts
from pipeline.core.paths import Project
from pipeline.core.settings import NETWORKS, Settings
from pipeline.runs.record import BaselineScore, Run
from pipeline.stages import up_to_date

_DEFAULT = Settings(models=(NETWORKS,))


def baselines(
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask for a guess of each gain.")
    ] = False,
    root: Root = Path(),
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Train each lesson's model on the same rows, up to the default network.

    Example: pipeline baselines
    """
    project = Project(root)
    if ask:
        console.check_terminal("--ask", as_json=as_json)
    with progress(hidden=as_json) as callback:
        outcome = up_to_date.baselines(project, _DEFAULT, callback, force=force)
    if as_json:
        console.print_json({**outcome.result.to_json(), "skipped": outcome.skipped})
        return
    if ask:
        ask_gains(outcome.result)
    show_baselines(outcome.result)
    submit_one = f"submit --run {outcome.result.run_id} --baseline NAME"
    console.say(f"{console.saved(outcome)}. {console.next_step(submit_one, root)}")


def shares_of_fall(baselines: Sequence[BaselineScore]) -> str:
    """Return the share of each baseline in the fall of the score, first to last.

    The text is empty if the score does not fall.
    """
    scores = {baseline.name: baseline for baseline in baselines}
    step = last = baselines[-1]
    path = []
    while step.over:
        path.append((step, scores[step.over].pooled - step.pooled))
        step = scores[step.over]
    fall = step.pooled - last.pooled
    if not fall > 0:
        return ""
    shares = [f"{x.name} {part / fall:.0%} ({x.what})" for x, part in reversed(path)]
    return f"shares of the fall from {step.name} to {last.name}: {'; '.join(shares)}"


def ask_gains(run: Run) -> None:
    """Ask for a guess of each gain and show it; missed ones return at the end."""
    scores = {baseline.name: baseline.pooled for baseline in run.baselines or []}
    missed = []
    for baseline in run.baselines or []:
        if baseline.over is None or baseline.gain is None:
            continue
        (score,) = score_texts([scores[baseline.over]])
        question = (
            f"{baseline.name}: {baseline.what}. {baseline.over} has {run.metric_title} "
            f"{score}. How much lower is it now?"
        )
        if not ask_gain(question, baseline):
            missed.append((question, baseline))
    for question, baseline in missed:
        console.say("Once more:")
        ask_gain(question, baseline)


def ask_gain(question: str, baseline: BaselineScore) -> bool:
    """Ask for a guess of a gain, show it, and return whether the guess is near."""
    gain, error = baseline.gain or 0.0, baseline.gain_error or 0.0
    guess = console.ask(question)
    answer, is_near = f"The gain is {difference_text(gain, error)}.", False
    if isinstance(guess, float):
        is_near = abs(guess - gain) <= 2 * error
        near = "within" if is_near else "not within"
        answer += f" {guess:g} is {near} two standard errors of it."
    console.say(answer)
    return is_near


def show_baselines(run: Run) -> None:
    """Show what is new in each baseline, its score, and its gain."""
    baselines = run.baselines or []
    left = ["baseline", "what is new", "built on"]
    rows = [
        (
            baseline.name,
            baseline.what,
            baseline.over or "",
            *score_texts([baseline.pooled]),
            difference_text(baseline.gain, baseline.gain_error),
            f"{baseline.seconds:.0f}",
        )
        for baseline in baselines
    ]
    table = console.make_table(left, [run.metric_title, "gain ± se", "s"], rows)
    console.show(f"Baselines: {run.metric_title} over all rows, lower is better", table)
    console.say(
        "gain: how much lower the score is than that of the model in `built on`, ± the "
        "larger standard error: over the same rows, or over the folds, each of which "
        "has a seed of its own"
    )
    chance = [baseline.name for baseline in baselines if baseline.gain_may_be_chance]
    if chance:
        names = ", ".join(chance)
        console.say(f"a gain within two standard errors may be chance: {names}")
    for baseline in baselines:
        if baseline.accuracy is not None:
            right = f"{baseline.accuracy:.0%} of rows in the right band"
            console.say(f"{baseline.name}: {right}")
    if baselines and (shares := shares_of_fall(baselines)):
        console.say_wrapped(shares)
    if any(baseline.name == "book-linear" for baseline in baselines):
        console.say(
            "book-linear uses contiguous folds, as in the book; all other baselines "
            "use the folds of `train`"
        )
