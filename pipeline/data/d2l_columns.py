"""The 331 columns of the book's house-price program (D2L, section 3.16), as printed.

Numbers are standardised over train and test rows together, before folds are cut, as the
book does. Where today's pandas would change a number, a comment says so.
"""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipeline.core.paths import Project
from pipeline.data.schema import ID, TARGET


def read(project: Project, name: str) -> pd.DataFrame:
    """The houses of data/raw as the book reads them, by the name of their file."""
    # NOTE: the pandas of the book kept the word None of MasVnrType; today's must be
    # told to, or there are 330 columns and not 331.
    path = project.raw / f"{name}.csv"
    return pd.read_csv(path, keep_default_na=False, na_values=["NA", ""])


def columns(train_rows: pd.DataFrame, test_rows: pd.DataFrame) -> Tensor:
    """The 331 columns of all rows: standardised numbers, then one for each word."""
    rows = pd.concat([train_rows.drop(columns=TARGET), test_rows]).drop(columns=ID)
    # NOTE: the book takes what is not `object`; today's strings are not, either.
    numbers = rows.select_dtypes("number").columns
    standard = (rows[numbers] - rows[numbers].mean()) / rows[numbers].std()
    rows = rows.assign(**standard.fillna(0))
    # NOTE: without a dtype, words become bools, which torch cannot mix with numbers.
    hot = pd.get_dummies(rows, dummy_na=True, dtype=np.float32)
    return torch.tensor(hot.to_numpy(np.float32))
