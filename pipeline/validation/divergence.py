"""Networks that diverged are named, and their predictions are dropped.

A network has diverged if one of its errors or predictions is not finite. Clipping
to the target bounds must not hide that. The other networks of the same λ do not replace
it: its fold then has no score, and neither has its λ, which thus cannot be the best.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.core.errors import UserError
from pipeline.core.settings import Settings
from pipeline.validation.fold_data import FoldData
from pipeline.validation.parallel import Replica, Trained


class Diverged(NamedTuple):
    """A network, and the epoch in which it diverged."""

    weight_decay: float
    fold: int
    seed: int
    epoch: int


def drop_diverged(
    trained: Trained,
    fold_data: FoldData,
    replicas: Sequence[Replica],
    settings: Settings,
) -> tuple[np.ndarray, list[Diverged]]:
    """Find the networks that diverged.

    Returns:
        The predictions [λ, replicas, n], NaN for networks that diverged, and these.

    Raises:
        UserError: a network of every λ diverged.
    """
    unseen = fold_data.unseen[[replica.fold for replica in replicas]]
    epochs = diverged_epochs(trained, unseen)
    transformed = np.where(epochs[..., None], np.nan, trained.transformed)
    return transformed, name_diverged(epochs, replicas, settings)


def diverged_epochs(trained: Trained, unseen: np.ndarray) -> np.ndarray:
    """Return the epoch in which each network diverged, 0 for none, [λ, replicas].

    Args:
        trained: all networks.
        unseen: shape (replicas, n), the rows that each network predicts.
    """
    transformed = np.take_along_axis(trained.transformed, unseen[None], 2)
    finite = np.isfinite(trained.train) & np.isfinite(trained.valid)
    finite[..., -1] &= np.isfinite(transformed).all(-1)
    return np.asarray(np.where(finite.all(-1), 0, finite.argmin(-1) + 1))


def name_diverged(
    epochs: np.ndarray, replicas: Sequence[Replica], settings: Settings
) -> list[Diverged]:
    """Return the networks that diverged, given the result of `diverged_epochs`.

    Raises:
        UserError: a network of every λ diverged.
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
            f"--lr {settings.lr:g}: networks of every λ diverged, the first with "
            f"λ = {first.weight_decay:g}, fold {first.fold + 1}, network "
            f"{first.seed + 1} in epoch {first.epoch}; use a lower --lr"
        )
    return found
