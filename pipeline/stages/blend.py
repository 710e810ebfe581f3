"""The stage `blend`: several runs -> runs/<run id>/, the mean of their predictions."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import torch

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.data.dataset import Dataset
from pipeline.models.ensemble import Ensemble, FittedModel
from pipeline.runs.predictions import read_numbers
from pipeline.runs.record import OUT_OF_FOLD, PREDICTIONS, Provenance, Run
from pipeline.runs.writer import new_run, write_run
from pipeline.stages.preprocess import read_features
from pipeline.validation.cross_validate import Predictions, score_folds
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import dataset_folds


def blend(project: Project, runs: Sequence[Run], provenance: Provenance) -> Run:
    """Blend runs on the same folds, and save the plain mean of their predictions.

    Args:
        project: The project.
        runs: Two runs or more, unchanged, none of them a blend of runs.
        provenance: The fingerprint, and the digests of the inputs.

    Raises:
        UserError: The runs are not on the same folds, or a file of one has none.
    """
    torch.set_num_threads(1)
    settings = runs[0].settings
    dataset = read_features(project, provenance.inputs)
    folds = dataset_folds(dataset, settings)
    # The device that the runs were trained on may be on another machine.
    fold_data = FoldData.fit(dataset, folds, replace(settings, device="cpu"))
    begin = datetime.now(UTC)
    members = [_member(run, runs[0], fold_data, dataset) for run in runs]
    ids = [run.run_id for run in runs]
    actual = dataset.actual
    result = Ensemble(fold_data, actual, None, members, blended=ids)
    with new_run(project, begin) as temporary:
        return write_run(temporary, result, settings, provenance, begin, dataset)


def _member(run: Run, first: Run, fold_data: FoldData, dataset: Dataset) -> FittedModel:
    """Return the predictions of a run, as its files have them, as those of a model.

    Raises:
        UserError: its rows or folds are not those of the first run, or a file of it
            has no predictions.
    """
    begin = time.perf_counter()
    schema, metric = dataset.schema, fold_data.metric
    id_name, target = schema.id_name, schema.target
    ids = {id_name: str}
    seen = read_numbers(
        run.folder / OUT_OF_FOLD, ids | {"fold": int, "prediction": float}, metric
    )
    tested = read_numbers(run.folder / PREDICTIONS, ids | {target: float}, metric)
    if not (
        np.array_equal(seen[id_name], dataset.train[id_name].astype(str))
        and np.array_equal(seen["fold"], fold_data.fold_of)
        and np.array_equal(tested[id_name], dataset.test[id_name].astype(str))
    ):
        raise UserError(
            f"{run.run_id}: its folds are not those of {first.run_id}; blend runs with "
            "the same --folds and --seed"
        )
    predictions = Predictions(
        fold_data.fold_of,
        seen["prediction"].to_numpy(),
        tested[target].to_numpy(),
    )
    actual = dataset.actual
    seconds = time.perf_counter() - begin
    score = score_folds(
        predictions.out_of_fold, actual, fold_data.folds, seconds, metric
    )
    return FittedModel(run.run_id, [], {}, score, predictions)
