"""Networks that diverged: named, and left without an answer.

A network has diverged once an error of it, or a price it predicts, is no finite number:
no limit on prices may make a score of that. The other networks of its λ do not stand in
for it: its fold has no score then, nor has the λ, which so cannot be the best.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pipeline.core.errors import UserError
from pipeline.core.settings import Settings
from pipeline.validation.parallel import Replica, Trained


class Diverged(NamedTuple):
    """A network, and the epoch in which it diverged."""

    weight_decay: float
    fold: int
    seed: int
    epoch: int

    def record(self) -> dict[str, Any]:
        """The network as plain data."""
        own = self._asdict()
        return {"lambda": own.pop("weight_decay"), **own}


def diverged_in(trained: Trained, unseen: np.ndarray) -> np.ndarray:
    """The epoch in which each network diverged, 0 for none, [blocks, cells].

    `unseen` [cells, n] says for which rows a network has a price at all.
    """
    log_price = np.take_along_axis(trained.log_price, unseen[None], 2)
    finite = np.isfinite(trained.train) & np.isfinite(trained.valid)
    finite[..., -1] &= np.isfinite(log_price).all(-1)
    return np.asarray(np.where(finite.all(-1), 0, finite.argmin(-1) + 1))


def name_diverged(
    epochs: np.ndarray, replicas: Sequence[Replica], settings: Settings
) -> list[Diverged]:
    """The networks that diverged, given the epochs in which they did.

    Raises:
        UserError: every λ has one.
    """
    found = [
        Diverged(
            settings.lambdas[candidate],
            *replicas[replica],
            int(epochs[candidate, replica]),
        )
        for candidate, replica in np.argwhere(epochs).tolist()
    ]
    if epochs.any(1).all():
        first = min(found, key=lambda each: each.epoch)
        raise UserError(
            f"--lr {settings.lr:g}: networks of every λ diverged, first of all "
            f"λ = {first.weight_decay:g}, fold {first.fold + 1}, network "
            f"{first.seed + 1} in epoch {first.epoch}; give a lower --lr"
        )
    return found
