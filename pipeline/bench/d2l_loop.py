"""The book's training loop (section 3.16): one network after another."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from pipeline.bench.task import (
    BATCH_SIZE,
    LR,
    BenchmarkTask,
    Parallelism,
    root_mean_square,
)


def train(task: BenchmarkTask, parallelism: Parallelism) -> np.ndarray:
    """Train every network; return their validation errors, shape (λ, folds)."""
    torch.set_num_threads(parallelism.threads)
    torch.manual_seed(0)
    X, y = torch.from_numpy(task.inputs), torch.from_numpy(task.target)[:, None]
    return np.array(
        [
            [
                _train_one(
                    task, weight_decay, (X[train], y[train]), (X[valid], y[valid])
                )
                for train, valid in task.folds
            ]
            for weight_decay in task.lambdas
        ]
    )


def network(task: BenchmarkTask) -> nn.Module:
    """Return one network of the task, as torch initialises it."""
    d_in = task.inputs.shape[1]
    return nn.Sequential(
        nn.Linear(d_in, task.hidden), nn.ReLU(), nn.Linear(task.hidden, 1)
    )


def _train_one(
    task: BenchmarkTask,
    weight_decay: float,
    train: tuple[Tensor, Tensor],
    valid: tuple[Tensor, Tensor],
) -> float:
    """Train as printed, with a hidden layer added; score both parts per epoch."""
    net = network(task)
    loss = nn.MSELoss()
    loader = DataLoader(TensorDataset(*train), BATCH_SIZE, shuffle=True)
    optimizer = torch.optim.Adam(net.parameters(), LR, weight_decay=weight_decay)
    train_errors, valid_errors = [], []
    for _ in range(task.epochs):
        for X, y in loader:
            value = loss(net(X), y)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
        train_errors.append(_error(net, *train))
        valid_errors.append(_error(net, *valid))
    return valid_errors[-1]


@torch.no_grad()
def _error(net: nn.Module, X: Tensor, y: Tensor) -> float:
    return root_mean_square((net(X) - y).numpy())
