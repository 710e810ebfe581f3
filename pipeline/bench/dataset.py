"""The rows of the benchmark: the real houses in the book's own columns."""

import numpy as np

from pipeline.core.paths import Project
from pipeline.data import d2l_columns
from pipeline.data.raw import read_test, read_train
from pipeline.data.schema import TARGET


def load(project: Project) -> tuple[np.ndarray, np.ndarray]:
    """Inputs [rows, d_in] and the standardised log price [rows], both float32.

    Raises:
        UserError: data/raw cannot be used.
    """
    price = read_train(project.raw / "train.csv")[TARGET].to_numpy()
    read_test(project.raw / "test.csv")
    columns = d2l_columns.columns(
        d2l_columns.read(project, "train"), d2l_columns.read(project, "test")
    )
    log_price = np.log(price)
    target = (log_price - log_price.mean()) / log_price.std()
    return columns[: len(price)].numpy(), target.astype(np.float32)
