"""The data of the benchmark: the house-price data in the book's own columns."""

import numpy as np

from pipeline.ames import d2l_columns
from pipeline.ames.table import ames
from pipeline.bench.task import FOLDS, Split
from pipeline.core.paths import Project
from pipeline.data.raw import read_test, read_train
from pipeline.validation.folds import contiguous_folds


def load(project: Project) -> tuple[np.ndarray, np.ndarray, list[Split]]:
    """Return inputs, target and folds of a `BenchmarkTask`.

    Shapes: inputs [rows, d_in] and the standardised log price [rows], both float32.

    Raises:
        UserError: data/raw is missing or invalid.
    """
    train = read_train(project.raw / "train.csv", ames())
    price = train[d2l_columns.TARGET].to_numpy()
    read_test(project.raw / "test.csv", ames())
    columns = d2l_columns.columns(
        d2l_columns.read(project, "train"), d2l_columns.read(project, "test")
    )
    log_price = np.log(price)
    target = (log_price - log_price.mean()) / log_price.std()
    folds = [(fold.train, fold.valid) for fold in contiguous_folds(len(price), FOLDS)]
    return columns[: len(price)].numpy(), target.astype(np.float32), folds
