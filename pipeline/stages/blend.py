"""The stage `blend`: several runs -> runs/<run id>/, the mean of their predictions."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import torch

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.data.schema import ID, TARGET
from pipeline.models.ensemble import Ensemble, FittedModel
from pipeline.runs.integrity import changes
from pipeline.runs.record import OUT_OF_FOLD, PREDICTIONS, Provenance, Run
from pipeline.runs.writer import new_run, write_run
from pipeline.stages.preprocess import read_features
from pipeline.validation.cross_validate import Predictions, score_folds
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import make_folds


def blend(project: Project, runs: Sequence[Run], provenance: Provenance) -> Run:
    """Blend runs on the same folds, and save the plain mean of their log prices.

    Args:
        project: The project.
        runs: Two runs or more, none of them a blend of runs.
        provenance: The fingerprint, and the digests of the inputs.

    Raises:
        UserError: A run has changed, or the runs are not on the same folds.
    """
    for run in runs:
        for change in changes(project, run):
            raise UserError(change)
    torch.set_num_threads(1)
    settings = runs[0].settings
    train, test = read_features(project, provenance.inputs)
    folds = make_folds(len(train), settings.folds, settings.seed)
    fold_data = FoldData.fit(train, test, folds, settings)
    begin = datetime.now(UTC)
    members = [_member(run, runs[0], fold_data, train, test) for run in runs]
    ids, price = [run.run_id for run in runs], train[TARGET].to_numpy()
    result = Ensemble(fold_data, price, None, members, blended=ids)
    with new_run(project, begin) as temporary:
        return write_run(temporary, result, settings, provenance, begin, train, test)


def _member(
    run: Run, first: Run, fold_data: FoldData, train: pd.DataFrame, test: pd.DataFrame
) -> FittedModel:
    """Return the predictions of a run, as its files have them, as those of a model.

    Raises:
        UserError: its houses or folds are not those of the first run.
    """
    begin = time.perf_counter()
    seen = pd.read_csv(run.folder / OUT_OF_FOLD)
    tested = pd.read_csv(run.folder / PREDICTIONS)
    if not (
        np.array_equal(seen[ID], train[ID])
        and np.array_equal(seen["fold"], fold_data.fold_of)
        and np.array_equal(tested[ID], test[ID])
    ):
        raise UserError(
            f"{run.run_id}: its folds are not those of {first.run_id}; blend runs with "
            "the same --folds and --seed"
        )
    predictions = Predictions(
        fold_data.fold_of,
        seen["prediction"].to_numpy(float),
        tested[TARGET].to_numpy(float),
    )
    price = train[TARGET].to_numpy()
    seconds = time.perf_counter() - begin
    score = score_folds(predictions.out_of_fold, price, fold_data.folds, seconds)
    return FittedModel(run.run_id, [], {}, score, predictions)
