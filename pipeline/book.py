"""The book's own house-price program (section 3.16), as printed, traps and all.

One linear layer on raw prices. It standardises train and test rows together, before
the folds are cut, and its folds are contiguous; both are kept here, for this is the
published .1709. Where today's pandas would change a number, a comment says so.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from pipeline.folds import Fold
from pipeline.lessons.linear_regression import torch_layer
from pipeline.lessons.training import Learner, train
from pipeline.paths import Folders
from pipeline.schema import ID, TARGET

FOLDS, EPOCHS, LR, BATCH_SIZE = 5, 100, 5.0, 64
PUBLISHED = 0.1709  # mean over the folds of the validation log-RMSE


class BookResult(NamedTuple):
    """Prices in dollars: of each row out of fold, and of the test rows."""

    folds: list[Fold]
    out_of_fold: np.ndarray
    test: np.ndarray


def run_book(folders: Folders, seed: int) -> BookResult:
    """Train one linear layer a fold; the test prices are the folds' mean."""
    train_rows, test_rows = (read(folders, name) for name in ("train", "test"))
    inputs = columns(train_rows, test_rows)
    price = torch.tensor(train_rows[[TARGET]].to_numpy(), dtype=torch.float32)
    generator = torch.Generator().manual_seed(seed)
    folds = contiguous_folds(len(train_rows), FOLDS)
    out_of_fold, test = np.empty(len(train_rows)), []
    for fold in folds:
        prices = _fit(inputs, price, fold.train, generator)
        out_of_fold[fold.valid] = prices[fold.valid]
        test.append(prices[len(train_rows) :])
    return BookResult(folds, out_of_fold, np.mean(test, axis=0))


def contiguous_folds(rows: int, folds: int) -> list[Fold]:
    """Folds of neighbouring rows; the book drops a remainder (1,460 has none)."""
    parts = np.array_split(np.arange(rows), folds)
    return [Fold(np.setdiff1d(np.arange(rows), part), part) for part in parts]


def read(folders: Folders, name: str) -> pd.DataFrame:
    """The houses of data/raw as the book reads them, by the name of their file."""
    # NOTE: the pandas of the book kept the word None of MasVnrType; today's must be
    # told to, or there are 330 columns and not 331.
    path = folders.raw / f"{name}.csv"
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


def _fit(
    columns: Tensor, price: Tensor, rows: np.ndarray, generator: torch.Generator
) -> np.ndarray:
    """Train on some rows and price all; at least a dollar, as the book's score does."""
    layer = torch_layer(columns.shape[1], 1, generator)
    parameters = list(layer.parameters())
    optimizer = torch.optim.Adam(parameters, LR)
    learner = Learner(layer, nn.MSELoss(reduction="none"), optimizer, parameters)
    for _ in train(
        learner,
        columns[rows],
        price[rows],
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        generator=generator,
    ):
        pass
    return np.asarray(learner.predict(columns).clamp(min=1).squeeze(1), dtype=float)
