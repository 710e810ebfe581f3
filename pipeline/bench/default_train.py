"""The whole default `train`, without reading and writing files."""

import time

import torch
from joblib import cpu_count

from pipeline.core.paths import Project
from pipeline.core.settings import MLP, Settings
from pipeline.data.clean import clean_rows
from pipeline.data.features import build_features
from pipeline.data.raw import read_test, read_train
from pipeline.models.ensemble import cross_validate_models


def seconds(project: Project) -> dict[str, float]:
    """Return the seconds of each model of the default settings, and of all together.

    Raises:
        UserError: data/raw is missing or invalid.
    """
    frames = (
        read_train(project.raw / "train.csv"),
        read_test(project.raw / "test.csv").frame,
    )
    train, test = (build_features(clean_rows(frame).frame) for frame in frames)
    torch.set_num_threads(1)  # as the stage does
    begin = time.perf_counter()
    result = cross_validate_models(
        train, test, Settings(), lambda *_: None, cpu_count()
    )
    whole = time.perf_counter() - begin
    networks = result.mlp.scores if result.mlp else []
    return {
        MLP: sum(score.seconds for score in networks),
        **{model.name: model.score.seconds for model in result.models},
        "train": whole,
    }
