"""Small stacks of networks that several tests train."""

import numpy as np
import torch

from pipeline.core.settings import Settings
from pipeline.network.adamw import AdamWOptions
from pipeline.network.batches import Rows
from pipeline.network.inputs import Inputs
from pipeline.network.loss import huber_loss
from pipeline.network.schedule import Schedule
from pipeline.network.trainer import Candidate, Trainer

SEEDS = [11, 12, 13]
CANDIDATES = [Candidate(0.0, 0.01, 0.0), Candidate(3.0, 0.02, 0.0)]
D_IN, HIDDEN, ROWS = 7, (6, 5), 50
HUBER_DELTA = torch.tensor([0.5, 1.0, 2.0])
DECAY = torch.tensor([1.0, 0.5, 2.0])


def rows_of(replicas, lengths=None, weights=None):
    """Return rows of one table: for each replica all, or the first of `lengths`."""
    generator = torch.Generator().manual_seed(0)
    inputs = np.random.default_rng(0).normal(size=(ROWS, D_IN))
    targets = torch.randn(1, ROWS, generator=generator)
    rows = [torch.arange(n) for n in lengths or [ROWS] * replicas]
    fold = torch.zeros(replicas, dtype=torch.long)
    return Rows(Inputs.plain(inputs), targets, fold, rows, ROWS, weights)


def trainer_of(
    rows,
    *,
    valid=None,
    seeds=SEEDS,
    candidates=CANDIDATES,
    delta=HUBER_DELTA,
    decay=None,
    epochs=3,
    batches=6,
):
    return Trainer(
        train=rows,
        valid=valid or rows,
        candidates=candidates,
        seeds=seeds,
        loss=huber_loss(delta),
        hidden=HIDDEN,
        schedule=Schedule(epochs, batches, Settings.warm_up),
        adamw=AdamWOptions(
            Settings.adam_betas, torch.ones(len(seeds)) if decay is None else decay
        ),
    )
