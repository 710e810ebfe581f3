"""The book's loop (section 3.16): one network after another, batch by batch."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from pipeline.bench.task import BATCH_SIZE, LR, Setting, Task, root_mean_square


def train(task: Task, setting: Setting) -> np.ndarray:
    """Train every network; the validation error of each, [λ, folds]."""
    torch.set_num_threads(setting.threads)
    torch.manual_seed(0)
    X, y = torch.from_numpy(task.inputs), torch.from_numpy(task.target)[:, None]
    return np.array(
        [
            [
                _train_one(task, weight_decay, (X[rows], y[rows]), (X[rest], y[rest]))
                for rows, rest in task.folds
            ]
            for weight_decay in task.lambdas
        ]
    )


def network(task: Task) -> nn.Module:
    """One network of the task, as torch draws it."""
    d_in = task.inputs.shape[1]
    return nn.Sequential(
        nn.Linear(d_in, task.hidden), nn.ReLU(), nn.Linear(task.hidden, 1)
    )


def _train_one(
    task: Task,
    weight_decay: float,
    rows: tuple[Tensor, Tensor],
    rest: tuple[Tensor, Tensor],
) -> float:
    """As printed, but for the hidden layer; both errors are taken every epoch."""
    net = network(task)
    loss = nn.MSELoss()
    loader = DataLoader(TensorDataset(*rows), BATCH_SIZE, shuffle=True)
    optimizer = torch.optim.Adam(net.parameters(), LR, weight_decay=weight_decay)
    train_errors, valid_errors = [], []
    for _ in range(task.epochs):
        for X, y in loader:
            answer = loss(net(X), y)
            optimizer.zero_grad()
            answer.backward()
            optimizer.step()
        train_errors.append(_error(net, *rows))
        valid_errors.append(_error(net, *rest))
    return valid_errors[-1]


@torch.no_grad()
def _error(net: nn.Module, X: Tensor, y: Tensor) -> float:
    return root_mean_square((net(X) - y).numpy())
