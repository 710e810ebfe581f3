"""The stage `blend`: several runs -> runs/<run id>/, the blend of their predictions.

A folder with the predictions of a model of the user's own may take the place of a run.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, one_line, short
from pipeline.core.files import check_regular
from pipeline.core.metrics import Metric
from pipeline.core.paths import Project
from pipeline.models.ensemble import Ensemble, Member, Predictions, score_folds
from pipeline.models.model import Candidate
from pipeline.network.threads import use_one_thread
from pipeline.runs.integrity import OwnModel
from pipeline.runs.record import (
    PREDICTIONS,
    TEST_BY_FOLD,
    Provenance,
    Run,
    by_fold,
)
from pipeline.runs.tables import read_numbers, read_results
from pipeline.runs.writer import new_run, write_run
from pipeline.stages.preprocess import read_features
from pipeline.validation.fold_data import FoldData


def blend(
    project: Project, runs: Sequence[Run | OwnModel], provenance: Provenance
) -> Run:
    """Blend runs on the same folds, as the models of a run are blended, and save it.

    Args:
        project: The project.
        runs: A run, and other runs or own models; unchanged, and no blends of runs.
        provenance: The fingerprint, and the digests of the inputs.

    Raises:
        UserError: The runs are not on the same folds, or a file of one has none; or an
            own model does not predict these rows.
    """
    use_one_thread()
    dataset = read_features(project, provenance.inputs)
    # The device that the runs were trained on may be on another machine.
    first = next(run for run in runs if isinstance(run, Run))
    data = FoldData.fit(dataset, replace(first.settings, device="cpu"))
    begin = datetime.now(UTC)
    members, inputs = [], dict(provenance.inputs)
    for run in runs:
        member_begin = perf_counter()
        if isinstance(run, Run):
            predictions = _of_run(run, first, data)
        else:
            predictions = _of_own_model(run, data)
            inputs |= run.files
        member = Member(
            name=run.run_id,
            candidates=[Candidate()],
            scores=[score_folds(predictions.out_of_fold[0], data)],
            predictions=predictions,
            seconds=perf_counter() - member_begin,
        )
        members.append(member)
    provenance = replace(provenance, inputs=inputs)
    with new_run(project, begin) as temporary:
        result = Ensemble(data, members, blended=True)
        return write_run(temporary, result, provenance, begin)


def _of_run(run: Run, first: Run, data: FoldData) -> Predictions:
    """Return the predictions in the files of a run, as those of one candidate.

    Raises:
        UserError: Its rows or folds are not those of the first run, or a file of it
            has no predictions.
    """
    dataset, metric, id_name = data.dataset, data.metric, data.dataset.schema.id_name
    names = [run.header(name) for name in by_fold(run.settings.folds)]
    columns = {id_name: str, **dict.fromkeys(names, float)}
    seen = read_results(run)
    tested = read_numbers(run.folder / TEST_BY_FOLD, columns, metric)
    if not (
        np.array_equal(seen["id"], dataset.train[id_name])
        and np.array_equal(seen["fold"], data.fold_of)
        and np.array_equal(tested[id_name], dataset.test[id_name].astype(str))
    ):
        raise UserError(
            f"{run.run_id}: its folds are not those of {first.run_id}; blend runs with "
            "the same --folds and --seed"
        )
    out_of_fold = metric.transform(seen["prediction"].to_numpy())
    test = metric.transform(tested[names].to_numpy().T)
    return Predictions(out_of_fold[None], test[None])


def _of_own_model(model: OwnModel, data: FoldData) -> Predictions:
    """Return the predictions of an own model; they are the same for each fold.

    Raises:
        UserError: A file does not have a prediction for each row, or the folds are not
            those of the runs.
    """
    dataset, metric = data.dataset, data.metric
    seen = _own_rows(model.oof, dataset.schema.id_name, dataset.train, "train.csv")
    path = model.folder / PREDICTIONS
    tested = _own_rows(path, dataset.schema.id_name, dataset.test, "test.csv")
    out_of_fold = _own_numbers(model.oof, seen, "prediction", metric)
    test = _own_numbers(path, tested, dataset.schema.target, metric)
    if "fold" in seen and not np.array_equal(
        pd.factorize(seen["fold"])[0], pd.factorize(data.fold_of)[0]
    ):
        raise UserError(
            f"{model.oof}: column fold: not the folds of the runs; use the column fold "
            "of their oof.csv"
        )
    by_fold = np.tile(metric.transform(test), (len(data.folds), 1))
    return Predictions(metric.transform(out_of_fold)[None], by_fold[None])


def _own_rows(path: Path, id_name: str, rows: pd.DataFrame, of: str) -> pd.DataFrame:
    """Read the texts of a file, in the order of some rows.

    Raises:
        UserError: It cannot be read, or its ids are not those of the rows.
    """
    try:
        check_regular(path)
        read = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: {one_line(error, 200)}; write it again") from None
    ids = rows[id_name].astype(str)
    if id_name not in read or sorted(read[id_name]) != sorted(ids):
        raise UserError(f"{path}: column {id_name}: must have each id of {of} once")
    return read.set_index(id_name).reindex(ids)


def _own_numbers(
    path: Path, rows: pd.DataFrame, name: str, metric: Metric
) -> np.ndarray:
    """Return a column of numbers, shape (rows,).

    Raises:
        UserError: It is missing, or has a cell that cannot be a target.
    """
    if name not in rows:
        raise UserError(f"{path}: column {name}: missing; add it")
    numbers = pd.to_numeric(rows[name], errors="coerce").to_numpy(float)
    for row in np.flatnonzero(~metric.allows(numbers))[:1]:
        raise UserError(
            f"{path}: column {name}, {rows.index.name} {rows.index[row]}: "
            f"{short(rows[name].iloc[row])} is not {metric.allowed}; fix it"
        )
    return numbers
