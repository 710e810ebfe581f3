"""The whole default `train`, without reading and writing files."""

import time

import torch
from joblib import cpu_count

from pipeline.ames.table import ames
from pipeline.core.paths import Project
from pipeline.core.settings import MLP, Settings
from pipeline.data.features import read_dataset
from pipeline.models.ensemble import cross_validate_models


def seconds(project: Project) -> dict[str, float]:
    """Return the seconds of each model of the default settings, and of all together.

    Raises:
        UserError: data/raw is missing or invalid.
    """
    dataset = read_dataset(project.raw, ames())
    torch.set_num_threads(1)  # as the stage does
    begin = time.perf_counter()
    result = cross_validate_models(dataset, Settings(), lambda *_: None, cpu_count())
    whole = time.perf_counter() - begin
    networks = result.mlp.scores if result.mlp else []
    return {
        MLP: sum(score.seconds for score in networks),
        **{model.name: model.score.seconds for model in result.models},
        "train": whole,
    }
