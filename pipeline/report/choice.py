"""Which values of λ differ from the best: the answer to "which λ should I take?"."""

from pipeline.report.texts import lambda_text
from pipeline.runs.record import ModelScore, Run
from pipeline.validation.metrics import Difference


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
