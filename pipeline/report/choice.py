"""Which λ, and which model, should I take? Those that differ from the one in use."""

from dataclasses import replace

from pipeline.core.command import train_command
from pipeline.report.texts import lambda_text
from pipeline.runs.record import ModelScore, Run
from pipeline.validation.uncertainty import Difference


def compared(run: Run) -> list[ModelScore]:
    """Return the scores of the other λ, which have a difference to the best.

    None has one in runs of version 0.1.0.
    """
    others = [score for score in run.scored if score != run.best]
    return [score for score in others if score.difference_error is not None]


def told_apart(score: ModelScore) -> bool:
    """Return whether a difference is more than two standard errors over rows."""
    known = Difference(score.difference or 0.0, score.difference_error or 0.0)
    return known.is_told_apart


def better_alone(run: Run) -> ModelScore | None:
    """Return the best model that is better than the blend, by two standard errors.

    The mean gains if the models are about equally good. Where one is much better than
    the other, as trees often are on long tables, it is better alone.
    """
    if not run.is_blend or run.blended:
        return None
    better = [each for each in run.members if (each.difference or 0.0) < 0]
    found = [each for each in better if told_apart(each)]
    return min(found, key=lambda each: each.pooled, default=None)


def better_alone_command(run: Run, model: ModelScore) -> str:
    """Return the command that trains a model of a run alone."""
    return train_command(replace(run.settings, models=(model.model,)))


def lambda_advice(run: Run) -> str | None:
    """Return which λ may be taken as well as the best, or None for a single λ."""
    others = compared(run) if run.has_networks else []
    if not others:
        return None
    near = [lambda_text(score.decay) for score in others if not told_apart(score)]
    far = [lambda_text(score.decay) for score in others if told_apart(score)]
    sentences = [
        f"λ = {lambda_text(run.best_lambda)} has the lowest score and is used."
    ]
    if near:
        sentences.append(f"As good within two standard errors: {', '.join(near)}.")
    if far:
        sentences.append(f"Worse by more than that: {', '.join(far)}.")
    return " ".join(sentences)
