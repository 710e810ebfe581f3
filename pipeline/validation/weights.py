"""The weights of a blend, fitted on out-of-fold predictions and shrunk towards equal.

1. The fitted weights minimise the mean loss of the blend among all that are not
   negative and sum to one (Wolpert, Stacked generalization, Neural Networks, 1992;
   Breiman, Stacked regressions, Machine Learning, 1996; van der Laan, Polley and
   Hubbard, Super Learner, 2007).
2. They are fitted again on bootstrap samples of the rows, or of the groups. A model
   without weight in most samples is left out. Where there are several, the one that has
   no weight most often is left out first, and the others are fitted again on the same
   samples.
3. The weights of the models that remain are shrunk towards equal weights, the more, the
   more they vary over the samples (James and Stein, Estimation with quadratic loss,
   1961).
"""

import numpy as np

from pipeline.core.metrics import SQUARED, Metric
from pipeline.validation.uncertainty import Units

DRAWS = 200
MOST_UNITS = 2000  # that are drawn; a long table is drawn in as many blocks of rows
_NONE = 1e-6  # a smaller weight is none
_TIES = 1e-9  # added to the diagonal: models that predict the same share their weight
_LEAST = 1e-2  # of the root mean square: a smaller absolute error counts as this one
_STEPS = 50  # of the absolute loss, at most
_STILL = 1e-4  # the weights have converged once they move less
_CELLS = 2**22  # draws times rows that are held in memory


def blend_weights(
    errors: np.ndarray, metric: Metric, groups: np.ndarray | None = None
) -> np.ndarray:
    """Return the weights of a blend, shape (models,): none negative, with sum 1.

    Args:
        errors: those of each model's out-of-fold predictions in the scale of the
            metric, shape (models, rows).
        metric: the metric, whose mean loss is minimised.
        groups: the group of each row, if they have any.
    """
    models, rows = errors.shape
    errors = errors / (np.sqrt((errors**2).mean()) or 1.0)
    losses = metric.losses_of(errors).mean(axis=1)
    units = Units.of(rows, groups).merged(MOST_UNITS)
    number = len(units.sizes)
    if number == 1:  # one group does not tell how much the weights vary
        return np.full(models, 1 / models)
    counts = np.stack([np.ones(number), *units.draws(DRAWS)])
    kept = np.arange(models)
    while True:
        found = _fit(errors[kept], counts, units, metric)
        fitted, drawn = found[0], found[1:]
        left_out = (drawn < _NONE).mean(axis=0)
        if left_out.max() <= 0.5:
            break
        kept = np.delete(kept, np.lexsort([losses[kept], left_out])[-1])
    weights = np.zeros(models)
    # A bootstrap of n units finds (n - 1) / n of the variance.
    variance = float(drawn.var(axis=0).sum()) * number / (number - 1)
    weights[kept] = shrunk(fitted, variance)
    return weights


def shrunk(fitted: np.ndarray, variance: float) -> np.ndarray:
    """Shrink fitted weights [models] towards equal ones, given their variance."""
    equal = 1 / len(fitted)
    gap = fitted - equal
    distance = float(gap @ gap)
    share = max(0.0, 1 - variance / distance) if distance else 0.0
    return np.asarray(equal + share * gap)


def _fit(
    errors: np.ndarray, counts: np.ndarray, units: Units, metric: Metric
) -> np.ndarray:
    """Return the weights with the lowest mean loss in each draw, [draws, models].

    The mean squared error of a blend is a quadratic form of the weights. The mean
    absolute error is that of rows weighted by one over the error of the blend, whose
    weights are found by repetition (Schlossmacher, An iterative technique for absolute
    deviations curve fitting, JASA, 1973).

    Args:
        errors: shape (models, rows).
        counts: how often each unit is drawn, shape (draws, units).
        units: the unit of each row.
        metric: the metric.
    """
    models, rows = errors.shape
    products = (errors[:, None] * errors).reshape(models**2, rows)
    weights = on_simplex((counts @ units.sums(products).T).reshape(-1, models, models))
    if metric.loss == SQUARED:
        return weights
    size = max(1, _CELLS // rows)
    for start in range(0, len(counts), size):
        part = slice(start, start + size)
        of_rows = counts[part][:, units.of_row]
        for _ in range(_STEPS):
            before = weights[part].copy()
            scaled = of_rows / np.maximum(np.abs(before @ errors), _LEAST)
            forms = (scaled @ products.T).reshape(-1, models, models)
            weights[part] = on_simplex(forms)
            if np.abs(weights[part] - before).max() < _STILL:
                break
    return weights


def on_simplex(forms: np.ndarray) -> np.ndarray:
    """Return the w >= 0 with sum 1 that minimise w'Qw for each Q, [..., models].

    Where w has weights, Qw is the same for all of them, and nowhere else is it less. So
    for some set of models u = w / w'Qw solves Qu = 1, u >= 0. The set is found by
    adding or removing one model at a time: the last one in the list that is wrong,
    which ends for any positive definite Q (Murty, Note on a Bard-type scheme for
    solving the complementarity problem, Opsearch, 1974).

    Args:
        forms: shape (n, models, models), positive semi-definite.
    """
    models = forms.shape[-1]
    scale = np.trace(forms, axis1=1, axis2=2)[:, None, None] / models
    forms = forms / np.where(scale > 0, scale, 1.0) + _TIES * np.eye(models)
    used = np.ones(forms.shape[:2], dtype=bool)
    while True:
        pairs = used[:, :, None] & used[:, None]
        system = np.where(pairs, forms, np.eye(models))
        u = np.linalg.solve(system, used[..., None].astype(float))
        slack = (forms @ u)[..., 0] - 1
        u = u[..., 0]
        wrong = np.where(used, u < 0, slack < -_TIES)
        if not wrong.any():
            return np.asarray(u / u.sum(axis=1, keepdims=True))
        number = np.flatnonzero(wrong.any(axis=1))
        last = models - 1 - wrong[number, ::-1].argmax(axis=1)
        used[number, last] ^= True
