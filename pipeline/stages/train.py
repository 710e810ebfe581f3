"""The stage `train`: data/processed -> runs/<run id>/."""

from dataclasses import replace
from datetime import UTC, datetime

import psutil
import torch
from joblib import cpu_count

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.data.encoder import encoded_names
from pipeline.models.ensemble import cross_validate_models
from pipeline.network.stacked_mlp import StackedMLP
from pipeline.runs.record import Provenance, Run
from pipeline.runs.writer import new_run, write_run
from pipeline.stages.preprocess import read_features
from pipeline.validation.parallel import Callback


def train(
    project: Project,
    settings: Settings,
    provenance: Provenance,
    callback: Callback,
    jobs: int | None,
) -> Run:
    """Cross-validate the models of the settings, blend them, and save the run.

    Args:
        project: the project.
        settings: the hyperparameters.
        provenance: the fingerprint and the digests of the inputs.
        callback: called as training progresses.
        jobs: the number of parts that train in parallel; None is one per core.

    Raises:
        UserError: the settings do not fit the rows or the machine, or runs/ cannot be
            written to.
    """
    settings = replace(settings, device=_device(settings.device))
    torch.set_num_threads(1)  # the parts already use all cores
    dataset = read_features(project, provenance.inputs)
    names = encoded_names(dataset.train, dataset.layout)
    _check_memory(settings, len(names))
    begin = datetime.now(UTC)
    with new_run(project, begin) as temporary:
        jobs = jobs or cpu_count()
        result = cross_validate_models(dataset, settings, callback, jobs)
        return write_run(temporary, result, settings, provenance, begin, dataset)


def _device(name: str) -> str:
    """Return the device to train on; `auto` is the fastest that is available.

    Raises:
        UserError: the device is not available.
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


def _check_memory(settings: Settings, d_in: int) -> None:
    """Refuse networks that do not fit into memory.

    Four copies are held: the weights, AdamW's two moments, and the file to be written.

    Raises:
        UserError: the machine has too little memory.
    """
    size = StackedMLP.size(d_in, settings.hidden)
    needed = 4 * torch.float32.itemsize * size * settings.networks
    total = psutil.virtual_memory().total
    if needed > total:
        raise UserError(
            f"{settings.networks:,} networks of {size:,} weights need "
            f"{needed / 1e9:,.0f} GB of memory, and this machine has "
            f"{total / 1e9:,.0f}; give a smaller --hidden, --seeds or --folds"
        )
