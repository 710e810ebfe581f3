"""The stage `baselines`: data/processed -> runs/<run id>/."""

from datetime import UTC, datetime

import torch
from joblib import cpu_count

from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.lessons.baselines import (
    DEFAULT,
    Callback,
    baselines_of,
    share_of,
    train_baselines,
)
from pipeline.models.ensemble import Ensemble
from pipeline.runs.record import Provenance, Run
from pipeline.runs.writer import new_run, write_run
from pipeline.stages.preprocess import read_features
from pipeline.validation.cross_validate import cross_validate


def baselines(
    project: Project, settings: Settings, provenance: Provenance, callback: Callback
) -> Run:
    """Train the default network and the baselines on the same folds, and save the run.

    Args:
        project: The project.
        settings: The settings of the default network.
        provenance: The fingerprint and the digests of the inputs.
        callback: Called after each epoch with the share of the work that is done since
            the last call.

    Raises:
        UserError: There are too few rows, or runs/ cannot be written to.
    """
    torch.set_num_threads(1)
    dataset = read_features(project, provenance.inputs)
    begin = datetime.now(UTC)
    with new_run(project, begin) as temporary:
        step = share_of(DEFAULT, baselines_of(dataset)) / settings.steps

        def after_epochs(_: int, steps: int, __: list[float]) -> None:
            callback(steps * step)

        default = cross_validate(dataset, settings, after_epochs, cpu_count())
        actual = dataset.actual
        return write_run(
            temporary,
            Ensemble(default.fold_data, actual, default, []),
            settings,
            provenance,
            begin,
            dataset,
            baselines=train_baselines(project, dataset, default, callback),
        )
