"""The stage `blend`: several runs -> runs/<run id>/, the mean of their predictions."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.data.schema import ID, TARGET
from pipeline.models.ensemble import Ensemble, FittedModel
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
        runs: Two runs or more, unchanged, none of them a blend of runs.
        provenance: The fingerprint, and the digests of the inputs.

    Raises:
        UserError: The runs are not on the same folds, or a file of one has no prices.
    """
    torch.set_num_threads(1)
    settings = runs[0].settings
    train, test = read_features(project, provenance.inputs)
    folds = make_folds(len(train), settings.folds, settings.seed)
    # The device that the runs were trained on may be on another machine.
    fold_data = FoldData.fit(train, test, folds, replace(settings, device="cpu"))
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
        UserError: its houses or folds are not those of the first run, or a file of it
            has no prices.
    """
    begin = time.perf_counter()
    seen = _read(run.folder / OUT_OF_FOLD, [ID, "fold"], "prediction")
    tested = _read(run.folder / PREDICTIONS, [ID], TARGET)
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
        seen["prediction"].to_numpy(),
        tested[TARGET].to_numpy(),
    )
    price = train[TARGET].to_numpy()
    seconds = time.perf_counter() - begin
    score = score_folds(predictions.out_of_fold, price, fold_data.folds, seconds)
    return FittedModel(run.run_id, [], {}, score, predictions)


def _read(path: Path, numbers: list[str], prices: str) -> pd.DataFrame:
    """Read columns of integers, and one of positive prices.

    Raises:
        UserError: the file does not have them.
    """
    try:
        frame = pd.read_csv(path)[[*numbers, prices]]
        frame = frame.astype({**dict.fromkeys(numbers, int), prices: float})
        if not ((frame[prices] > 0) & np.isfinite(frame[prices])).all():
            raise ValueError("a price that is not positive and finite")
    except (OSError, LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise UserError(
            f"{path}: not as `pipeline train` writes it ({error!r}); train again"
        ) from None
    return frame
