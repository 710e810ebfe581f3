"""The stacked MLP of this project, cut into parts that train in parallel."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from joblib import Parallel, delayed

from pipeline.bench.task import (
    BATCH_SIZE,
    FOLDS,
    LR,
    BenchmarkTask,
    Parallelism,
    root_mean_square,
)
from pipeline.core.settings import Settings
from pipeline.network.adamw import AdamWOptions
from pipeline.network.batches import Rows
from pipeline.network.inference import predict_rows
from pipeline.network.inputs import Inputs
from pipeline.network.loss import huber_loss
from pipeline.network.partition import even_cut, joined, pieces
from pipeline.network.schedule import Schedule
from pipeline.network.trainer import Candidate, Trainer
from pipeline.validation.parallel import Replica, replica_seed


def train(task: BenchmarkTask, parallelism: Parallelism) -> np.ndarray:
    """Train all networks; return their validation errors, shape (λ, folds).

    They compute more than those of the other competitors: SiLU, a linear head beside
    the hidden layer, and errors of both heads. They are scored once, at the end, as
    those of scikit-learn and vmap are.
    """
    torch.set_num_threads(parallelism.threads)
    across, down = even_cut(len(task.lambdas), FOLDS, parallelism.jobs)
    parts = list(product(pieces(task.lambdas, across), pieces(range(FOLDS), down)))
    errors = Parallel(n_jobs=len(parts), backend="threading")(
        delayed(_errors)(task, lambdas, folds) for lambdas, folds in parts
    )
    return joined(errors, down)


def _errors(
    task: BenchmarkTask, lambdas: Sequence[float], folds: Sequence[int]
) -> np.ndarray:
    """Train a part; return its validation errors, shape (λ, folds)."""
    trainer = new_trainer(task, lambdas, folds)
    for _ in range(task.epochs):
        trainer.train_epoch()
    rows = trainer.train
    every = torch.arange(len(task.target)).expand(len(folds), -1)
    stacks = [each.stack for each in trainer.candidate_trainers]
    errors = predict_rows(stacks, rows.inputs, rows.fold, every) - task.target
    valid = [task.folds[fold][1] for fold in folds]
    return np.array(
        [
            [root_mean_square(e[v]) for e, v in zip(own, valid, strict=True)]
            for own in errors
        ]
    )


def new_trainer(
    task: BenchmarkTask, lambdas: Sequence[float], folds: Sequence[int]
) -> Trainer:
    """Return an untrained stack of a network per λ and fold, in default settings."""
    defaults = Settings()
    lengths = [len(train) for train, _ in task.folds]
    rows = Rows(
        inputs=Inputs.plain(task.inputs),
        targets=torch.from_numpy(task.target)[None],
        fold=torch.zeros(len(folds), dtype=torch.long),
        rows=[torch.from_numpy(task.folds[fold][0]) for fold in folds],
        longest=max(lengths),
    )
    return Trainer(
        train=rows,
        valid=rows.emptied(),
        candidates=[Candidate(weight_decay, LR, 0.0) for weight_decay in lambdas],
        seeds=[replica_seed(defaults.seed, Replica(fold, 0)) for fold in folds],
        loss=huber_loss(torch.full([len(folds)], defaults.huber_delta)),
        hidden=(task.hidden,),
        schedule=Schedule(task.epochs, min(lengths) // BATCH_SIZE, defaults.warm_up),
        adamw=AdamWOptions(defaults.adam_betas, defaults.wide_lr_multiplier),
    )
