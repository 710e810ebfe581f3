"""The stage `train`: data/processed -> runs/<run id>/."""

import platform
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from joblib import cpu_count
from safetensors.torch import save_file

from pipeline.crossval import CrossValidation, Watch, cross_validate
from pipeline.errors import UserError
from pipeline.files import folder_whole
from pipeline.metrics import forecast, log_errors
from pipeline.paths import Folders
from pipeline.preprocess import read_features
from pipeline.processed import to_json
from pipeline.runs import RECORD
from pipeline.schema import ID, TARGET
from pipeline.settings import Settings

_PRICES = "%.2f"  # dollars and cents
_SCORES = "%.6f"


def run_experiment(
    folders: Folders,
    settings: Settings,
    provenance: dict[str, Any],
    watch: Watch,
    jobs: int | None,
) -> dict[str, Any]:
    """Cross-validate, write a run folder whole, and give its record.

    Args:
        folders: the project.
        settings: of the run.
        provenance: what the run came from: fingerprint and digests of inputs.
        watch: is called after each epoch of each part of the stack.
        jobs: parts of the stack that train side by side; None is one for each core.

    Raises:
        UserError: the settings do not fit the rows or the machine, or runs/ cannot be
            written to.
    """
    settings = replace(settings, device=_device(settings.device))
    torch.set_num_threads(1)  # the parts fill the cores; more threads would queue
    train = read_features(folders, "train.csv")
    test = read_features(folders, "test.csv")
    begin = datetime.now(UTC)
    result = cross_validate(train, test, settings, watch, jobs or cpu_count())
    run_id = f"{begin:%Y%m%d-%H%M%S-%f}"[:-3]  # to the millisecond
    best = result.scores[result.best]
    errors = log_errors(result.out_of_fold[result.best], train[TARGET].to_numpy())
    record = {
        "run_id": run_id,
        "created": begin.isoformat(timespec="milliseconds"),
        **provenance,
        "settings": asdict(settings),
        "best_lambda": settings.lambdas[result.best],
        "cv_log_rmse": best.pooled,
        "scores": [
            {"lambda": weight_decay, **score._asdict()}
            for weight_decay, score in zip(settings.lambdas, result.scores, strict=True)
        ],
        "forecast": forecast(errors, len(test))._asdict(),
        "costliest": _costliest(train, result.out_of_fold[result.best], errors),
        "seconds": (datetime.now(UTC) - begin).total_seconds(),
        "columns": result.encoded.columns,
        "limits": [asdict(limits) for limits in result.encoded.limits],
        "threads": torch.get_num_threads(),
        "versions": _versions(),
    }
    with folder_whole(folders.runs / run_id) as draft:
        _write_predictions(draft, result, train, test)
        _history(result).to_csv(
            draft / "history.csv", index=False, float_format=_SCORES
        )
        save_file(_tensors(result), draft / "weights.safetensors")
        (draft / RECORD).write_text(to_json(record), encoding="utf-8")
    return record


def _device(name: str) -> str:
    """The device itself for `auto`; a device that is not there is refused."""
    there = {"cpu": True, "mps": torch.backends.mps.is_available()}
    there["cuda"] = torch.cuda.is_available()
    if name == "auto":
        return next(d for d in ("cuda", "mps", "cpu") if there[d])
    if not there[name]:
        raise UserError(f"--device {name}: torch finds none here; use cpu or auto")
    return name


def _costliest(
    train: pd.DataFrame, predicted: np.ndarray, errors: np.ndarray, most: int = 10
) -> list[dict[str, Any]]:
    """The houses with the largest squared errors, and the share of the sum each has."""
    houses = train[[ID, "Neighborhood", TARGET]].assign(
        prediction=predicted.round(2), share=errors**2 / (errors**2).sum()
    )
    records = houses.nlargest(most, "share").to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in records]


def _write_predictions(
    draft: Path, result: CrossValidation, train: pd.DataFrame, test: pd.DataFrame
) -> None:
    """Write the out-of-fold and the test predictions of the best λ."""
    out_of_fold = pd.DataFrame(
        {
            ID: train[ID],
            "fold": result.fold_of,
            TARGET: train[TARGET],
            "prediction": result.out_of_fold[result.best],
        }
    )
    predictions = pd.DataFrame({ID: test[ID], TARGET: result.test[result.best]})
    for name, frame in (("oof.csv", out_of_fold), ("predictions.csv", predictions)):
        frame.to_csv(draft / name, index=False, float_format=_PRICES)


def _history(result: CrossValidation) -> pd.DataFrame:
    """The learning curves, a row for each network and epoch."""
    epochs = range(result.trained.train.shape[1])
    cells = list(product(result.members, epochs))
    return pd.DataFrame(
        {
            "lambda": [member.weight_decay for member, _ in cells],
            "fold": [member.fold for member, _ in cells],
            "seed": [member.seed for member, _ in cells],
            "epoch": [epoch + 1 for _, epoch in cells],
            "train": result.trained.train.ravel(),
            "valid": result.trained.valid.ravel(),
        }
    )


def _tensors(result: CrossValidation) -> dict[str, torch.Tensor]:
    """All that predicts new rows: the stack, and each fold's encoder and scale."""
    tensors = {
        f"stack.{name}": tensor for name, tensor in result.trained.weights.items()
    }
    tensors["target.mean"] = torch.from_numpy(result.encoded.mean)
    tensors["target.deviation"] = torch.from_numpy(result.encoded.deviation)
    for name in ("fill", "mean", "scale"):
        folds = [getattr(encoder, name) for encoder in result.encoded.encoders]
        tensors[f"encoder.{name}"] = torch.from_numpy(np.stack(folds))
    return tensors


def _versions() -> dict[str, str]:
    packages = ("numpy", "pandas", "scikit-learn", "torch", "house-price-pipeline")
    return {"python": platform.python_version()} | {p: version(p) for p in packages}
