"""How to judge the score of a run, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pipeline.ames import DIGESTS, ames_schema
from pipeline.core.metrics import LOG_RMSE
from pipeline.core.numbers import difference_text, is_told_apart
from pipeline.core.settings import train_command
from pipeline.runs.record import ModelScore, Run, run_schema

if TYPE_CHECKING:  # facts loads torch
    from pipeline.analysis.facts import Facts

_GRID = {0.0, 1.0, 2.0, 5.0, 10.0, 20.0}
THIS_RUN = "this run"


class Peer(NamedTuple):
    """The name of a model or program, and its log-RMSE."""

    name: str
    score: float


# Out-of-fold over all rows, with five shuffled folds. "mean price" predicts the mean of
# the training rows of the fold. "the book" is the published score of Dive into Deep
# Learning, section 3.16. The others were measured: ridge regression on one-hot encoded
# columns, and XGBoost with tuned settings.
CROSS_VALIDATED = (
    Peer("mean price", 0.3995),
    Peer("the book", 0.1709),
    Peer("ridge", 0.1327),
    Peer("tuned boosting", 0.1202),
)
# Kaggle's leaderboard. Boosting is CatBoost; docs/score.md lists more models.
LEADERBOARD = (
    Peer("sample submission", 0.4061),
    Peer("the book", 0.1671),
    Peer("ridge", 0.1224),
    Peer("tuned boosting", 0.1183),
    Peer("best public without leaked answers", 0.1162),
)


def comparison(run: Run, leaderboard: float | None = None) -> dict[str, list[Peer]]:
    """Return the peers of a run by where they were scored; none for other scores.

    The peers' scores are log-RMSE of the competition's prices: see `CROSS_VALIDATED`.

    Scores in cross-validation and on the leaderboard are of different houses and cannot
    be compared.

    Args:
        run: The run.
        leaderboard: Its score on Kaggle, if it was submitted.
    """
    if run.inputs.get("data/raw/train.csv") != DIGESTS["train.csv"]:
        return {}
    if run.metric != LOG_RMSE.name or run_schema(run).target != ames_schema().target:
        return {}
    sent = [] if leaderboard is None else [Peer(THIS_RUN, leaderboard)]
    shown = {
        "cross-validated": [*CROSS_VALIDATED, Peer(THIS_RUN, run.cv)],
        "on the leaderboard": [*LEADERBOARD, *sent],
    }
    return {
        where: sorted(peers, key=lambda peer: -peer.score)
        for where, peers in shown.items()
    }


def compared(run: Run) -> list[tuple[ModelScore, list[ModelScore]]]:
    """Return the chosen candidate of each model that has several, with the others.

    The others are those that have a score.
    """
    found = []
    for chosen in run.members:
        scores = [score for score in run.scores if score.model == chosen.model]
        others = [score for score in scores if score != chosen and not score.failed]
        if others:
            found.append((chosen, others))
    return found


def told_apart(score: ModelScore) -> bool:
    """Return whether a difference is more than two standard errors over rows."""
    return is_told_apart(score.difference or 0.0, score.difference_error or 0.0)


def difference_lines(run: Run) -> Iterator[str]:
    """Yield the difference of other candidates to the best, of models to the blend."""
    for chosen, others in compared(run):
        for score in others:
            yield f"{score.label} against {chosen.label}: {_verdict(score)}"
    for score in run.members if run.is_blend else ():
        yield f"{score.model} against the blend: {_verdict(score)}"


def _verdict(score: ModelScore) -> str:
    difference = difference_text(score.difference, score.difference_error)
    return difference if told_apart(score) else f"{difference}, not told apart"


def better_alone(run: Run) -> Advice | None:
    """Return how to train the best model that is better than the blend, if one is.

    It is better by two standard errors. That is rare, since a model that is much better
    than the others gets most of the weight: the weights of the other folds are wrong
    for a fold, or shrunk too much.
    """
    if not run.is_blend or run.blended:
        return None
    better = [
        score
        for score in run.members
        if (score.difference or 0.0) < 0 and told_apart(score)
    ]
    if not better:
        return None
    name = min(better, key=lambda score: score.pooled).model
    text = f"{name} alone is better than the weighted blend:"
    return Advice(text, train_command(replace(run.settings, models=(name,))))


def candidate_advice(run: Run) -> str | None:
    """Return which candidates may be taken as well as the best; None without any."""
    sentences = []
    for chosen, others in compared(run):
        near = [score.label for score in others if not told_apart(score)]
        far = [score.label for score in others if told_apart(score)]
        sentences.append(f"{chosen.label} has the lowest score and is used.")
        if near:
            sentences.append(f"As good within two standard errors: {', '.join(near)}.")
        if far:
            sentences.append(f"Worse by more than that: {', '.join(far)}.")
    return " ".join(sentences) or None


class Advice(NamedTuple):
    """A sentence, and the command that does what it says; "" if there is none."""

    text: str
    command: str = ""


def advise(facts: Facts) -> list[Advice]:
    """Return the suggested next steps, the first one first."""
    run, upload, found = facts.run, facts.schema.upload, []
    if not facts.submitted and facts.leaderboard is None:
        command = f"pipeline submit --run {run.run_id}"
        found.append(Advice("Make the submission file:", command))
    elif facts.leaderboard is None and upload:
        found.append(Advice(f"Upload submissions/{run.run_id}.csv at {upload}"))
    look = f"Look at the largest errors: {largest_share(facts)}."
    return [*found, *hints(run), *_weight_decay(run), Advice(look)]


def hints(run: Run) -> list[Advice]:
    """Return what to do if a model is better alone, or if the networks underfit."""
    return [hint for hint in (better_alone(run), underfitting(run)) if hint]


def largest_share(facts: Facts) -> str:
    """Return how much of the loss the largest errors make up."""
    share = facts.largest_errors["share"]
    return (
        f"{len(share)} of {len(facts.results):,} rows make up {share.sum():.0%} of the "
        f"{facts.metric.loss.name}"
    )


def underfitting(run: Run) -> Advice | None:
    """Return what to do if the networks underfit, or None if they do not.

    They do if their score on rows that they were trained on, without dropout, is not
    lower than on other rows by one standard error.
    """
    score = run.learner
    if score is None or score.gap is None or score.gap_error is None:
        return None
    if score.gap > score.gap_error:
        return None
    gap = difference_text(score.gap, score.gap_error)
    text = (
        f"{score.model} underfits: it is hardly worse on other rows than on those that "
        f"it was trained on ({gap}). Try more --epochs, wider --hidden layers, or less "
        "--dropout:"
    )
    longer = replace(run.settings, epochs=2 * run.settings.epochs)
    return Advice(text, train_command(longer))


def _weight_decay(run: Run) -> Iterator[Advice]:
    """Suggest other values of λ if the best one is at the end of the grid.

    All other settings stay those of the run, so that the scores can be compared.
    """
    best = run.best_value
    if run.search is not None or run.blended or best is None:
        return
    scored = (score.value for score in run.scores if not score.failed)
    values = [value for value in scored if value is not None]
    if len(values) == 1:
        text, tried = "Only one λ was tried. Try others:", {*_GRID, best}
    elif best == values[-1]:
        text = "The best λ is the largest tried. Try larger ones:"
        tried = {best, 2 * best + 1}
    elif best == values[0] > 0:
        text = "The best λ is the smallest tried. Try smaller ones:"
        tried = {0.0, best / 2, best}
    else:
        return
    yield Advice(text, train_command(replace(run.settings, lambdas=tuple(tried))))
