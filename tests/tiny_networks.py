"""Tiny stacks of networks that several tests train."""

import numpy as np
import torch

from pipeline.network.batches import Rows
from pipeline.network.inputs import Inputs
from pipeline.network.trainer import Block, Trainer

SEEDS = [11, 12, 13]
BLOCKS = [Block(0.0, 0.01, 0.0), Block(3.0, 0.02, 0.0)]
D_IN, HIDDEN, ROWS = 7, (6, 5), 50
BEND = torch.tensor([0.5, 1.0, 2.0])


def rows_of(cells, lengths=None, weights=None):
    """Rows of one shared table: of each cell all, or its first `lengths`."""
    generator = torch.Generator().manual_seed(0)
    inputs = np.random.default_rng(0).normal(size=(ROWS, D_IN))
    targets = torch.randn(1, ROWS, generator=generator)
    rows = [torch.arange(n) for n in lengths or [ROWS] * cells]
    fold = torch.zeros(cells, dtype=torch.long)
    return Rows(Inputs.plain(inputs), targets, fold, rows, ROWS, weights)


def trainer_of(
    rows, *, valid=None, seeds=SEEDS, blocks=BLOCKS, bend=BEND, epochs=3, batches=6
):
    return Trainer(
        train=rows,
        valid=valid or rows,
        blocks=blocks,
        seeds=seeds,
        bend=bend,
        hidden=HIDDEN,
        epochs=epochs,
        batches=batches,
    )
