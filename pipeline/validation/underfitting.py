"""Whether a model underfits: whether it errs as much on rows that it was trained on."""

import numpy as np

from pipeline.validation.fold_data import FoldData
from pipeline.validation.uncertainty import Difference, paired_difference

_MOST_ROWS = 4096  # that are predicted for it; more would hardly change an error


def sampled_rows(data: FoldData) -> np.ndarray:
    """Return evenly spaced training rows, all of a short table, shape (n,)."""
    spaced = np.linspace(0, data.rows - 1, min(data.rows, _MOST_ROWS))
    return spaced.astype(int)


def training_gap(
    data: FoldData, rows: np.ndarray, predicted: np.ndarray
) -> Difference | None:
    """Return how much higher the score of rows is if they are not trained on.

    The losses of a row are paired: that of the fold that validates it, and the mean of
    the other folds, which are trained on it.

    Args:
        data: the folds.
        rows: the rows, shape (n,).
        predicted: shape (folds, n), standardised, each row predicted by every fold.

    Returns:
        The difference, with its standard error; None if a prediction is not
        finite.
    """
    if not np.isfinite(predicted).all():
        return None
    metric, bounds = data.metric, data.row_bounds
    transformed = bounds.of_rows(rows).clip(data.scale.undo(predicted))
    actual = data.dataset.actual[rows]
    losses = metric.losses(metric.undo(transformed), actual)
    validates = data.fold_of[rows] == np.arange(len(data.folds))[:, None]
    trained = np.mean(losses, axis=0, where=~validates)
    others = losses[validates.argmax(0), np.arange(len(rows))]
    return paired_difference(trained, others, metric, data.dataset.groups_of(rows))
