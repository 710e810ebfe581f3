"""The blend that predicts one row: all folds for a new one, one for a training row.

A training row is predicted by the models of the fold that validates it, with the
weights that were fitted on the other folds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError
from pipeline.core.metrics import METRICS
from pipeline.core.paths import Project
from pipeline.models.ensemble import blend
from pipeline.runs.integrity import run_changes
from pipeline.runs.predictor import Predictor
from pipeline.runs.record import Run
from pipeline.runs.store import find_run
from pipeline.runs.tables import read_results
from pipeline.validation.clipping import RowBounds, places_of
from pipeline.validation.fold_data import TargetScale

_ROUNDING = 1e-6  # of predictions in files, in their deviations, and more


class Part(NamedTuple):
    """The models of a run, its results, and its record."""

    predictor: Predictor
    results: pd.DataFrame
    run: Run


@dataclass(frozen=True)
class Blend:
    """A run, or the runs that a run of `pipeline blend` is made of."""

    run: Run
    results: pd.DataFrame
    parts: list[Part]

    @classmethod
    def load(cls, project: Project, run: Run, results: pd.DataFrame) -> Self:
        """Load the models of a run.

        Raises:
            UserError: A run that is blended is missing or has changed.
        """
        parts = []
        for run_id in run.blended or [run.run_id]:
            part = find_run(project, run_id) if run.blended else run
            for change in run_changes(part) if run.blended else ():
                raise UserError(change)
            own = read_results(part) if run.blended else results
            parts.append(Part(Predictor.load(part), own, part))
        return cls(run, results, parts)

    def predict(
        self, features: pd.DataFrame, folds: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return transformed predictions without and with target bounds, (n,) each.

        Args:
            features: the rows.
            folds: the folds whose models predict; the mean is returned.
        """
        outer = _weights(self.run, self.results, folds)
        found = [_predict_part(part, features, folds) for part in self.parts]
        free, bounded = (
            blend(list(each), outer) if self.run.blended else each[0]
            for each in zip(*found, strict=True)
        )
        return free, bounded

    def alike(
        self, row: pd.DataFrame, others: pd.DataFrame, folds: Sequence[int]
    ) -> np.ndarray | None:
        """Return how alike rows are to one row, from 0 to 1, shape (n,).

        None if no model of the run tells.

        Args:
            row: the features of one row.
            others: those of training rows, with the target.
            folds: the folds whose models tell; the mean is returned.
        """
        found = []
        for part in self.parts:
            predictor, schema = part.predictor, part.predictor.table.schema
            target = predictor.metric.transform(others[schema.target].to_numpy(float))
            scale = TargetScale(*(each[list(folds)] for each in predictor.scale))
            for model, arrays, columns, _ in predictor.models:
                entries = model.view.of_columns(others, predictor.layout, columns)
                own = model.view.of_columns(row, predictor.layout, columns)
                if own is None or entries is None:
                    continue
                of_folds = {name: each[list(folds)] for name, each in arrays.items()}
                found.append(
                    model.alike(of_folds, own, entries, scale.standardise(target))
                )
        known = [each for each in found if each is not None]
        return np.mean(known, axis=(0, 1)) if known else None


def _predict_part(
    part: Part, features: pd.DataFrame, folds: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    predictor, chosen = part.predictor, list(folds)
    scale = TargetScale(*(each[chosen] for each in predictor.scale))
    bounds = RowBounds.of(
        [predictor.target_bounds[fold] for fold in folds],
        places_of(features, predictor.table.schema),
    )
    # For one fold a model may have a weight that it has not for new rows.
    names = zip(part.run.models, _weights(part.run, part.results, folds), strict=True)
    weights = {name: weight for name, weight in names if abs(weight) > _ROUNDING}
    models = [each for each in predictor.models if each.model.name in weights]
    entries = replace(
        predictor, models=[each._replace(weight=1.0) for each in models]
    ).read(features)
    free, bounded = [], []
    for model, arrays, _, _ in models:
        of_folds = {name: each[chosen] for name, each in arrays.items()}
        found = scale.undo(model.evaluate(of_folds, entries[model.view.name]))
        free.append(found)
        bounded.append(bounds.clip(found) if model.bounded else found)
    used = [weights[each.model.name] for each in models]
    return blend(free, used).mean(axis=0), blend(bounded, used).mean(axis=0)


def _weights(run: Run, results: pd.DataFrame, folds: Sequence[int]) -> list[float]:
    """Return the weights of the models, or of the runs, in the order of the run.

    Those of a single fold were fitted on the other folds, and no file has them. But
    they are what turns the models' predictions of its rows into those of the blend.
    Where models predict the same, the weights for new rows are kept.
    """
    final = [run.weights[name] for name in run.models]
    if not run.is_blend or len(folds) == run.settings.folds:
        return final
    rows, transform = (
        results[results["fold"] == folds[0]],
        METRICS[run.metric].transform,
    )
    models = np.stack([transform(rows[f"by {name}"].to_numpy()) for name in run.models])
    predicted = transform(rows["prediction"].to_numpy())
    # The weights sum to one, so changes to those of the others fix that of the first.
    others, left = (models[1:] - models[0]).T, predicted - final @ models
    small = np.eye(others.shape[1]) * _ROUNDING * (np.std(predicted) or 1.0)
    terms = np.concatenate([others, small * np.sqrt(len(rows))])
    known = np.concatenate([left, np.zeros(len(small))])
    change = np.linalg.lstsq(terms, known, rcond=None)[0]
    changes = np.array([-change.sum(), *change])
    return list(map(float, final + changes))
