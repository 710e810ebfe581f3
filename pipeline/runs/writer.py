"""Write a run folder: run.json, predictions, learning curves and weights."""

import platform
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from safetensors.numpy import save

from pipeline.core import files
from pipeline.core.files import Temporary
from pipeline.core.metrics import METRICS
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.csv_frames import csv_blocks, number_text
from pipeline.data.dataset import Dataset
from pipeline.data.schema import ROW, free_name
from pipeline.models import model_of
from pipeline.models.ensemble import Ensemble, Member, Predictions
from pipeline.models.model import Model
from pipeline.runs import record
from pipeline.runs.integrity import seal
from pipeline.runs.record import ModelScore, Provenance, Run, by_fold
from pipeline.validation.uncertainty import (
    averaging_gain,
    forecast,
    paired_difference,
)

_SCORES = "%.6f"
_PACKAGES = ("house-price-pipeline", "numpy", "pandas")  # of every run


class Baseline(NamedTuple):
    """A baseline that was trained on the same folds: its score and predictions."""

    score: record.BaselineScore
    predictions: Predictions
    fold_of: np.ndarray  # shape (rows,)


def new_run(project: Project, begin: datetime) -> AbstractContextManager[Temporary]:
    """Open the temporary folder of a new run; its name is the run id.

    The run id is the moment when the run began, or the next free millisecond.

    Raises:
        UserError: Runs/ cannot be written to.
    """
    moments = (begin + timedelta(milliseconds=later) for later in count())
    names = (f"{moment:%Y%m%d-%H%M%S-%f}"[:-3] for moment in moments)
    return files.atomic_folder(project.runs, names)


def write_run(
    temporary: Temporary,
    result: Ensemble,
    provenance: Provenance,
    begin: datetime,
    *,
    baselines: Sequence[Baseline] = (),
) -> Run:
    """Write the files of a run, with the predictions of the blend of its members.

    Args:
        temporary: the folder, and the run id.
        result: the members, their scores and predictions.
        provenance: the fingerprint and the digests of the inputs.
        begin: when the run began.
        baselines: other models, which the run only shows.

    Returns:
        The run, in the folder that it has once `temporary` is renamed.

    Raises:
        UserError: The folder cannot be written to.
    """
    folder, run = temporary.path, _run(temporary, result, provenance, begin, baselines)
    announce(f"writing runs/{temporary.name}")
    with files.writable(folder.parent):
        for path, frame in _tables(run, result, baselines):
            path.parent.mkdir(parents=True, exist_ok=True)
            files.write_atomically(path, csv_blocks(frame, number_text))
        _, history = _learner(result)
        if history is not None:
            values = history["lambda"].map(repr)  # in full: they name the candidates
            shown = history.assign(**{"lambda": values}, fold=history["fold"] + 1)
            path = folder / record.HISTORY
            shown.to_csv(path, index=False, float_format=_SCORES)
        if not result.blended:  # a blend of runs is predicted by these runs
            (folder / record.WEIGHTS).write_bytes(save(_arrays(result)))
        run = seal(folder, run)
        text = files.to_json(run.to_json())
        (folder / record.RECORD).write_text(text, encoding="utf-8")
    return replace(run, folder=folder.with_name(temporary.name))


def _run(
    temporary: Temporary,
    result: Ensemble,
    provenance: Provenance,
    begin: datetime,
    baselines: Sequence[Baseline],
) -> Run:
    """Return what run.json says, but for the digests of the files."""
    data = result.data
    metric, dataset = data.metric, data.dataset
    actual, schema = dataset.actual, dataset.schema
    predicted = metric.undo(result.predictions.out_of_fold)
    errors = metric.errors(predicted, actual)
    pooled = result.score.pooled
    corrected = result.corrected()
    announce("computing the expected score")
    # The best of several candidates is chosen, so its errors are a little too small.
    expected = forecast(
        metric.losses_of(errors * (corrected / pooled if corrected else 1)),
        len(dataset.test),
        gain=averaging_gain(result.predictions.test, metric),
        metric=metric,
        groups=dataset.groups,
    )
    names = [member.name for member in result.members]
    models = [] if result.blended else [model_of(name) for name in names]
    views = {model.view.name: model.view for model in models}
    return Run(
        folder=temporary.path,
        run_id=temporary.name,
        created=begin.isoformat(timespec="milliseconds"),
        **vars(provenance),
        settings=data.settings,
        metric=metric.name,
        cv=pooled,
        cv_corrected=corrected,
        scores=model_scores(result),
        diverged=[lost for member in result.members for lost in _diverged(member)],
        forecast=expected,
        largest_errors=_largest_errors(dataset, predicted, metric.losses_of(errors)),
        seconds=(datetime.now(UTC) - begin).total_seconds(),
        schema=schema.text,
        own_columns=dataset.own,
        units=dict(dataset.layout.units),
        unseen_words=dict(_unseen_words(dataset)),
        history_of=_learner(result)[0],
        columns={name: data.read(view).names for name, view in views.items()},
        headers=headers(dataset, names, len(data.folds)),
        target_bounds=[record.Bounds(**vars(fold)) for fold in data.target_bounds],
        threads=torch.get_num_threads(),
        versions=_versions(models),
        baselines=[baseline.score for baseline in baselines] or None,
        blended=names if result.blended else None,
    )


def model_scores(result: Ensemble) -> list[ModelScore]:
    """Return the score of each candidate of each member, and of their blend."""
    several = len(result.members) > 1
    scores = [
        _candidate_score(result, member, index)
        for member in result.members
        for index in range(len(member.candidates))
    ]
    if several:
        names = [member.name for member in result.members]
        blend = ModelScore(
            model=record.BLEND,
            **result.score._asdict(),
            seconds=result.seconds,
            weights=dict(zip(names, result.weights.tolist(), strict=True)),
        )
        scores.append(blend)
    return scores


def _candidate_score(result: Ensemble, member: Member, index: int) -> ModelScore:
    """Return the score of a candidate, with its difference to what is better."""
    chosen = index == member.best
    score = ModelScore(
        model=member.name,
        **member.candidates[index]._asdict(),
        chosen=chosen,
        **member.scores[index]._asdict(),
        seconds=member.seconds,
    )
    if not score.failed and (not chosen or len(result.members) > 1):
        reference = result.predictions if chosen else member.chosen
        value, error = paired_difference(
            result.losses(reference.out_of_fold),
            result.losses(member.predictions.of(index).out_of_fold),
            result.data.metric,
            result.data.dataset.groups,
        )
        score = replace(score, difference=value, difference_error=error)
    gap = member.fitted.gaps[index] if member.fitted and member.fitted.gaps else None
    if gap is not None:
        score = replace(score, gap=gap.value, gap_error=gap.standard_error)
    return score


def headers(
    dataset: Dataset, models: Sequence[str] = (), folds: int = 0
) -> dict[str, str]:
    """Return the names of our columns; those that the table has get underscores."""
    schema = dataset.schema
    found = {} if schema.id else {ROW: schema.id_name}
    for name in ("fold", "prediction", *models, *by_fold(folds)):
        taken = [schema.id_name, schema.target, schema.group, *found.values()]
        found[name] = free_name(name, taken)
    return found


def _learner(result: Ensemble) -> tuple[str | None, pd.DataFrame | None]:
    """Return the first member that has learning curves, with these."""
    for member in result.members:
        if member.fitted and member.fitted.history is not None:
            return member.name, member.fitted.history
    return None, None


def _diverged(member: Member) -> Iterator[record.Diverged]:
    for number, fold, *when in member.fitted.failures if member.fitted else ():
        candidate = member.candidates[number]
        yield record.Diverged(member.name, *candidate, fold + 1, *when)


def _unseen_words(dataset: Dataset) -> Iterator[tuple[str, list[str]]]:
    """Yield the words of the vocabularies that no training row has, by column."""
    for name, words in dataset.layout.words.items():
        present = set(dataset.train[name].dropna())
        if unseen := [word for word in words if word not in present]:
            yield name, unseen


def _largest_errors(
    dataset: Dataset, predicted: np.ndarray, losses: np.ndarray
) -> list[record.LargestError]:
    """Return the rows with the largest losses, largest first."""
    schema = dataset.schema
    shares = pd.Series(losses / (losses.sum() or 1)).nlargest(record.LARGEST_ERRORS)
    rows = dataset.train.iloc[shares.index]
    places = rows[schema.ceiling].astype(object) if schema.ceiling else None
    found = {
        "id": rows[schema.id_name],
        "place": places if places is None else places.where(places.notna(), None),
        "actual": rows[schema.target].astype(float),
        "prediction": [float(number_text(each)) for each in predicted[shares.index]],
        "share": shares.to_numpy(),
    }
    lines = pd.DataFrame(found).itertuples(index=False, name=None)
    return [record.LargestError(*line) for line in lines]


def _tables(
    run: Run, result: Ensemble, baselines: Sequence[Baseline]
) -> Iterator[tuple[Path, pd.DataFrame]]:
    """Yield the predictions of the blend, by fold too, and of each baseline."""
    data, dataset, predictions = result.data, result.data.dataset, result.predictions
    yield from _predictions(run.folder, run, dataset, data.fold_of, predictions, result)
    by_folds = METRICS[run.metric].undo(predictions.test)
    names = [run.header(name) for name in by_fold(len(by_folds))]
    ids = {dataset.schema.id_name: dataset.test[dataset.schema.id_name]}
    tested = pd.DataFrame({**ids, **dict(zip(names, by_folds, strict=True))})
    yield run.folder / record.TEST_BY_FOLD, tested
    for score, found, fold_of in baselines:
        folder = run.predictions_folder(score.name)
        yield from _predictions(folder, run, dataset, fold_of, found)


def _predictions(
    folder: Path,
    run: Run,
    dataset: Dataset,
    fold_of: np.ndarray,
    predictions: Predictions,
    blended: Ensemble | None = None,
) -> Iterator[tuple[Path, pd.DataFrame]]:
    """Yield oof.csv and predictions.csv, with a column for each member of a blend.

    The last column of oof.csv is the group of each row, if there are any.
    """
    train, test, undo = dataset.train, dataset.test, METRICS[run.metric].undo
    id_name, target = dataset.schema.id_name, dataset.schema.target
    out_of_fold = {
        id_name: train[id_name],
        run.header("fold"): fold_of + 1,
        target: train[target],
        run.header("prediction"): undo(predictions.out_of_fold),
    }
    tested = {id_name: test[id_name], target: undo(predictions.test.mean(axis=0))}
    for member in blended.members if blended and run.is_blend else ():
        out_of_fold[run.header(member.name)] = undo(member.chosen.out_of_fold)
        tested[run.header(member.name)] = undo(member.chosen.test.mean(axis=0))
    if group := dataset.schema.group:
        out_of_fold[group] = train[group]
    yield folder / record.OUT_OF_FOLD, pd.DataFrame(out_of_fold)
    yield folder / record.PREDICTIONS, pd.DataFrame(tested)


def _arrays(result: Ensemble) -> dict[str, np.ndarray]:
    """Return all that predicts new rows: each model, and each fold's target scale."""
    arrays = {f"target.{n}": part for n, part in result.data.scale._asdict().items()}
    for member in result.members:
        if member.fitted:
            chosen = member.fitted.arrays[member.best]
            arrays |= {f"{member.name}.{n}": part for n, part in chosen.items()}
    return arrays


def _versions(models: Sequence[Model]) -> dict[str, str]:
    """Return the versions that the numbers of a run depend on."""
    packages = {*_PACKAGES, *(name for model in models for name in model.packages)}
    python = {"python": platform.python_version()}
    return python | {name: version(name) for name in sorted(packages)}
