"""The book's house-price program (section 3.16; 5.7 on d2l.ai), with its flaws.

It trains one linear layer on prices in dollars. It standardises training and test rows
together, before they are split into folds, and its folds are contiguous. Both are kept,
to reproduce the published score of .1709.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.ames import d2l_columns
from pipeline.core.paths import Project
from pipeline.lessons.linear_regression import minibatches, torch_layer
from pipeline.validation.folds import Fold, contiguous_folds

FOLDS, EPOCHS, LR, BATCH_SIZE = 5, 100, 5.0, 64
PUBLISHED = 0.1709  # validation log-RMSE, mean over the folds


class BookResult(NamedTuple):
    """The folds, and the predicted prices in dollars.

    Shapes: out_of_fold [rows]; test [test rows].
    """

    folds: list[Fold]
    out_of_fold: np.ndarray
    test: np.ndarray


def run_book(
    project: Project, seed: int, after_epoch: Callable[[], None]
) -> BookResult:
    """Train one linear layer per fold; test prices are the mean over the folds.

    Args:
        project: The project, whose raw files are read.
        seed: Random seed of weights and batches.
        after_epoch: Called after each epoch of each fold.
    """
    train_rows, test_rows = (
        d2l_columns.read(project, name) for name in ("train", "test")
    )
    inputs = d2l_columns.columns(train_rows, test_rows)
    price = torch.tensor(
        train_rows[[d2l_columns.TARGET]].to_numpy(), dtype=torch.float32
    )
    generator = torch.Generator().manual_seed(seed)
    folds = contiguous_folds(len(train_rows), FOLDS)
    out_of_fold, test = np.empty(len(train_rows)), []
    for fold in folds:
        prices = _fit(inputs, price, fold.train, generator, after_epoch)
        out_of_fold[fold.valid] = prices[fold.valid]
        test.append(prices[len(train_rows) :])
    return BookResult(folds, out_of_fold, np.mean(test, axis=0))


def _fit(
    columns: Tensor,
    price: Tensor,
    rows: np.ndarray,
    generator: torch.Generator,
    after_epoch: Callable[[], None],
) -> np.ndarray:
    """Train on some rows and predict all, at least $1 each, as in the book's score."""
    layer, loss = torch_layer(columns.shape[1], 1, generator), nn.MSELoss()
    optimizer = torch.optim.Adam(layer.parameters(), LR)
    for _ in range(EPOCHS):
        for inputs, prices in minibatches(
            columns[rows], price[rows], BATCH_SIZE, generator
        ):
            optimizer.zero_grad()
            loss(layer(inputs), prices).backward()
            optimizer.step()
        after_epoch()
    predicted = layer(columns).detach().clamp(min=1).squeeze(1)
    return np.asarray(predicted, dtype=float)
