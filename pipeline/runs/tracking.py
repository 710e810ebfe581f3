"""Log runs to the user's MLflow store: settings, fold scores, curves and files.

Which store and which experiment is said as ever with MLflow, by MLFLOW_TRACKING_URI,
MLFLOW_EXPERIMENT_NAME and the like. Files go as they are, with no pickle and no model
beside them.
"""

import io
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import pandas as pd

from pipeline.core.errors import UserError
from pipeline.core.paths import Project

if TYPE_CHECKING:  # MLflow takes seconds to load
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Metric

EXPERIMENT = "house-prices"  # where the user names none
_TAG = "run_id"  # ours, by which a run is found again
_BATCH = 1000  # metrics that a store takes at a time
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_DEFAULTS = {  # for what the user has not set
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # 7 take four minutes to say no
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_TELEMETRY": "true",  # runs go to the user's store and nowhere else
}


@dataclass(frozen=True)
class Tracker:
    """An experiment in a store that answers; `store` is its address, for people."""

    client: "MlflowClient"
    experiment: "Experiment"
    store: str

    @classmethod
    def open(cls) -> Self:
        """Reach the user's store, and the experiment, made where it is not yet there.

        Raises:
            UserError: MLflow is not installed, or the store is not to be used.
        """
        for name, value in _DEFAULTS.items():
            os.environ.setdefault(name, value)
        try:
            from mlflow import MlflowClient, get_tracking_uri
        except ImportError:
            raise UserError(
                "--track mlflow: MLflow is not installed; "
                "pip install 'house-price-pipeline[mlflow]'"
            ) from None
        uri = get_tracking_uri()
        what = f"--track mlflow: {_masked(uri, uri)} cannot be used"
        with _quiet(), _in_one_line(uri, what, "mend MLFLOW_TRACKING_URI"):
            _knock(uri)
            client = MlflowClient()
            return cls(client, _experiment(client), _masked(uri, uri))

    def log(self, project: Project, record: dict[str, Any]) -> dict[str, str]:
        """Log a run, unless the experiment has it, and say where it is.

        Raises:
            UserError: the store does not take it.
        """
        what = f"runs/{record['run_id']} is kept, but {self.store} did not take it"
        uri = self.client.tracking_uri
        with _quiet(), _in_one_line(uri, what, "the same command again logs it"):
            run = self._find(record) or self._log(project, record)
        return {"store": self.store, "experiment": self.experiment.name, "run": run}

    def _find(self, record: dict[str, Any]) -> str | None:
        """The store's id of a run that is logged to its end."""
        text = f"tags.{_TAG} = '{record['run_id']}' and attributes.status = 'FINISHED'"
        found = self.client.search_runs([self.experiment.experiment_id], text)
        return str(found[0].info.run_id) if found else None

    def _log(self, project: Project, record: dict[str, Any]) -> str:
        """Log a run; one that is not logged to its end is marked as failed."""
        begin = int(datetime.fromisoformat(record["created"]).timestamp() * 1000)
        created = self.client.create_run(
            self.experiment.experiment_id,
            start_time=begin,
            tags={_TAG: record["run_id"], "mlflow.source.name": "pipeline train"},
            run_name=record["run_id"],
        )
        run = str(created.info.run_id)
        try:
            self._fill(run, project.runs / record["run_id"], record, begin)
        except BaseException:
            with suppress(Exception):
                self.client.set_terminated(run, "FAILED")
            raise
        end = begin + round(record["seconds"] * 1000)
        self.client.set_terminated(run, "FINISHED", end)
        return run

    def _fill(self, run: str, folder: Path, record: dict[str, Any], time: int) -> None:
        for name, value in record["settings"].items():
            self.client.log_param(run, name, _text(value))
        metrics = [*_scores(record, time), *_curves(folder / "history.csv", time)]
        for start in range(0, len(metrics), _BATCH):
            self.client.log_batch(run, metrics[start : start + _BATCH])
        self.client.log_artifacts(run, str(folder))


def _experiment(client: "MlflowClient") -> "Experiment":
    """The experiment that MLflow's variables name, or ours."""
    number = os.environ.get("MLFLOW_EXPERIMENT_ID")
    if number is None:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
        found = client.get_experiment_by_name(name)
        number = found.experiment_id if found else client.create_experiment(name)
    experiment = client.get_experiment(number)
    if experiment.lifecycle_stage != "active":
        raise ValueError(
            f"experiment {experiment.name} is deleted; restore it, "
            "or name another in MLFLOW_EXPERIMENT_NAME"
        )
    return experiment


def _scores(record: dict[str, Any], time: int) -> Iterator["Metric"]:
    """The scores of all λ and folds, and of the run as a whole."""
    from mlflow.entities import Metric

    whole = {name: record[name] for name in ("cv_log_rmse", "best_lambda", "seconds")}
    whole |= {f"forecast_{name}": value for name, value in record["forecast"].items()}
    for score in record["scores"]:
        of_lambda = _group(score["lambda"])
        for name in ("mean", "std", "pooled"):
            whole[f"{of_lambda}/{name}"] = score[name]
        for number, value in enumerate(score["folds"], start=1):
            whole[f"{of_lambda}/fold_{number}"] = value
    for name, value in whole.items():
        if value is not None:  # the score of a fold or λ that diverged
            yield Metric(name, value, time, 0)


def _curves(path: Path, time: int) -> Iterator["Metric"]:
    """The learning curves of each λ and fold, the mean of its networks."""
    from mlflow.entities import Metric

    means = pd.read_csv(path).groupby(["lambda", "fold", "epoch"])[["train", "valid"]]
    for row in means.mean(skipna=False).dropna().reset_index().itertuples(index=False):
        weight_decay, fold, epoch, *ends = row
        for name, value in zip(("train", "valid"), ends, strict=True):
            key = f"{_group(weight_decay)}/fold_{fold + 1}_{name}"
            yield Metric(key, value, time, epoch)


def _group(weight_decay: float) -> str:
    return f"lambda_{weight_decay:g}"


def _text(value: object) -> str:
    """A setting as it is typed."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _knock(uri: str) -> None:
    """Fail at once where a database does not answer: MLflow would try for minutes."""
    if urlsplit(uri).scheme.partition("+")[0] in _DATABASES:
        import sqlalchemy

        url = sqlalchemy.make_url(uri)
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        sqlalchemy.inspect(sqlalchemy.create_engine(url))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the terminal, and standard output above all, to ourselves."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextmanager
def _in_one_line(uri: str, what: str, remedy: str) -> Iterator[None]:
    """Turn whatever MLflow, or a driver below it, raises into a line for the user."""
    try:
        yield
    except Exception as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        reason = shorten(_masked(first, uri), 300, placeholder=" …")
        raise UserError(f"{what} ({reason}); {remedy}") from None


def _masked(text: str, uri: str) -> str:
    """A text without the password that an address may hold."""
    password = urlsplit(uri).password
    return text.replace(password, "***") if password else text
