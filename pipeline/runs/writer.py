"""Write a run folder: the record, the predictions, the curves, the weights."""

import platform
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from itertools import count, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save

from pipeline.core.files import atomic_folder, to_json, writable
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.core.staging import Temporary
from pipeline.data.schema import ID, TARGET
from pipeline.runs.integrity import seal
from pipeline.runs.store import RECORD, RUNGS, WEIGHTS
from pipeline.validation.cross_validate import CrossValidation, Predictions
from pipeline.validation.metrics import forecast, log_errors

PRICES = "%.2f"  # dollars and cents
_SCORES = "%.6f"


def new_run(project: Project, begin: datetime) -> AbstractContextManager[Temporary]:
    """Draft a run folder, whose name is its run id, the moment it began.

    Of runs that begin in the same millisecond, all but one take the next that is free.

    Raises:
        UserError: runs/ cannot be written to.
    """
    moments = (begin + timedelta(milliseconds=later) for later in count())
    names = (f"{moment:%Y%m%d-%H%M%S-%f}"[:-3] for moment in moments)
    return atomic_folder(project.runs, names)


def run_record(
    temporary: Temporary,
    result: CrossValidation,
    settings: Settings,
    provenance: dict[str, Any],
    begin: datetime,
    train: pd.DataFrame,
) -> dict[str, Any]:
    """What run.json says: settings, scores, and all that they depend on."""
    predicted = result.predictions.out_of_fold
    errors = log_errors(predicted, train[TARGET].to_numpy())
    return {
        "run_id": temporary.name,
        "created": begin.isoformat(timespec="milliseconds"),
        **provenance,
        "settings": asdict(settings),
        "best_lambda": settings.lambdas[result.best],
        "cv_log_rmse": result.scores[result.best].pooled,
        "scores": [
            {"lambda": weight_decay, **score.record()}
            for weight_decay, score in zip(settings.lambdas, result.scores, strict=True)
        ],
        "diverged": [each.record() for each in result.diverged],
        "forecast": forecast(errors, result.test.shape[1])._asdict(),
        "costliest": _largest_errors(train, predicted, errors),
        "seconds": (datetime.now(UTC) - begin).total_seconds(),
        "columns": result.encoded.columns,
        "limits": [asdict(limits) for limits in result.encoded.limits],
        "threads": torch.get_num_threads(),
        "versions": _versions(),
    }


def write_run(
    temporary: Temporary,
    record: dict[str, Any],
    result: CrossValidation,
    settings: Settings,
    train: pd.DataFrame,
    test: pd.DataFrame,
    *,
    rungs: dict[str, Predictions],
) -> dict[str, Any]:
    """Write a run's files, with the best λ's predictions and those of rungs.

    Returns:
        The record, with the digests of the files and its own.

    Raises:
        UserError: the folder cannot be written to.
    """
    folder = temporary.path
    with writable(folder.parent):
        _write_predictions(folder, result.predictions, train, test)
        for name, predictions in rungs.items():
            _write_predictions(folder / RUNGS / name, predictions, train, test)
        history = _history(result, settings)
        history.to_csv(folder / "history.csv", index=False, float_format=_SCORES)
        (folder / WEIGHTS).write_bytes(save(_tensors(result)))
        sealed = seal(folder, record)
        (folder / RECORD).write_text(to_json(sealed), encoding="utf-8")
    return sealed


def _largest_errors(
    train: pd.DataFrame, predicted: np.ndarray, errors: np.ndarray, most: int = 10
) -> list[dict[str, Any]]:
    """The houses with the largest squared errors, and the share of the sum each has."""
    where = train["Neighborhood"].astype(object)
    houses = train[[ID, "Neighborhood", TARGET]].assign(
        Neighborhood=where.where(where.notna(), None),
        prediction=predicted.round(2),
        share=errors**2 / (errors**2).sum(),
    )
    records = houses.nlargest(most, "share").to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in records]


def _write_predictions(
    folder: Path, predictions: Predictions, train: pd.DataFrame, test: pd.DataFrame
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    out_of_fold = pd.DataFrame(
        {
            ID: train[ID],
            "fold": predictions.fold_of,
            TARGET: train[TARGET],
            "prediction": predictions.out_of_fold,
        }
    )
    priced = pd.DataFrame({ID: test[ID], TARGET: predictions.test})
    for name, frame in (("oof.csv", out_of_fold), ("predictions.csv", priced)):
        frame.to_csv(folder / name, index=False, float_format=PRICES)


def _history(result: CrossValidation, settings: Settings) -> pd.DataFrame:
    """The learning curves, a row for each network and epoch.

    An error that is no finite number, of a network that diverged, is an empty cell.
    """
    epochs = range(1, settings.epochs + 1)
    rows = list(product(settings.lambdas, result.replicas, epochs))
    return pd.DataFrame(
        {
            "lambda": [weight_decay for weight_decay, _, _ in rows],
            "fold": [replica.fold for _, replica, _ in rows],
            "seed": [replica.seed for _, replica, _ in rows],
            "epoch": [epoch for _, _, epoch in rows],
            "train": result.trained.train.ravel(),
            "valid": result.trained.valid.ravel(),
        }
    ).replace([np.inf, -np.inf], np.nan)


def _tensors(result: CrossValidation) -> dict[str, torch.Tensor]:
    """All that predicts new rows: the stack, and each fold's encoder and scale."""
    tensors = {
        f"stack.{name}": torch.from_numpy(weights)
        for name, weights in result.trained.weights.items()
    }
    tensors["target.mean"] = torch.from_numpy(result.encoded.mean)
    tensors["target.deviation"] = torch.from_numpy(result.encoded.deviation)
    for name in ("fill", "mean", "scale"):
        folds = [getattr(encoder, name) for encoder in result.encoded.encoders]
        tensors[f"encoder.{name}"] = torch.from_numpy(np.stack(folds))
    return tensors


def _versions() -> dict[str, str]:
    packages = ("numpy", "pandas", "scikit-learn", "torch", "house-price-pipeline")
    return {"python": platform.python_version()} | {p: version(p) for p in packages}
