"""Our engine: all networks as one stack, cut into parts side by side."""

import numpy as np
import torch

from pipeline.bench.task import BATCH_SIZE, FOLDS, LR, Setting, Task, root_mean_square
from pipeline.core.settings import Settings
from pipeline.data.encoder import Encoder
from pipeline.network.inputs import Inputs, pad_columns
from pipeline.network.trainer import Candidate
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import Fold
from pipeline.validation.parallel import Replica, train_replicas

_NONE = np.array([], dtype=int)


def train(task: Task, setting: Setting) -> np.ndarray:
    """Train all networks; the validation error of each, [λ, folds].

    They are the project's own, which do more than the others': SiLU, a linear head
    beside the hidden layer, and an error taken of both heads. As scikit-learn's and
    vmap's, they are scored at the end, and not after each epoch.
    """
    torch.set_num_threads(setting.threads)
    trained = train_replicas(*work(task), lambda *_: None, setting.jobs)
    errors = trained.log_price - task.target
    return np.array(
        [
            [
                root_mean_square(own[fold, valid])
                for fold, (_, valid) in enumerate(task.folds)
            ]
            for own in errors
        ]
    )


def work(task: Task) -> tuple[FoldData, list[Replica], list[Candidate], Settings]:
    """What the engine trains on, and the networks that it trains."""
    folds = [Fold(rows, valid=_NONE) for rows, _ in task.folds]
    replicas = [Replica(fold, 0) for fold in range(FOLDS)]
    candidates = [
        Candidate(weight_decay, LR, dropout=0.0) for weight_decay in task.lambdas
    ]
    settings = Settings(
        folds=FOLDS, epochs=task.epochs, hidden=(task.hidden,), batch_size=BATCH_SIZE
    )
    return _encoded(task, folds), replicas, candidates, settings


def _encoded(task: Task, folds: list[Fold]) -> FoldData:
    """The same inputs and target in every fold, taken as they are."""
    rows, d_in = task.inputs.shape
    as_it_is = Encoder(fill=np.zeros(d_in), mean=np.zeros(d_in), scale=np.ones(d_in))
    return FoldData(
        folds=folds,
        columns=[],
        encoders=[as_it_is] * FOLDS,
        inputs=Inputs.of(pad_columns(task.inputs), [as_it_is] * FOLDS, "cpu"),
        targets=torch.from_numpy(task.target).expand(FOLDS, -1),
        mean=np.zeros((FOLDS, 1)),
        deviation=np.ones((FOLDS, 1)),
        limits=[],
        floor=np.full((FOLDS, 1), -np.inf),
        ceiling=np.full((FOLDS, rows), np.inf),
    )
