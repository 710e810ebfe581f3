"""Write a run folder: run.json, predictions, learning curves and weights."""

import platform
from collections.abc import Mapping, Sequence
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

from pipeline.core.files import atomic_folder, to_json, writable, write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.core.settings import MLP, Settings
from pipeline.core.staging import Temporary
from pipeline.data.csv_writer import csv_blocks
from pipeline.data.schema import ID, LOCATION, TARGET
from pipeline.models.ensemble import Ensemble
from pipeline.runs.integrity import seal
from pipeline.runs.record import (
    BLEND,
    HISTORY,
    LARGEST_ERRORS,
    OUT_OF_FOLD,
    PREDICTIONS,
    RECORD,
    WEIGHTS,
    BaselineScore,
    Bounds,
    DivergedNetwork,
    Forecast,
    LargestError,
    ModelScore,
    Provenance,
    Run,
)
from pipeline.validation.cross_validate import CrossValidation, Predictions, Score
from pipeline.validation.metrics import (
    Difference,
    bias_corrected,
    forecast,
    log_errors,
    paired_difference,
)

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
    result: Ensemble,
    settings: Settings,
    provenance: Provenance,
    begin: datetime,
    train: pd.DataFrame,
    test: pd.DataFrame,
    *,
    baselines: Sequence[tuple[BaselineScore, Predictions]] = (),
) -> Run:
    """Write the files of a run, with the predictions of the blend of its models.

    Args:
        temporary: the folder, and the run id.
        result: the trained models, their scores and predictions.
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
    scores = [score for score, _ in baselines]
    run = replace(run, baselines=scores or None, blended=result.blended)
    announce(f"writing runs/{temporary.name}")
    with writable(folder.parent):
        members = result.members if run.is_blend else {}
        _write_predictions(folder, result.predictions, members, train, test)
        for score, predictions in baselines:
            own = run.predictions_folder(score.name)
            _write_predictions(own, predictions, {}, train, test)
        if result.mlp:
            history = _history(result.mlp, settings)
            history.to_csv(folder / HISTORY, index=False, float_format=_SCORES)
        if not result.blended:  # a blend of runs is predicted by these runs
            (folder / WEIGHTS).write_bytes(save(_tensors(result)))
        run = seal(folder, run)
        (folder / RECORD).write_text(to_json(run.to_json()), encoding="utf-8")
    return replace(run, folder=folder.with_name(temporary.name))


def _run(
    temporary: Temporary,
    result: Ensemble,
    settings: Settings,
    provenance: Provenance,
    begin: datetime,
    train: pd.DataFrame,
) -> Run:
    """Return what run.json says, but for the digests of the files."""
    predicted, mlp = result.predictions.out_of_fold, result.mlp
    errors = log_errors(predicted, result.price)
    pooled, search = result.score.pooled, provenance.search
    corrected = search.corrected if search else _corrected(result)
    announce("computing the expected score")
    # The best of several λ or trials is chosen, so its errors are a little too small.
    expected = forecast(
        errors * (corrected / pooled if corrected else 1), len(result.predictions.test)
    )
    return Run(
        folder=temporary.path,
        run_id=temporary.name,
        created=begin.isoformat(timespec="milliseconds"),
        note=provenance.note,
        fingerprint=provenance.fingerprint,
        inputs=provenance.inputs,
        search=search,
        settings=settings,
        best_lambda=settings.lambdas[mlp.best] if mlp else None,
        cv_log_rmse=pooled,
        cv_corrected=corrected,
        scores=_scores(result, settings),
        diverged=[
            DivergedNetwork(**each._asdict()) for each in (mlp.diverged if mlp else [])
        ],
        forecast=Forecast(**expected._asdict()),
        largest_errors=_largest_errors(train, predicted, errors),
        seconds=(datetime.now(UTC) - begin).total_seconds(),
        columns=result.fold_data.columns,
        model_columns={each.name: each.columns for each in result.models},
        price_bounds=[Bounds(**asdict(each)) for each in result.fold_data.price_bounds],
        threads=torch.get_num_threads(),
        versions=_versions(),
    )


def _scores(result: Ensemble, settings: Settings) -> list[ModelScore]:
    """Return the score of each λ, of each other model, and of their blend."""
    members = result.members
    blend = result.predictions.out_of_fold if len(members) > 1 else None
    scores = []
    if result.mlp:
        best = result.mlp.predictions.out_of_fold
        for index, score in enumerate(result.mlp.scores):
            reference = blend if index == result.mlp.best else best
            own = _difference(result, result.mlp.out_of_fold[index], reference)
            scores.append(_score(MLP, settings.lambdas[index], score, own))
    for model in result.models:
        own = _difference(result, model.predictions.out_of_fold, blend)
        scores.append(_score(model.name, None, model.score, own))
    if blend is not None:
        scores.append(_score(BLEND, None, result.score, None))
    return scores


def _score(
    model: str, weight_decay: float | None, score: Score, difference: Difference | None
) -> ModelScore:
    value, error = difference or (None, None)
    return ModelScore(
        model=model,
        weight_decay=weight_decay,
        **score._asdict(),
        difference=value,
        difference_error=error,
    )


def _difference(
    result: Ensemble, predicted: np.ndarray, reference: np.ndarray | None
) -> Difference | None:
    """Compare out-of-fold prices with others; None if there is nothing to compare."""
    if reference is None or not np.isfinite(predicted).all():
        return None
    first, second = (
        log_errors(each, result.price) ** 2 for each in (reference, predicted)
    )
    return paired_difference(first, second)


def _corrected(result: Ensemble) -> float | None:
    """Return the score without selection bias; None if nothing was selected."""
    if result.mlp is None or len(result.mlp.scores) == 1:
        return None
    announce("correcting the score for the choice among λ")
    finite = np.isfinite(result.mlp.out_of_fold).all(axis=1)
    candidates = [each.out_of_fold for each in result.candidates]
    compared, scored = (
        np.array([log_errors(each, result.price) ** 2 for each in prices])[finite]
        for prices in (result.mlp.out_of_fold, candidates)
    )
    return bias_corrected(compared, scored)


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
    folder: Path,
    predictions: Predictions,
    members: Mapping[str, Predictions],
    train: pd.DataFrame,
    test: pd.DataFrame,
) -> None:
    """Write oof.csv and predictions.csv, with a column for each member of a blend."""
    folder.mkdir(parents=True, exist_ok=True)
    out_of_fold = pd.DataFrame(
        {
            ID: train[ID],
            "fold": predictions.fold_of,
            TARGET: train[TARGET],
            "prediction": predictions.out_of_fold,
            **{name: each.out_of_fold for name, each in members.items()},
        }
    )
    tested = {name: each.test for name, each in members.items()}
    priced = pd.DataFrame({ID: test[ID], TARGET: predictions.test, **tested})
    for name, frame in ((OUT_OF_FOLD, out_of_fold), (PREDICTIONS, priced)):
        write_atomically(folder / name, csv_blocks(frame, PRICES.__mod__))


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


def _tensors(result: Ensemble) -> dict[str, torch.Tensor]:
    """Return all that predicts new rows: each model, and each fold's statistics."""
    fold_data = result.fold_data
    arrays = {f"target.{n}": each for n, each in fold_data.scale._asdict().items()}
    for model in result.models:
        arrays |= {f"{model.name}.{n}": each for n, each in model.arrays.items()}
    if result.mlp:
        weights = result.mlp.trained.weights
        arrays |= {f"stack.{name}": each for name, each in weights.items()}
        for name in ("fill", "mean", "scale"):
            folds = [getattr(encoder, name) for encoder in fold_data.encoders]
            arrays[f"encoder.{name}"] = np.stack(folds)
    return {name: torch.from_numpy(each) for name, each in arrays.items()}


def _versions() -> dict[str, str]:
    packages = (
        "catboost",
        "numpy",
        "pandas",
        "scikit-learn",
        "torch",
        "house-price-pipeline",
    )
    return {"python": platform.python_version()} | {p: version(p) for p in packages}
