"""The stage `train`: data/processed -> runs/<run id>/."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import torch
from joblib import cpu_count

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.data.encoder import to_matrix
from pipeline.network.stacked_mlp import StackedMLP
from pipeline.runs.writer import new_run, run_record, write_run
from pipeline.stages.preprocess import read_features
from pipeline.validation.cross_validate import cross_validate
from pipeline.validation.parallel import Callback


def run_experiment(
    project: Project,
    settings: Settings,
    provenance: dict[str, Any],
    callback: Callback,
    jobs: int | None,
) -> dict[str, Any]:
    """Cross-validate, write a run folder whole, and give its record.

    Args:
        project: the project.
        settings: of the run.
        provenance: what the run came from: fingerprint and digests of inputs.
        callback: is called after each epoch of each part of the stack.
        jobs: parts of the stack that train side by side; None is one for each core.

    Raises:
        UserError: the settings do not fit the rows or the machine, or runs/ cannot be
            written to.
    """
    settings = replace(settings, device=_device(settings.device))
    torch.set_num_threads(1)  # the parts fill the cores; more threads would queue
    train, test = read_features(project, provenance["inputs"])
    _check_memory(settings, len(to_matrix(train.head(1)).names))
    begin = datetime.now(UTC)
    with new_run(project, begin) as temporary:
        result = cross_validate(train, test, settings, callback, jobs or cpu_count())
        record = run_record(temporary, result, settings, provenance, begin, train)
        return write_run(temporary, record, result, settings, train, test, rungs={})


def _device(name: str) -> str:
    """The device itself for `auto`; a device that is not there is refused."""
    there = {"cpu": True, "mps": torch.backends.mps.is_available()}
    there["cuda"] = torch.cuda.is_available()
    if name == "auto":
        return next(d for d in ("cuda", "mps", "cpu") if there[d])
    if not there[name]:
        raise UserError(f"--device {name}: torch finds none here; use cpu or auto")
    return name


def _check_memory(settings: Settings, d_in: int) -> None:
    """Refuse networks that the machine cannot hold, before the system ends us.

    Held are the weights, two averages of Adam's, and a copy to be written.
    """
    size = StackedMLP.size(d_in, settings.hidden)
    need = 4 * torch.float32.itemsize * size * settings.networks
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if need > there:
        raise UserError(
            f"{settings.networks:,} networks of {size:,} weights need "
            f"{need / 1e9:,.0f} GB of memory, and this machine has {there / 1e9:,.0f}; "
            "give a smaller --hidden, --seeds or --folds"
        )
