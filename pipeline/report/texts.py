"""Scores and settings as text, for tables."""

from collections.abc import Sequence
from dataclasses import asdict
from math import expm1, inf, isfinite

from pipeline.core.numbers import score_text
from pipeline.core.settings import Settings
from pipeline.runs.record import BaselineScore, ModelScore

ROOMY = 6  # up to this many folds, scores are written in full
_MOST = 10  # more columns than this do not fit into 100 characters


def fold_names(folds: int) -> list[str]:
    """Return the headings of the columns of folds."""
    if folds > _MOST:
        return ["best fold", "median fold", "worst fold"]
    return [f"fold {n}" if folds <= ROOMY else str(n) for n in range(1, folds + 1)]


def fold_values(folds: Sequence[float]) -> list[str]:
    """Return the scores of the folds, or the best, the median and the worst of many.

    NaN, the score of a fold with a network that diverged, is worse than any other.
    """
    if len(folds) > _MOST:
        ordered = sorted(folds, key=lambda score: score if isfinite(score) else inf)
        folds = [ordered[0], ordered[len(ordered) // 2], ordered[-1]]
    return texts(folds, short=len(folds) > ROOMY)


def overall(score: ModelScore | BaselineScore, *, short: bool) -> tuple[str, str]:
    """Return the mean ± sd of the folds, and the pooled score; "–" if it diverged."""
    if not isfinite(score.pooled):
        return "–", "–"
    mean = " ± ".join(texts([score.mean, score.std], short=short))
    return mean, score_text(score.pooled)


def texts(scores: Sequence[float], *, short: bool) -> list[str]:
    """Return scores with four digits; `short` drops the 0 before the point."""
    written = [score_text(score) if isfinite(score) else "diverged" for score in scores]
    return [text.removeprefix("0") for text in written] if short else written


def lambda_text(weight_decay: float | None) -> str:
    """Return a weight decay λ, or nothing for a model that has none."""
    return "" if weight_decay is None else f"{weight_decay:g}"


def typical_error(error: float, *, log: bool) -> str:
    """Return a median absolute error; of logs, in percent of the target."""
    return f"{expm1(error):.1%}" if log else f"{error:.4g}"


def value_text(value: float) -> str:
    """Return a value of the target, a large one without decimals."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def setting_texts(settings: Settings) -> dict[str, str]:
    """Return each setting by its name, with six significant digits."""
    return {name: _setting_text(value) for name, value in asdict(settings).items()}


def _setting_text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_setting_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
