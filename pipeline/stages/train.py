"""The stage `train`: data/processed -> runs/<run id>/."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime

import torch
from joblib import cpu_count

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.progress import Callback
from pipeline.core.settings import Settings
from pipeline.models.ensemble import cross_validate_models
from pipeline.network.cluster import models_on
from pipeline.network.threads import use_one_thread
from pipeline.runs.record import Provenance, Run
from pipeline.runs.writer import new_run, write_run
from pipeline.stages.preprocess import read_features

_WRITING = 0.04  # the share of the work that is left after training, measured


def train(
    project: Project,
    settings: Settings,
    provenance: Provenance,
    callback: Callback,
    jobs: int | None,
    scheduler: str | None = None,
) -> Run:
    """Cross-validate the models of the settings, blend them, and save the run.

    Args:
        project: The project.
        settings: The hyperparameters.
        provenance: The fingerprint and the digests of the inputs.
        callback: Called as training progresses.
        jobs: The number of parts that train in parallel; None is one per core.
        scheduler: The address of Dask's scheduler, whose workers then fit the models.

    Raises:
        UserError: The settings do not fit the rows or the machine, runs/ cannot be
            written to, or the workers of Dask cannot be used.
    """
    settings = replace(settings, device=usable_device(settings.device))
    use_one_thread()
    dataset = read_features(project, provenance.inputs)
    begin = datetime.now(UTC)

    def training(share: float, note: str) -> None:
        callback((1 - _WRITING) * share, note)

    workers = models_on(scheduler) if scheduler else nullcontext(cpu_count())
    with new_run(project, begin) as temporary, workers as threads:
        jobs = jobs or threads
        result = cross_validate_models(dataset, settings, training, jobs)
        run = write_run(temporary, result, provenance, begin)
    callback(_WRITING, "")
    return run


def usable_device(name: str) -> str:
    """Return the device to train on; `auto` is the fastest that is available.

    Raises:
        UserError: The device is not available.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return next(device for device, usable in available.items() if usable)
    if not available[name]:
        raise UserError(f"--device {name}: torch finds no such device; use cpu or auto")
    return name
