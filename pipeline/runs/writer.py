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

from pipeline.core.files import (
    Temporary,
    atomic_folder,
    to_json,
    writable,
    write_atomically,
)
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.core.settings import MLP, Settings
from pipeline.data.csv_frames import csv_blocks, number_text
from pipeline.data.dataset import Dataset
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
from pipeline.validation.uncertainty import (
    Difference,
    bias_corrected,
    forecast,
    paired_difference,
)

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
    dataset: Dataset,
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
        dataset: the training and the test rows.
        baselines: the scores of other models, and their predictions.

    Returns:
        The run, in the folder that it has once `temporary` is renamed.

    Raises:
        UserError: the folder cannot be written to.
    """
    folder = temporary.path
    run = _run(temporary, result, settings, provenance, begin, dataset)
    scores = [score for score, _ in baselines]
    run = replace(run, baselines=scores or None, blended=result.blended)
    announce(f"writing runs/{temporary.name}")
    with writable(folder.parent):
        members = result.members if run.is_blend else {}
        _write_predictions(folder, result.predictions, members, dataset)
        for score, predictions in baselines:
            own = run.predictions_folder(score.name)
            _write_predictions(own, predictions, {}, dataset)
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
    dataset: Dataset,
) -> Run:
    """Return what run.json says, but for the digests of the files."""
    predicted, mlp = result.predictions.out_of_fold, result.mlp
    metric, schema = result.fold_data.metric, dataset.schema
    errors = metric.errors(predicted, result.actual)
    pooled, search = result.score.pooled, provenance.search
    corrected = search.corrected if search else _corrected(result)
    announce("computing the expected score")
    # The best of several λ or trials is chosen, so its errors are a little too small.
    expected = forecast(
        metric.losses_of(errors * (corrected / pooled if corrected else 1)),
        len(result.predictions.test),
        metric=metric,
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
        metric=metric.name,
        cv=pooled,
        cv_corrected=corrected,
        scores=model_scores(result, settings),
        diverged=[
            DivergedNetwork(**each._asdict()) for each in (mlp.diverged if mlp else [])
        ],
        forecast=Forecast(**expected._asdict()),
        largest_errors=_largest_errors(dataset, predicted, metric.losses_of(errors)),
        seconds=(datetime.now(UTC) - begin).total_seconds(),
        schema=schema.text,
        own_columns=dataset.own,
        columns=result.fold_data.columns,
        model_columns={each.name: each.columns for each in result.models},
        target_bounds=[
            Bounds(**asdict(each)) for each in result.fold_data.target_bounds
        ],
        threads=torch.get_num_threads(),
        versions=_versions(),
    )


def model_scores(result: Ensemble, settings: Settings) -> list[ModelScore]:
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
    """Compare out-of-fold predictions with others; None if there are none."""
    if reference is None or not np.isfinite(predicted).all():
        return None
    metric = result.fold_data.metric
    first, second = (
        metric.losses(each, result.actual) for each in (reference, predicted)
    )
    return paired_difference(first, second, metric)


def _corrected(result: Ensemble) -> float | None:
    """Return the score without selection bias; None if nothing was selected."""
    if result.mlp is None or len(result.mlp.scores) == 1:
        return None
    announce("correcting the score for the choice among λ")
    finite = np.isfinite(result.mlp.out_of_fold).all(axis=1)
    candidates = [each.out_of_fold for each in result.candidates]
    metric = result.fold_data.metric
    compared, scored = (
        np.array([metric.losses(each, result.actual) for each in predicted])[finite]
        for predicted in (result.mlp.out_of_fold, candidates)
    )
    return bias_corrected(compared, scored, metric=metric)


def _largest_errors(
    dataset: Dataset, predicted: np.ndarray, losses: np.ndarray
) -> list[LargestError]:
    """Return the rows with the largest losses, largest first."""
    schema, train = dataset.schema, dataset.train
    share = pd.Series(losses / (losses.sum() or 1)).nlargest(LARGEST_ERRORS)
    ids, actual = train[schema.id_name].tolist(), train[schema.target].tolist()
    places: list[str | None] = [None] * len(train)
    if schema.ceiling is not None:
        own = train[schema.ceiling].astype(object)
        places = own.where(own.notna(), None).tolist()
    return [
        LargestError(
            id=ids[row],
            place=places[row],
            actual=float(actual[row]),
            prediction=float(number_text(predicted[row])),
            share=float(share.loc[row]),
        )
        for row in share.index
    ]


def _write_predictions(
    folder: Path,
    predictions: Predictions,
    members: Mapping[str, Predictions],
    dataset: Dataset,
) -> None:
    """Write oof.csv and predictions.csv, with a column for each member of a blend."""
    train, test = dataset.train, dataset.test
    id_name, target = dataset.schema.id_name, dataset.schema.target
    folder.mkdir(parents=True, exist_ok=True)
    out_of_fold = pd.DataFrame(
        {
            id_name: train[id_name],
            "fold": predictions.fold_of,
            target: train[target],
            "prediction": predictions.out_of_fold,
            **{name: each.out_of_fold for name, each in members.items()},
        }
    )
    tested = {name: each.test for name, each in members.items()}
    predicted = {id_name: test[id_name], target: predictions.test}
    new = pd.DataFrame(predicted | tested)
    for name, frame in ((OUT_OF_FOLD, out_of_fold), (PREDICTIONS, new)):
        write_atomically(folder / name, csv_blocks(frame, number_text))


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
