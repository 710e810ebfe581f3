"""Scores of folds as cells of a table."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

ROOMY = 6  # up to this many folds, scores are written in full
_MOST = 10  # more columns than this do not fit into 100 characters


def fold_names(folds: int) -> list[str]:
    """The headings of the folds' columns."""
    if folds > _MOST:
        return ["best fold", "median fold", "worst fold"]
    return [f"fold {n}" if folds <= ROOMY else str(n) for n in range(1, folds + 1)]


def fold_values(folds: Sequence[float | None]) -> list[str]:
    """The fold scores as text, or three of them where there are too many.

    None is the score of a fold with a network that diverged, and worse than any other.
    """
    if len(folds) > _MOST:
        ordered = sorted(folds, key=lambda score: inf if score is None else score)
        folds = [ordered[0], ordered[len(ordered) // 2], ordered[-1]]
    return texts(folds, short=len(folds) > ROOMY)


def overall(score: Mapping[str, Any], *, short: bool) -> tuple[str, str]:
    """The mean and the pooled score; with a network that diverged there is none."""
    if score["pooled"] is None:
        return "–", "–"
    mean = " ± ".join(texts([score["mean"], score["std"]], short=short))
    return mean, f"{score['pooled']:.4f}"


def texts(scores: Sequence[float | None], *, short: bool) -> list[str]:
    """Four digits of each score; `short` leaves the 0 before the point out."""
    written = ["diverged" if score is None else f"{score:.4f}" for score in scores]
    return [text.removeprefix("0") for text in written] if short else written
