"""The blend that predicts one row: all folds for a new one, one for a training row.

A training row is predicted by the models of the fold that validates it, with the
weights that were fitted on the other folds.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError
from pipeline.core.metrics import METRICS
from pipeline.core.paths import Project
from pipeline.data.table import Table
from pipeline.models.ensemble import blend
from pipeline.runs.integrity import run_changes
from pipeline.runs.predictor import Predictor
from pipeline.runs.record import Run
from pipeline.runs.store import find_run
from pipeline.runs.tables import read_results

_ROUNDING = 1e-6  # of predictions in files, in their deviations, and more


class Part(NamedTuple):
    """The models of a run, its results, and its record."""

    predictor: Predictor
    results: pd.DataFrame
    run: Run

    def of(self, fold: int | None) -> Predictor:
        """Return what predicts the rows of a fold, or new rows."""
        found = self.predictor if fold is None else self.predictor.of_fold(fold)
        # For one fold a model may have a weight that it has not for new rows.
        pairs = zip(found.models, _weights(self.run, self.results, fold), strict=True)
        models = [each._replace(weight=weight) for each, weight in pairs]
        return replace(found, models=models)


@dataclass(frozen=True)
class Blend:
    """A run, or the runs that a run of `pipeline blend` is made of."""

    run: Run
    results: pd.DataFrame
    parts: list[Part]

    @classmethod
    def load(
        cls, project: Project, run: Run, table: Table, results: pd.DataFrame
    ) -> Self:
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
            predictor = replace(Predictor.load(part), table=table)
            parts.append(Part(predictor, own, part))
        return cls(run, results, parts)

    def predict(
        self, features: pd.DataFrame, fold: int | None, *, bounded: bool
    ) -> np.ndarray:
        """Return transformed predictions, shape (n,).

        Args:
            features: the rows.
            fold: whose models predict them; None for the mean of all folds.
            bounded: clip them to the target bounds.
        """
        found = [
            part.of(fold).transformed(features, bounded=bounded, exact=False)
            for part in self.parts
        ]
        if not self.run.blended:
            return found[0]
        return blend(found, _weights(self.run, self.results, fold))

    def alike(
        self, row: pd.DataFrame, others: pd.DataFrame, fold: int | None
    ) -> np.ndarray | None:
        """Return how alike rows are to one row, from 0 to 1, shape (n,).

        None if no model of the run tells.

        Args:
            row: the features of one row.
            others: those of training rows, with the target.
            fold: whose models tell; None for the mean of all folds.
        """
        found = []
        for predictor in (part.of(fold) for part in self.parts):
            target = others[predictor.table.schema.target].to_numpy(float)
            targets = predictor.scale.standardise(predictor.metric.transform(target))
            for each in predictor.models:
                if each.model.tells_alike:
                    own, entries = (
                        predictor.read_for(each, features) for features in (row, others)
                    )
                    found.append(each.model.alike(each.arrays, own, entries, targets))
        return np.mean(found, axis=(0, 1)) if found else None


def _weights(run: Run, results: pd.DataFrame, fold: int | None) -> list[float]:
    """Return the weights of the models, or of the runs, in the order of the run.

    Those of a single fold were fitted on the other folds, and no file has them. But
    they are what turns the models' predictions of its rows into those of the blend.
    Where models predict the same, the weights for new rows are kept.
    """
    final = [run.weights[name] for name in run.models]
    if not run.is_blend or fold is None:
        return final
    rows, transform = results[results["fold"] == fold], METRICS[run.metric].transform
    models = np.stack([transform(rows[f"by {name}"].to_numpy()) for name in run.models])
    predicted = transform(rows["prediction"].to_numpy())
    # The weights sum to one, so changes to those of the others fix that of the first.
    others, left = (models[1:] - models[0]).T, predicted - final @ models
    small = np.eye(others.shape[1]) * _ROUNDING * (np.std(predicted) or 1.0)
    terms = np.concatenate([others, small * np.sqrt(len(rows))])
    known = np.concatenate([left, np.zeros(len(small))])
    change = np.linalg.lstsq(terms, known, rcond=None)[0]
    weights = final + np.array([-change.sum(), *change])
    return [weight if abs(weight) > _ROUNDING else 0.0 for weight in weights.tolist()]
