"""The stage `blend`: several runs -> runs/<run id>/, the blend of their predictions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter

import numpy as np

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.models.ensemble import Ensemble, Member, Predictions, score_folds
from pipeline.models.model import Candidate
from pipeline.network.threads import use_one_thread
from pipeline.runs.record import OUT_OF_FOLD, TEST_BY_FOLD, Provenance, Run, by_fold
from pipeline.runs.tables import read_numbers
from pipeline.runs.writer import new_run, write_run
from pipeline.stages.preprocess import read_features
from pipeline.validation.fold_data import FoldData


def blend(project: Project, runs: Sequence[Run], provenance: Provenance) -> Run:
    """Blend runs on the same folds, as the models of a run are blended, and save it.

    Args:
        project: The project.
        runs: Two runs or more, unchanged, none of them a blend of runs.
        provenance: The fingerprint, and the digests of the inputs.

    Raises:
        UserError: The runs are not on the same folds, or a file of one has none.
    """
    use_one_thread()
    dataset = read_features(project, provenance.inputs)
    # The device that the runs were trained on may be on another machine.
    data = FoldData.fit(dataset, replace(runs[0].settings, device="cpu"))
    begin = datetime.now(UTC)
    members = [_member(run, runs[0], data) for run in runs]
    with new_run(project, begin) as temporary:
        result = Ensemble(data, members, blended=True)
        return write_run(temporary, result, provenance, begin)


def _member(run: Run, first: Run, data: FoldData) -> Member:
    """Return a run as a member of a blend, with the predictions of its files.

    Raises:
        UserError: Its rows or folds are not those of the first run, or a file of it
            has no predictions.
    """
    begin = perf_counter()
    dataset, metric, id_name = data.dataset, data.metric, data.dataset.schema.id_name
    fold, prediction = run.header("fold"), run.header("prediction")
    names = [run.header(name) for name in by_fold(run.settings.folds)]
    ids = {id_name: str}
    seen = read_numbers(
        run.folder / OUT_OF_FOLD, ids | {fold: int, prediction: float}, metric
    )
    kinds = ids | dict.fromkeys(names, float)
    tested = read_numbers(run.folder / TEST_BY_FOLD, kinds, metric)
    if not (
        np.array_equal(seen[id_name], dataset.train[id_name].astype(str))
        and np.array_equal(seen[fold], data.fold_of + 1)
        and np.array_equal(tested[id_name], dataset.test[id_name].astype(str))
    ):
        raise UserError(
            f"{run.run_id}: its folds are not those of {first.run_id}; blend runs with "
            "the same --folds and --seed"
        )
    out_of_fold = metric.transform(seen[prediction].to_numpy())
    test = metric.transform(tested[names].to_numpy().T)
    return Member(
        name=run.run_id,
        candidates=[Candidate()],
        scores=[score_folds(out_of_fold, data)],
        predictions=Predictions(out_of_fold[None], test[None]),
        seconds=perf_counter() - begin,
    )
