"""Log runs to MLflow: settings, fold scores, learning curves and files.

MLflow's own environment variables choose the store and the experiment:
MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME and so on. The files are logged as they are;
no pickle or MLflow model is added.

The client is used instead of the fluent API (`mlflow.start_run`), which cannot set the
start time of a run, and whose `set_experiment` changes the process's environment.
"""

import io
import logging
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import pandas as pd

from pipeline.core.errors import UserError, one_line
from pipeline.core.progress import announce
from pipeline.core.settings import MLP, comma_separated
from pipeline.data.schema import LOG_RMSE
from pipeline.runs.record import HISTORY, Run

if TYPE_CHECKING:  # MLflow takes seconds to load
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Metric

EXPERIMENT = "house-prices"  # the default
_TAG = "run_id"  # finds the MLflow run of one of our runs
_BATCH = 1000  # metrics per request, the most that MLflow accepts
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_DEFAULTS = {  # for variables that the user has not set
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # the default, 7, takes four minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_TELEMETRY": "true",  # send nothing to MLflow's makers
}


@dataclass(frozen=True)
class Tracker:
    """An MLflow experiment; `store` is the address of its store, without password."""

    client: "MlflowClient"
    experiment: "Experiment"
    store: str

    @classmethod
    def open(cls) -> Self:
        """Connect to the store, and create the experiment if it does not exist.

        Raises:
            UserError: MLflow is not installed, or the store cannot be used.
        """
        announce("connecting to MLflow")
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
        with _quiet(), _in_one_line(uri, what, "fix MLFLOW_TRACKING_URI"):
            _check_connection(uri)
            client = MlflowClient()
            return cls(client, _experiment(client), _masked(uri, uri))

    def log(self, run: Run) -> dict[str, str]:
        """Log a run if the experiment does not have it yet.

        Returns:
            The store, the experiment, and the id of the MLflow run.

        Raises:
            UserError: the run could not be logged.
        """
        announce(f"logging {run.run_id} to MLflow")
        what = f"runs/{run.run_id} is saved, but could not be logged to {self.store}"
        uri = self.client.tracking_uri
        with _quiet(), _in_one_line(uri, what, "run the command again to log it"):
            logged = self._find(run) or self._log(run)
        return {"store": self.store, "experiment": self.experiment.name, "run": logged}

    def _find(self, run: Run) -> str | None:
        """Return the id of the complete MLflow run of a run, or None."""
        text = f"tags.{_TAG} = '{run.run_id}' and attributes.status = 'FINISHED'"
        found = self.client.search_runs([self.experiment.experiment_id], text)
        return str(found[0].info.run_id) if found else None

    def _log(self, run: Run) -> str:
        """Log a run; mark the MLflow run as failed if it is incomplete."""
        begin = int(datetime.fromisoformat(run.created).timestamp() * 1000)
        created = self.client.create_run(
            self.experiment.experiment_id,
            start_time=begin,
            tags={_TAG: run.run_id, "mlflow.source.name": "pipeline train"},
            run_name=run.run_id,
        )
        logged = str(created.info.run_id)
        try:
            self._fill(logged, run, begin)
        except BaseException:
            with suppress(Exception):
                self.client.set_terminated(logged, "FAILED")
            raise
        end = begin + round(run.seconds * 1000)
        self.client.set_terminated(logged, "FINISHED", end)
        return logged

    def _fill(self, logged: str, run: Run, time: int) -> None:
        for name, value in asdict(run.settings).items():
            text = comma_separated(value) if isinstance(value, tuple) else str(value)
            self.client.log_param(logged, name, text)
        metrics = [*_scores(run, time), *_curves(run.folder / HISTORY, time)]
        for start in range(0, len(metrics), _BATCH):
            self.client.log_batch(logged, metrics[start : start + _BATCH])
        self.client.log_artifacts(logged, str(run.folder))


def _experiment(client: "MlflowClient") -> "Experiment":
    """Return the experiment that MLflow's variables name, or the default one."""
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


def _scores(run: Run, time: int) -> Iterator["Metric"]:
    """Yield the scores of all λ and folds, and of the run."""
    from mlflow.entities import Metric

    values = {
        "cv": run.cv,
        **({"cv_log_rmse": run.cv} if run.metric == LOG_RMSE else {}),
        "seconds": run.seconds,
    }
    if run.best_lambda is not None:
        values["best_lambda"] = run.best_lambda
    values |= {f"forecast_{name}": each for name, each in asdict(run.forecast).items()}
    for score in run.scores:
        group = score.model if score.model != MLP else _group(score.decay)
        for name in ("mean", "std", "pooled"):
            values[f"{group}/{name}"] = getattr(score, name)
        for number, value in enumerate(score.folds, start=1):
            values[f"{group}/fold_{number}"] = value
    for name, value in values.items():
        if math.isfinite(value):  # the score of a fold or λ that diverged is NaN
            yield Metric(name, value, time, 0)


def _curves(path: Path, time: int) -> Iterator["Metric"]:
    """Yield the learning curves of each λ and fold, the mean of its networks."""
    from mlflow.entities import Metric

    means = pd.read_csv(path).groupby(["lambda", "fold", "epoch"])[["train", "valid"]]
    for row in means.mean(skipna=False).dropna().reset_index().itertuples(index=False):
        weight_decay, fold, epoch, *errors = row
        for name, value in zip(("train", "valid"), errors, strict=True):
            key = f"{_group(weight_decay)}/fold_{fold + 1}_{name}"
            yield Metric(key, value, time, epoch)


def _group(weight_decay: float) -> str:
    return f"lambda_{weight_decay:g}"


def _check_connection(uri: str) -> None:
    """Fail at once if a database does not answer: MLflow would retry for minutes."""
    if urlsplit(uri).scheme.partition("+")[0] in _DATABASES:
        import sqlalchemy

        url = sqlalchemy.make_url(uri)
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        sqlalchemy.inspect(sqlalchemy.create_engine(url))


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress MLflow's output: with --json, standard output has one JSON object."""
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
    """Raise a UserError of one line for any error of MLflow or a database driver."""
    try:
        yield
    except Exception as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        reason = one_line(_masked(first, uri), 300)
        raise UserError(f"{what} ({reason}); {remedy}") from None


def _masked(text: str, uri: str) -> str:
    """Return a text without the password of an address."""
    password = urlsplit(uri).password
    return text.replace(password, "***") if password else text
