"""What a model is: the columns that it reads, how it is fitted, how it predicts.

A fitted model is a dict of plain arrays. So all models are saved alike, as tensors, and
a run folder holds nothing that could run code.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.settings import Settings
from pipeline.data.dataset import Layout
from pipeline.data.encoder import Matrix

Arrays = Mapping[str, np.ndarray]
Step = Callable[[], None]  # called after each step of the progress


class Model(NamedTuple):
    """A model as three functions and a check.

    Attributes:
        read: Return the columns of a frame of features that the model reads, float32,
            NaN where missing. Nothing in them is fitted.
        fit: Fit on training rows: columns (n_rows, n_columns), transformed targets
            (n_rows,), centred or standardised, a random seed, the settings, the
            callback of the progress, and the loss, RMSE or MAE.
        predict: Return the predictions, in the same scale, of rows (n_rows, n_columns).
        check: Raise ValueError or KeyError unless the arrays are those of a fitted
            model of this number of columns: a run folder may come from a stranger.
    """

    read: Callable[[pd.DataFrame, Layout], Matrix]
    fit: Callable[[np.ndarray, np.ndarray, int, Settings, Step, str], Arrays]
    predict: Callable[[Arrays, np.ndarray], np.ndarray]
    check: Callable[[Arrays, int], None]
