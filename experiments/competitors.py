"""The implementations that `experiments.speed` compares, and the task that they share.

The inputs are the book's 331 columns of the house-price data, and the target is the log
price, standardised over all rows. A network has d_in inputs, one hidden layer and one
output. It is trained by Adam with batches of 64 rows and a learning rate of 0.001.
There is one network for each λ and each of five contiguous folds.

The libraries are imported inside the functions. Every function runs in another process,
whose peak memory must not include the libraries of another implementation.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from pipeline.core.paths import Project

FOLDS, BATCH_SIZE, LR, HUBER_DELTA = 5, 64, 1e-3, 0.07
LAMBDAS = (0.0, 1.0, 5.0, 10.0)


@dataclass(frozen=True)
class Task:
    """The networks to train, and how many cores to use.

    Shapes: inputs [rows, d_in] and target [rows], both float32 without NaN. `folds` are
    training and validation rows. `jobs` parts train in parallel, with `threads` threads
    each.
    """

    inputs: np.ndarray
    target: np.ndarray
    folds: list[tuple[np.ndarray, np.ndarray]]
    hidden: int
    epochs: int
    lambdas: tuple[float, ...] = LAMBDAS
    jobs: int = 1
    threads: int = 1

    @property
    def networks(self) -> int:
        """The number of networks."""
        return FOLDS * len(self.lambdas)

    @property
    def operations(self) -> int:
        """The floating-point operations of the matrix products of all training steps.

        A product of [a, b] and [b, c] takes 2abc operations. A layer has three: its
        outputs, the gradients of its weights, and the gradients of its inputs, which
        the first layer does not need. Scoring is not counted, since the implementations
        score in different ways.
        """
        d_in: int = self.inputs.shape[1]
        per_row = 2 * (2 * d_in * self.hidden + 3 * self.hidden)
        rows = sum(len(train) for train, _ in self.folds)
        return per_row * rows * self.epochs * len(self.lambdas)


def load(project: Project, hidden: int, epochs: int) -> Task:
    """Return the task on the files of data/raw.

    Raises:
        UserError: Data/raw is missing or invalid.
    """
    from pipeline.ames import d2l_columns
    from pipeline.ames.table import ames
    from pipeline.data.raw import read_test, read_train
    from pipeline.validation.folds import contiguous_folds

    train = read_train(project.raw / "train.csv", ames())  # both files are checked
    read_test(project.raw / "test.csv", ames())
    frames = [d2l_columns.read(project, name) for name in ("train", "test")]
    inputs = d2l_columns.columns(*frames)[: len(train)].numpy()
    log_price = np.log(train[d2l_columns.TARGET].to_numpy())
    target = (log_price - log_price.mean()) / log_price.std()
    folds = [(fold.train, fold.valid) for fold in contiguous_folds(len(train), FOLDS)]
    return Task(inputs, target.astype(np.float32), folds, hidden, epochs)


def book(task: Task) -> np.ndarray:
    """Train by the book's loop (section 3.16), one network after another.

    The loop is as printed, with a hidden layer added: training and validation rows are
    scored after each epoch.
    """
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    torch.set_num_threads(task.threads)
    torch.manual_seed(0)
    X, y = torch.from_numpy(task.inputs), torch.from_numpy(task.target)[:, None]
    loss = nn.MSELoss()

    @torch.no_grad()
    def score(net: nn.Module, rows: np.ndarray) -> float:
        return float(loss(net(X[rows]), y[rows]).sqrt())

    errors = []
    for weight_decay, (train, valid) in product(task.lambdas, task.folds):
        net = _network(task)
        loader = DataLoader(TensorDataset(X[train], y[train]), BATCH_SIZE, shuffle=True)
        optimizer = torch.optim.Adam(net.parameters(), LR, weight_decay=weight_decay)
        for _ in range(task.epochs):
            for inputs, target in loader:
                value = loss(net(inputs), target)
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
            after_epoch = score(net, train), score(net, valid)
        errors.append(after_epoch[1])
    return np.reshape(errors, (-1, FOLDS))


def sklearn(task: Task) -> np.ndarray:
    """Train scikit-learn's MLPRegressor by GridSearchCV, without early stopping."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import GridSearchCV
    from sklearn.neural_network import MLPRegressor
    from threadpoolctl import threadpool_limits

    model = MLPRegressor(
        hidden_layer_sizes=(task.hidden,),
        batch_size=BATCH_SIZE,
        learning_rate_init=LR,
        max_iter=task.epochs,
        n_iter_no_change=task.epochs + 1,  # no early stopping
        random_state=0,
    )
    search = GridSearchCV(
        model,
        {"alpha": task.lambdas},
        scoring="neg_root_mean_squared_error",
        cv=task.folds,
        n_jobs=task.jobs,
        refit=False,
    )
    with threadpool_limits(task.threads), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = search.fit(task.inputs, task.target).cv_results_
    return -np.transpose([found[f"split{fold}_test_score"] for fold in range(FOLDS)])


def vmap(task: Task) -> np.ndarray:
    """Train all networks at once by torch.func: map a gradient over stacked modules."""
    import torch
    from torch import Tensor, nn
    from torch.func import functional_call, grad, stack_module_state
    from torch.func import vmap as mapped

    torch.set_num_threads(task.threads)
    torch.manual_seed(0)
    X, y = torch.from_numpy(task.inputs), torch.from_numpy(task.target)
    net = _network(task)
    nets = [_network(task) for _ in range(task.networks)]
    parameters = {k: v.detach() for k, v in stack_module_state(nets)[0].items()}

    def predict(parameters: dict[str, Tensor], rows: Tensor) -> Tensor:
        return functional_call(net, parameters, rows).squeeze(-1)

    def loss(parameters: dict[str, Tensor], rows: Tensor, target: Tensor) -> Tensor:
        return nn.functional.mse_loss(predict(parameters, rows), target)

    gradients_of = mapped(grad(loss))
    optimizer = torch.optim.Adam(parameters.values(), LR, fused=True)
    shrink = 1 - LR * torch.tensor(task.lambdas).repeat_interleave(FOLDS)
    # Sizes of folds may differ by one row; vmap needs folds of equal size.
    train_rows, valid_rows = (
        torch.from_numpy(
            np.stack([rows[: min(map(len, part))] for rows in part])
        ).repeat(len(task.lambdas), 1)
        for part in zip(*task.folds, strict=True)
    )
    for _ in range(task.epochs):
        order = torch.rand(train_rows.shape).argsort(1)
        for index in torch.split(train_rows.gather(1, order), BATCH_SIZE, 1):
            gradients = gradients_of(parameters, X[index], y[index])
            for name, parameter in parameters.items():
                parameter.grad = gradients[name]
                if name.endswith("weight"):
                    parameter.mul_(shrink[:, None, None])
            optimizer.step()
    predicted = mapped(predict)(parameters, X[valid_rows])
    errors = (predicted - y[valid_rows]).square().mean(1).sqrt()
    return errors.reshape(-1, FOLDS).numpy()


def engine(task: Task) -> np.ndarray:
    """Train the stacked MLP of this project, in parts that train in parallel.

    It computes SiLU instead of ReLU. It is scored once, at the end, as scikit-learn and
    vmap are.
    """
    import torch
    from joblib import Parallel, delayed

    from pipeline.core.settings import Settings
    from pipeline.network.adamw import AdamWOptions
    from pipeline.network.batches import Rows
    from pipeline.network.inference import predict_rows
    from pipeline.network.inputs import Inputs
    from pipeline.network.loss import huber_loss
    from pipeline.network.partition import even_cut, joined, pieces
    from pipeline.network.schedule import Schedule
    from pipeline.network.seeds import replica_seed
    from pipeline.network.trainer import Candidate, Trainer

    defaults = Settings()
    lengths = [len(train) for train, _ in task.folds]

    def predict_part(lambdas: Sequence[float], folds: Sequence[int]) -> np.ndarray:
        """Train a network per λ and fold; predict all rows, shape (λ, folds, rows)."""
        rows = Rows(
            inputs=Inputs.plain(task.inputs),
            targets=torch.from_numpy(task.target)[None],
            fold=torch.zeros(len(folds), dtype=torch.long),
            rows=[torch.from_numpy(task.folds[fold][0]) for fold in folds],
            longest=max(lengths),
        )
        batches = min(lengths) // BATCH_SIZE
        trainer = Trainer(
            train=rows,
            valid=rows.emptied(),
            candidates=[Candidate(weight_decay, LR, 0.0) for weight_decay in lambdas],
            seeds=[replica_seed(defaults.seed, (fold, 0)) for fold in folds],
            loss=huber_loss(torch.full([len(folds)], HUBER_DELTA)),
            hidden=(task.hidden,),
            schedule=Schedule(task.epochs, batches, defaults.warm_up),
            adamw=AdamWOptions(defaults.adam_betas, torch.ones(len(folds))),
        )
        for _ in range(task.epochs):
            trainer.train_epoch()
        stacks = [candidate.stack for candidate in trainer.candidate_trainers]
        all_rows = torch.arange(len(task.target)).expand(len(folds), -1)
        return predict_rows(stacks, rows.inputs, rows.fold, all_rows)

    torch.set_num_threads(task.threads)
    across, down = even_cut(len(task.lambdas), FOLDS, task.jobs)
    parts = product(pieces(task.lambdas, across), pieces(range(FOLDS), down))
    predicted = Parallel(n_jobs=across * down, backend="threading")(
        delayed(predict_part)(*part) for part in parts
    )
    squares = (joined(predicted, down) - task.target) ** 2
    by_fold = [
        squares[:, fold, valid].mean(-1) for fold, (_, valid) in enumerate(task.folds)
    ]
    return np.sqrt(np.transpose(by_fold))


# Train all networks; return their validation errors, shape (λ, folds).
COMPETITORS: dict[str, Callable[[Task], np.ndarray]] = {
    "book": book,
    "scikit-learn": sklearn,
    "vmap": vmap,
    "engine": engine,
}


def _network(task: Task) -> Any:  # noqa: ANN401
    """Return one network of the task, a module as torch initialises it."""
    from torch import nn

    hidden = nn.Linear(task.inputs.shape[1], task.hidden)
    return nn.Sequential(hidden, nn.ReLU(), nn.Linear(task.hidden, 1))
