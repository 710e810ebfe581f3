"""Pictures of a run, from its folder: how it learned, and how well it predicts."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core.paths import Folders
from pipeline.data.schema import TARGET
from pipeline.lessons import matplotlib_charts
from pipeline.lessons.charts import Against, Line, Lines, Panels
from pipeline.validation.metrics import log_errors

_MOST_FOLDS = 10  # of more, the best, the median and the worst are drawn
_COSTLIEST = 10


def plot_run(folders: Folders, record: dict[str, Any]) -> list[Path]:
    """Draw a run's learning curves and its predictions, as PNG files in reports/.

    Raises:
        UserError: the folder cannot be written to.
    """
    run = record["run_id"]
    history, seen = (
        pd.read_csv(folders.runs / run / name) for name in ("history.csv", "oof.csv")
    )
    paths = []
    for chart in (_learning_curves(record, history), _predicted(seen)):
        paths.append(folders.reports / f"{run}-{chart.name}.png")
        matplotlib_charts.save(chart, paths[-1])
    return paths


def _learning_curves(record: dict[str, Any], history: pd.DataFrame) -> Panels:
    """A panel for each fold: the mean of its networks, and the range of them."""
    best = record["best_lambda"]
    (score,) = (each for each in record["scores"] if each["lambda"] == best)
    scores = dict(enumerate(score["folds"]))
    own = history[history["lambda"] == best]
    return Panels(
        "learning-curves",
        f"Learning curves, λ = {best:g}: mean and range of each fold's networks",
        [
            _panel(own[own["fold"] == fold], f"fold {fold + 1}: {scores[fold]:.4f}")
            for fold in _shown(scores)
        ],
    )


def _shown(scores: dict[int, float]) -> list[int]:
    if len(scores) <= _MOST_FOLDS:
        return list(scores)
    order = sorted(scores, key=scores.__getitem__)
    return [order[0], order[len(order) // 2], order[-1]]


def _panel(history: pd.DataFrame, title: str) -> Lines:
    epochs = history.groupby("epoch")[["train", "valid"]]
    mean, low, high = epochs.mean(), epochs.min(), epochs.max()
    names = {"train": "training batches", "valid": "validation rows"}
    lines = [
        Line(
            label,
            mean.index.tolist(),
            mean[name].tolist(),
            band=(low[name].tolist(), high[name].tolist()),
        )
        for name, label in names.items()
    ]
    return Lines("fold", title, "epoch", "log-RMSE, before limits", lines, log_y=True)


def _predicted(seen: pd.DataFrame) -> Against:
    errors = log_errors(seen["prediction"].to_numpy(), seen[TARGET].to_numpy())
    costliest = np.argsort(-(errors**2))[:_COSTLIEST]
    return Against(
        "predicted",
        "Predicted against actual, each house by networks that never saw it",
        "sale price ($)",
        "predicted ($)",
        seen[TARGET].tolist(),
        seen["prediction"].tolist(),
        costliest.tolist(),
        f"the {len(costliest)} that cost most",
    )
