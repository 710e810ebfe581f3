"""Write a run folder: run.json, predictions, learning curves and weights."""

import platform
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from itertools import count, product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save

from pipeline.core.files import atomic_folder, to_json, writable
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.core.staging import Temporary
from pipeline.data.schema import ID, LOCATION, TARGET
from pipeline.runs.integrity import seal
from pipeline.runs.record import (
    HISTORY,
    LARGEST_ERRORS,
    OUT_OF_FOLD,
    PREDICTIONS,
    RECORD,
    WEIGHTS,
    BaselineScore,
    Bounds,
    CandidateScore,
    DivergedNetwork,
    Forecast,
    LargestError,
    Provenance,
    Run,
)
from pipeline.validation.cross_validate import CrossValidation, Predictions
from pipeline.validation.metrics import forecast, log_errors

PRICES = "%.2f"  # dollars and cents
_SCORES = "%.6f"


def new_run(project: Project, begin: datetime) -> AbstractContextManager[Temporary]:
    """Open the temporary folder of a new run; its name is the run id.

    The run id is the moment when the run began, or the next free millisecond.

    Raises:
        UserError: runs/ cannot be written to.
    """
    moments = (begin + timedelta(milliseconds=later) for later in count())
    names = (f"{moment:%Y%m%d-%H%M%S-%f}"[:-3] for moment in moments)
    return atomic_folder(project.runs, names)


def write_run(
    temporary: Temporary,
    result: CrossValidation,
    settings: Settings,
    provenance: Provenance,
    begin: datetime,
    train: pd.DataFrame,
    test: pd.DataFrame,
    *,
    baselines: Sequence[tuple[BaselineScore, Predictions]] = (),
) -> Run:
    """Write the files of a run, with the predictions of the best λ.

    Args:
        temporary: the folder, and the run id.
        result: the trained networks, their scores and predictions.
        settings: the settings they were trained with.
        provenance: the fingerprint and the digests of the inputs.
        begin: when the run began.
        train: the training rows.
        test: the test rows.
        baselines: the scores of other models, and their predictions.

    Returns:
        The run, in the folder that it has once `temporary` is renamed.

    Raises:
        UserError: the folder cannot be written to.
    """
    folder = temporary.path
    run = _run(temporary, result, settings, provenance, begin, train)
    run = replace(run, baselines=[score for score, _ in baselines] or None)
    predicted = {run.predictions_folder(): result.predictions}
    for score, predictions in baselines:
        predicted[run.predictions_folder(score.name)] = predictions
    with writable(folder.parent):
        for path, predictions in predicted.items():
            _write_predictions(path, predictions, train, test)
        history = _history(result, settings)
        history.to_csv(folder / HISTORY, index=False, float_format=_SCORES)
        (folder / WEIGHTS).write_bytes(save(_tensors(result)))
        run = seal(folder, run)
        (folder / RECORD).write_text(to_json(run.to_json()), encoding="utf-8")
    return replace(run, folder=folder.with_name(temporary.name))


def _run(
    temporary: Temporary,
    result: CrossValidation,
    settings: Settings,
    provenance: Provenance,
    begin: datetime,
    train: pd.DataFrame,
) -> Run:
    """Return what run.json says, but for the digests of the files."""
    predicted = result.predictions.out_of_fold
    errors = log_errors(predicted, train[TARGET].to_numpy())
    expected = forecast(errors, result.test.shape[1])
    return Run(
        folder=temporary.path,
        run_id=temporary.name,
        created=begin.isoformat(timespec="milliseconds"),
        fingerprint=provenance.fingerprint,
        inputs=provenance.inputs,
        search=provenance.search,
        settings=settings,
        best_lambda=settings.lambdas[result.best],
        cv_log_rmse=result.scores[result.best].pooled,
        scores=[
            CandidateScore(weight_decay=weight_decay, **score._asdict())
            for weight_decay, score in zip(settings.lambdas, result.scores, strict=True)
        ],
        diverged=[DivergedNetwork(**each._asdict()) for each in result.diverged],
        forecast=Forecast(**expected._asdict()),
        largest_errors=_largest_errors(train, predicted, errors),
        seconds=(datetime.now(UTC) - begin).total_seconds(),
        columns=result.fold_data.columns,
        price_bounds=[Bounds(**asdict(each)) for each in result.fold_data.price_bounds],
        threads=torch.get_num_threads(),
        versions=_versions(),
    )


def _largest_errors(
    train: pd.DataFrame, predicted: np.ndarray, errors: np.ndarray
) -> list[LargestError]:
    """Return the houses with the largest squared errors, largest first."""
    share = pd.Series(errors**2 / (errors**2).sum()).nlargest(LARGEST_ERRORS)
    where = train[LOCATION].astype(object)
    where = where.where(where.notna(), None)
    return [
        LargestError(
            house=int(train[ID].iloc[row]),
            neighbourhood=where.iloc[row],
            price=float(train[TARGET].iloc[row]),
            prediction=float(predicted[row].round(2)),
            share=float(share.loc[row]),
        )
        for row in share.index
    ]


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
    for name, frame in ((OUT_OF_FOLD, out_of_fold), (PREDICTIONS, priced)):
        frame.to_csv(folder / name, index=False, float_format=PRICES)


def _history(result: CrossValidation, settings: Settings) -> pd.DataFrame:
    """Return the learning curves, a row for each network and epoch.

    The errors of a network that diverged are empty cells where they are not finite.
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
    """Return all that predicts new rows: the stack and each fold's statistics."""
    tensors = {
        f"stack.{name}": torch.from_numpy(weights)
        for name, weights in result.trained.weights.items()
    }
    fold_data = result.fold_data
    for name, values in fold_data.scale._asdict().items():
        tensors[f"target.{name}"] = torch.from_numpy(values)
    for name in ("fill", "mean", "scale"):
        folds = [getattr(encoder, name) for encoder in fold_data.encoders]
        tensors[f"encoder.{name}"] = torch.from_numpy(np.stack(folds))
    return tensors


def _versions() -> dict[str, str]:
    packages = ("numpy", "pandas", "scikit-learn", "torch", "house-price-pipeline")
    return {"python": platform.python_version()} | {p: version(p) for p in packages}
