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
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pandas as pd

from pipeline.core.errors import UserError, how_to_install, one_line
from pipeline.core.paths import PACKAGE
from pipeline.core.progress import announce
from pipeline.core.settings import comma_separated
from pipeline.runs.record import HISTORY, Run

if TYPE_CHECKING:  # MLflow takes seconds to load
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


def connect() -> "Experiment":
    """Connect to the store, and create the experiment if it does not exist.

    Raises:
        UserError: MLflow is not installed, or the store cannot be used.
    """
    announce("connecting to MLflow")
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import get_tracking_uri, set_experiment
    except ImportError:
        raise UserError(
            "--track mlflow: MLflow is not installed; "
            f"{how_to_install('mlflow-skinny>=3')}"
        ) from None
    what = f"--track mlflow: {_masked(get_tracking_uri())} cannot be used"
    with _errors_in_one_line(what, "fix MLFLOW_TRACKING_URI"):
        _check_database(get_tracking_uri())
        number = os.environ.get("MLFLOW_EXPERIMENT_ID") or None
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
        return set_experiment(None if number else name, number)


def log(run: Run, experiment: "Experiment") -> dict[str, str]:
    """Log a run if the experiment does not have it yet.

    Returns:
        The store without password, the experiment, and the id of the MLflow run.

    Raises:
        UserError: The run could not be logged.
    """
    from mlflow import MlflowClient, get_tracking_uri

    announce(f"logging {run.run_id} to MLflow")
    store, number = _masked(get_tracking_uri()), experiment.experiment_id
    what = f"runs/{run.run_id} is saved, but could not be logged to {store}"
    with _errors_in_one_line(what, "run the command again to log it"):
        text = f"tags.{_TAG} = '{run.run_id}' and attributes.status = 'FINISHED'"
        found = MlflowClient().search_runs([number], text)
        logged = str(found[0].info.run_id) if found else _log(run, number)
    return {"store": store, "experiment": experiment.name, "run": logged}


def _log(run: Run, experiment: str) -> str:
    """Log a run to an experiment; the MLflow run is marked as failed on an error.

    The client is used for the start and end of the run, which the fluent functions
    cannot set, and for all metrics in few requests.
    """
    import mlflow
    from mlflow.data.dataset_source_registry import resolve_dataset_source
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.entities import Metric
    from mlflow.utils.git_utils import get_git_commit

    client = mlflow.MlflowClient()
    begin = int(datetime.fromisoformat(run.created).timestamp() * 1000)
    tags = {
        _TAG: run.run_id,
        "mlflow.source.name": "pipeline train",
        "mlflow.source.git.commit": get_git_commit(str(PACKAGE)),
        "mlflow.note.content": run.note,
    }
    tags = {name: value for name, value in tags.items() if value}
    logged = client.create_run(experiment, begin, tags, run.run_id).info.run_id
    metrics = [
        Metric(name, value, begin, step)
        for name, value, step in [*_scores(run), *_curves(run)]
        if value is not None and math.isfinite(value)  # NaN where a network diverged
    ]
    source = resolve_dataset_source(str(run.folder.resolve().parents[1] / _TRAIN))
    digest = (run.inputs.get(_TRAIN) or "")[:36]  # the longest that MLflow accepts
    with mlflow.start_run(logged):
        settings = asdict(run.settings).items()
        mlflow.log_params(
            {n: comma_separated(v) if isinstance(v, tuple) else v for n, v in settings}
        )
        data = MetaDataset(source, _TRAIN, digest)  # type: ignore[abstract]
        mlflow.log_input(data, context="training")
        for start in range(0, len(metrics), _BATCH):
            client.log_batch(logged, metrics[start : start + _BATCH])
        mlflow.log_artifacts(str(run.folder))
    client.set_terminated(logged, "FINISHED", begin + round(run.seconds * 1000))
    return str(logged)


def _scores(run: Run) -> Iterator[tuple[str, float | None, int]]:
    """Yield the name, value and step 0 of the run's scores and of each model's."""
    document = run.to_json()
    for name in ("cv", "cv_log_rmse", "best_lambda", "seconds"):
        yield name, document[name], 0
    for name, value in vars(run.forecast).items():
        yield f"forecast_{name}", value, 0
    for score in run.scores:
        group = score.model if score.value is None else f"lambda_{score.value:g}"
        yield f"{group}/mean", score.mean, 0
        yield f"{group}/std", score.std, 0
        yield f"{group}/pooled", score.pooled, 0
        for number, value in enumerate(score.folds, start=1):
            yield f"{group}/fold_{number}", value, 0


def _curves(run: Run) -> Iterator[tuple[str, float, int]]:
    """Yield the learning curves of each λ and fold, the mean of its networks."""
    if run.history_of is None:
        return
    curves = pd.read_csv(run.folder / HISTORY)
    networks = curves.groupby(["lambda", "fold", "epoch"])[["train", "valid"]]
    means = networks.mean(skipna=False).reset_index()
    for weight_decay, fold, epoch, train, valid in means.itertuples(index=False):
        yield f"lambda_{weight_decay:g}/fold_{fold}_train", train, epoch
        yield f"lambda_{weight_decay:g}/fold_{fold}_valid", valid, epoch


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
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"), redirect_stdout(io.StringIO()):
            yield
    except Exception as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"{what} ({one_line(_masked(first), 300)}); {remedy}") from None
    finally:
        logging.disable(logging.NOTSET)


def _masked(text: str) -> str:
    """Return a text without the password in the address of the store."""
    from mlflow import get_tracking_uri

    password = urlsplit(get_tracking_uri()).password
    return text.replace(password, "***") if password else text
