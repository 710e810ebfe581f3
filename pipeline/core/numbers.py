"""The text of all numbers that are shown, and whether two scores are told apart."""

import math
from collections.abc import Mapping, Sequence

LARGEST = 3.4028234663852886e38  # of float32, which models read
FEW_FOLDS = 6  # up to this many folds, scores are written in full
_MOST_FOLDS = 10  # more columns than this do not fit into 100 characters


def score_text(score: float | None, *, signed: bool = False) -> str:
    """Return a score with four decimals; one of 10 or more with five digits.

    A score that is missing, or NaN because a network diverged, is "–".
    """
    if score is None or math.isnan(score):
        return "–"
    decimals = 4
    if math.isfinite(score) and abs(score) >= 10:
        decimals = max(0, 4 - math.floor(math.log10(abs(score))))
    return f"{score:{'+' if signed else ''},.{decimals}f}"


def score_texts(scores: Sequence[float], *, short: bool = False) -> list[str]:
    """Return scores as text; `short` drops the 0 before the point."""
    texts = [
        score_text(score) if math.isfinite(score) else "diverged" for score in scores
    ]
    return [text.removeprefix("0") for text in texts] if short else texts


def mean_text(mean: float, std: float, *, short: bool = False) -> str:
    """Return mean ± sd, or "–" if a network diverged."""
    if not math.isfinite(mean):
        return "–"
    return " ± ".join(score_texts([mean, std], short=short))


def difference_text(difference: float | None, error: float | None) -> str:
    """Return the difference of two scores ± its standard error; nothing for None."""
    if difference is None:
        return ""
    text = score_text(difference, signed=True)
    if error is not None:
        text += f" ± {score_text(error)}"
    return text.replace("-", "−")


def interval_text(low: float, high: float) -> str:
    """Return the ends of an interval of scores."""
    return f"{score_text(low)} to {score_text(high)}"


def weight_text(weight: float) -> str:
    """Return the weight of a model in a blend; 0 only if it has none."""
    return f"{weight:.2f}" if weight else "0"


def weights_text(weights: Mapping[str, float]) -> str:
    """Return the weights of a blend, like 0.62 mlp, 0.38 boosting; or the only name."""
    if len(weights) == 1:
        return next(iter(weights))
    return ", ".join(f"{weight_text(w)} {name}" for name, w in weights.items())


def is_told_apart(difference: float, error: float) -> bool:
    """Return whether two scores differ by more than two standard errors."""
    return abs(difference) > 2 * error


def fold_names(folds: int) -> list[str]:
    """Return the headings of the columns of folds."""
    if folds > _MOST_FOLDS:
        return ["best fold", "median fold", "worst fold"]
    return [f"fold {n}" if folds <= FEW_FOLDS else str(n) for n in range(1, folds + 1)]


def fold_texts(scores: Sequence[float]) -> list[str]:
    """Return the scores of the folds, or the best, the median and the worst of many.

    NaN, the score of a fold with a network that diverged, is worse than any other.
    """
    if len(scores) > _MOST_FOLDS:
        ordered = sorted(scores, key=lambda x: x if math.isfinite(x) else math.inf)
        scores = [ordered[0], ordered[len(ordered) // 2], ordered[-1]]
    return score_texts(scores, short=len(scores) > FEW_FOLDS)


def target_text(value: float) -> str:
    """Return a value of the target, a large one without decimals."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def prediction_text(value: float) -> str:
    """Return a prediction: a large one with two decimals, others with five digits."""
    return f"{value:,.2f}" if abs(value) >= 1000 else f"{value:.5g}"


def target_tick(value: float) -> str:
    """Return a value of the target for an axis, in thousands or millions."""
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:.4g}{letter}".replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def score_tick(value: float) -> str:
    """Return a score for an axis."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.4g}"


def short_tick(value: float) -> str:
    """Return a number for an axis, without a leading zero."""
    text = f"{value:.10g}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def percent_text(log_error: float) -> str:
    """Return an error of logs as percent of the target, with its sign."""
    percent = 100 * math.expm1(log_error)
    return f"{percent:+.0f}%".replace("-", "−") if round(percent) else "0%"


def cell_text(value: float) -> str:
    """Return a number of a table of data, or nothing if it is missing."""
    return "" if math.isnan(value) else f"{value:.10g}"


def duration_text(seconds: float) -> str:
    """Return seconds as text, like 12 s, 3 min or 2 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.0f} h"
