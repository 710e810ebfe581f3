"""Log runs to MLflow: settings, scores, learning curves, the data set and all files.

MLflow's environment variables choose the store and the experiment:
MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME and so on. The files are logged as they are;
no pickle or MLflow model is added.
"""

import io
import logging
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import pandas as pd

from pipeline.core.errors import UserError, how_to_install, one_line
from pipeline.core.metrics import LOG_RMSE
from pipeline.core.paths import PACKAGE
from pipeline.core.progress import announce
from pipeline.core.settings import comma_separated
from pipeline.runs.record import HISTORY, Run

if TYPE_CHECKING:  # MLflow takes seconds to load
    from mlflow.data.dataset import Dataset
    from mlflow.entities import Experiment

EXPERIMENT = "house-prices"  # the default
_TAG = "run_id"  # finds the MLflow run of one of our runs
_TRAIN = "data/raw/train.csv"
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
            import mlflow
        except ImportError:
            raise UserError(
                "--track mlflow: MLflow is not installed; "
                f"{how_to_install('mlflow-skinny>=3')}"
            ) from None
        store = _masked(mlflow.get_tracking_uri())
        what = f"--track mlflow: {store} cannot be used"
        with _errors_in_one_line(what, "fix MLFLOW_TRACKING_URI"):
            _check_database(mlflow.get_tracking_uri())
            number = os.environ.get("MLFLOW_EXPERIMENT_ID") or None
            name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
            found = mlflow.set_experiment(None if number else name, number)
            return cls(found, store)

    def log(self, run: Run) -> dict[str, str]:
        """Log a run if the experiment does not have it yet.

        Returns:
            The store, the experiment, and the id of the MLflow run.

        Raises:
            UserError: The run could not be logged.
        """
        import mlflow

        announce(f"logging {run.run_id} to MLflow")
        what = f"runs/{run.run_id} is saved, but could not be logged to {self.store}"
        with _errors_in_one_line(what, "run the command again to log it"):
            text = f"tags.{_TAG} = '{run.run_id}' and attributes.status = 'FINISHED'"
            number = self.experiment.experiment_id
            found = mlflow.MlflowClient().search_runs([number], text)
            logged = str(found[0].info.run_id) if found else _log(run, number)
        return {"store": self.store, "experiment": self.experiment.name, "run": logged}


def _log(run: Run, experiment: str) -> str:
    """Log a run to an experiment; the MLflow run is marked as failed on an error.

    The client is used for the start and end of the run, which the fluent functions
    cannot set, and for all metrics in few requests.
    """
    import mlflow
    from mlflow.entities import Metric

    client = mlflow.MlflowClient()
    begin = int(datetime.fromisoformat(run.created).timestamp() * 1000)
    created = client.create_run(experiment, begin, _tags(run), run.run_id)
    logged = str(created.info.run_id)
    metrics = [
        Metric(name, value, begin, step)
        for name, value, step in [*_scores(run), *_curves(run)]
        if math.isfinite(value)  # the score of a fold or λ that diverged is NaN
    ]
    with mlflow.start_run(logged):
        mlflow.log_params(
            {
                name: comma_separated(value) if isinstance(value, tuple) else value
                for name, value in asdict(run.settings).items()
            }
        )
        mlflow.log_input(_dataset(run), context="training")
        for start in range(0, len(metrics), _BATCH):
            client.log_batch(logged, metrics[start : start + _BATCH])
        mlflow.log_artifacts(str(run.folder))
    client.set_terminated(logged, "FINISHED", begin + round(run.seconds * 1000))
    return logged


def _tags(run: Run) -> dict[str, str]:
    """Return the tags of a run: its id, its note, and the commit of the code."""
    from mlflow.utils.git_utils import get_git_commit

    tags = {
        _TAG: run.run_id,
        "mlflow.source.name": "pipeline train",
        "mlflow.source.git.commit": get_git_commit(str(PACKAGE)),
        "mlflow.note.content": run.note,
    }
    return {name: value for name, value in tags.items() if value}


def _dataset(run: Run) -> "Dataset":
    """Return the training file, with the digest that the run has recorded."""
    from mlflow.data.dataset_source_registry import resolve_dataset_source
    from mlflow.data.meta_dataset import MetaDataset

    root = run.folder.resolve().parent.parent
    source = resolve_dataset_source(str(root / _TRAIN))
    digest = (run.inputs.get(_TRAIN) or "")[:36]  # the longest that MLflow accepts
    return MetaDataset(source, _TRAIN, digest)  # type: ignore[abstract]


def _scores(run: Run) -> Iterator[tuple[str, float, int]]:
    """Yield the name, value and step 0 of the run's scores and of each model's."""
    values = {"cv": run.cv, "seconds": run.seconds}
    values |= {f"forecast_{name}": end for name, end in vars(run.forecast).items()}
    if run.metric == LOG_RMSE.name:
        values["cv_log_rmse"] = run.cv
    if run.best_value is not None:
        values["best_lambda"] = run.best_value
    for score in run.scores:
        group = score.model if score.value is None else _group(score.value)
        for name in ("mean", "std", "pooled"):
            values[f"{group}/{name}"] = getattr(score, name)
        for number, value in enumerate(score.folds, start=1):
            values[f"{group}/fold_{number}"] = value
    for name, value in values.items():
        yield name, value, 0


def _curves(run: Run) -> Iterator[tuple[str, float, int]]:
    """Yield the learning curves of each λ and fold, the mean of its networks."""
    if run.history_of is None:
        return
    curves = pd.read_csv(run.folder / HISTORY)
    means = curves.groupby(["lambda", "fold", "epoch"])[["train", "valid"]]
    for row in means.mean(skipna=False).reset_index().itertuples(index=False):
        weight_decay, fold, epoch, train, valid = row
        for name, value in (("train", train), ("valid", valid)):
            yield f"{_group(weight_decay)}/fold_{fold}_{name}", value, epoch


def _group(weight_decay: float) -> str:
    return f"lambda_{weight_decay:g}"


def _check_database(uri: str) -> None:
    """Fail at once if a database does not answer: MLflow would retry for minutes."""
    if urlsplit(uri).scheme.partition("+")[0] in _DATABASES:
        import sqlalchemy

        url = sqlalchemy.make_url(uri)
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        sqlalchemy.inspect(sqlalchemy.create_engine(url))


@contextmanager
def _errors_in_one_line(what: str, remedy: str) -> Iterator[None]:
    """Raise a UserError of one line for any error of MLflow or a database driver.

    What MLflow prints is suppressed: with --json, standard output has one JSON object.
    """
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    except Exception as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"{what} ({one_line(_masked(first), 300)}); {remedy}") from None
    finally:
        logging.disable(before)


def _masked(text: str) -> str:
    """Return a text without the password in the address of the store."""
    from mlflow import get_tracking_uri

    password = urlsplit(get_tracking_uri()).password
    return text.replace(password, "***") if password else text
