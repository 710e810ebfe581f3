"""The 331 columns of the house-price program in Dive into Deep Learning, section 3.16.

As in the book, numbers are standardised over training and test rows together, before
the rows are split into folds. NOTE marks where a newer pandas would change a number.
"""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipeline.core.paths import Project

ID, TARGET = "Id", "SalePrice"


def read(project: Project, name: str) -> pd.DataFrame:
    """Read data/raw/<name>.csv as the book does."""
    # NOTE: the pandas of the book kept the category None of MasVnrType. A newer pandas
    # reads it as missing by default, and there would be 330 columns.
    path = project.raw / f"{name}.csv"
    return pd.read_csv(path, keep_default_na=False, na_values=["NA", ""])


def columns(train_rows: pd.DataFrame, test_rows: pd.DataFrame) -> Tensor:
    """Return the columns of all rows, shape (n_rows, 331): numbers, then categories."""
    rows = pd.concat([train_rows.drop(columns=TARGET), test_rows]).drop(columns=ID)
    # NOTE: the book selects what is not `object`; strings are not `object` any more.
    numbers = rows.select_dtypes("number").columns
    standard = (rows[numbers] - rows[numbers].mean()) / rows[numbers].std()
    rows = rows.assign(**standard.fillna(0))
    # NOTE: without a dtype the indicators are bools, which torch cannot convert.
    hot = pd.get_dummies(rows, dummy_na=True, dtype=np.float32)
    return torch.tensor(hot.to_numpy(np.float32))
