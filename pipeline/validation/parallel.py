"""Train the cells of a cross-validation, fold by seed, in parts side by side."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise, product
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from joblib import Parallel, delayed

from pipeline.core.settings import Settings
from pipeline.network.batches import Rows
from pipeline.network.trainer import Block, Epoch, Trainer, predict_rows
from pipeline.validation.fold_data import EncodedFolds

BEND = 0.07  # in log price: up to here the loss is squared, beyond it absolute


class Cell(NamedTuple):
    """A fold and the number of a network in it."""

    fold: int
    seed: int


class Trained(NamedTuple):
    """What training leaves, for each block and cell.

    Shapes: weights, each [blocks, cells, ...]; log_price [blocks, cells, rows + test
    rows], NaN for the rows that a network has learned; train and valid [blocks, cells,
    epochs], the learning curves in log-RMSE.
    """

    weights: dict[str, np.ndarray]
    log_price: np.ndarray
    train: np.ndarray
    valid: np.ndarray


Watch = Callable[[int, Epoch], None]  # the number of a part, and its scores
T = TypeVar("T")


def train_cells(
    encoded: EncodedFolds,
    cells: Sequence[Cell],
    blocks: Sequence[Block],
    settings: Settings,
    watch: Watch,
    jobs: int,
) -> Trained:
    """Train every block on every cell, in parts side by side, `jobs` at most.

    A network's numbers do not depend on the cut. Of `settings`, the shape of the
    networks and the length of training count; λ and the like are the blocks'.

    Threads do: torch computes without Python's lock.
    """
    across, down = even_cut(len(blocks), len(cells), jobs)
    parts = list(product(_pieces(blocks, across), _pieces(cells, down)))
    done = Parallel(n_jobs=len(parts), backend="threading")(
        delayed(_train_part)(
            encoded, own_cells, own_blocks, settings, partial(watch, n)
        )
        for n, (own_blocks, own_cells) in enumerate(parts)
    )
    rows = [done[start : start + down] for start in range(0, len(done), down)]
    return _joined([_joined(row, 1) for row in rows], 0)


def even_cut(blocks: int, cells: int, jobs: int) -> tuple[int, int]:
    """Into how many pieces to cut blocks and cells: so that the largest part is small.

    A part has two cells at least, since torch multiplies a single matrix by another
    routine, which rounds differently. Of cuts as good, the one with fewer pieces of
    blocks is best, since each of these gathers the batches of its cells anew.
    """
    cuts = [
        (across, max(1, min(jobs // across, cells // 2)))
        for across in range(1, min(blocks, jobs) + 1)
    ]
    return min(cuts, key=lambda cut: -(-blocks // cut[0]) * -(-cells // cut[1]))


def _pieces(items: Sequence[T], number: int) -> list[Sequence[T]]:
    cuts = [len(items) * piece // number for piece in range(number + 1)]
    return [items[begin:end] for begin, end in pairwise(cuts)]


def _joined(parts: Sequence[Trained], axis: int) -> Trained:
    weights = {
        name: np.concatenate([part.weights[name] for part in parts], axis)
        for name in parts[0].weights
    }
    arrays = zip(*(part[1:] for part in parts), strict=True)
    return Trained(weights, *(np.concatenate(each, axis) for each in arrays))


def _train_part(
    encoded: EncodedFolds,
    cells: Sequence[Cell],
    blocks: Sequence[Block],
    settings: Settings,
    watch: Callable[[Epoch], None],
) -> Trained:
    trainer = new_trainer(encoded, cells, blocks, settings)
    deviation = torch.tensor(encoded.deviation[[cell.fold for cell in cells], 0])
    scale = deviation.repeat(len(blocks)).to(settings.device)
    curves = []
    for number, train, valid in trainer.run():
        epoch = Epoch(number, train * scale, valid * scale)
        curves.append(epoch)
        watch(epoch)
    shape = (len(blocks), len(cells), settings.epochs)
    return Trained(
        {
            name: tensor.cpu().numpy().reshape(*shape[:2], *tensor.shape[1:])
            for name, tensor in trainer.stack.tensors().items()
        },
        log_predictions(trainer, encoded, cells),
        np.array([epoch.train.tolist() for epoch in curves]).T.reshape(shape),
        np.array([epoch.valid.tolist() for epoch in curves]).T.reshape(shape),
    )


def new_trainer(
    encoded: EncodedFolds,
    cells: Sequence[Cell],
    blocks: Sequence[Block],
    settings: Settings,
) -> Trainer:
    """A trainer of every block on every cell, at its start."""
    fold = [cell.fold for cell in cells]
    # Of all folds, not of these cells': a part of the stack must not see its cut.
    smallest = min(len(each.train) for each in encoded.folds)
    return Trainer(
        train=_rows(encoded, fold, [each.train for each in encoded.folds]),
        valid=_rows(encoded, fold, [each.valid for each in encoded.folds]),
        blocks=blocks,
        seeds=[_cell_seed(settings.seed, cell) for cell in cells],
        bend=torch.tensor(BEND / encoded.deviation[fold, 0]),
        hidden=settings.hidden,
        epochs=settings.epochs,
        batches=max(1, smallest // settings.batch_size),
    )


def _cell_seed(seed: int, cell: Cell) -> int:
    """A seed for what the network is; λ is left out, so that every λ starts alike."""
    state = np.random.SeedSequence([seed, cell.fold, cell.seed])
    return int(state.generate_state(1, np.uint64)[0] >> 1)


def _rows(encoded: EncodedFolds, fold: list[int], parts: list[np.ndarray]) -> Rows:
    """The rows of some folds, given those of all."""
    return Rows(
        encoded.inputs,
        encoded.targets,
        torch.tensor(fold, device=encoded.targets.device),
        [torch.from_numpy(parts[number]) for number in fold],
        max(map(len, parts)),
    )


def log_predictions(
    trainer: Trainer, encoded: EncodedFolds, cells: Sequence[Cell]
) -> np.ndarray:
    """The log price each network predicts, [blocks, cells, rows + test rows].

    NaN for the rows that it has learned: nobody asks about these.
    """
    fold = [cell.fold for cell in cells]
    own, rows = (
        torch.tensor(each, device=encoded.targets.device)
        for each in (fold, encoded.unseen[fold])
    )
    stacks = [learner.stack for learner in trainer.learners]
    standard = predict_rows(stacks, encoded.inputs, own, rows)
    shape = (len(stacks), len(cells), encoded.targets.shape[1])
    log_price = np.full(shape, np.nan)
    predicted = standard * encoded.deviation[fold] + encoded.mean[fold]
    np.put_along_axis(log_price, encoded.unseen[None, fold], predicted, 2)
    return log_price
