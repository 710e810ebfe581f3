"""The settings of a training run, checked when they are made."""

from dataclasses import dataclass

from pipeline.core.errors import UserError

LARGEST_SEED = 2**32 - 1  # that NumPy, which shuffles the folds, takes


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What shapes a run; the defaults are those of `pipeline train`.

    The λ are kept in rising order, so that a grid is the same run in whatever order it
    was asked for.

    Raises:
        UserError: a value that no network can be trained with.
    """

    folds: int = 5
    lambdas: tuple[float, ...] = (5.0,)  # decoupled weight decay on weights
    seeds: int = 2  # networks a fold, averaged in log price
    seed: int = 0  # of the folds, the initial weights, batches and dropout
    epochs: int = 40
    lr: float = 1e-3
    hidden: tuple[int, ...] = (64,)
    dropout: float = 0.2
    batch_size: int = 128
    device: str = "cpu"

    @property
    def networks(self) -> int:
        """How many networks a run trains."""
        return len(self.lambdas) * self.folds * self.seeds

    def __post_init__(self) -> None:
        check_minimum("--folds", self.folds, 2)
        check_minimum("--seeds", self.seeds, 1)
        check_minimum("--seed", self.seed, 0)
        if self.seed > LARGEST_SEED:
            raise UserError(f"--seed {self.seed}: must be {LARGEST_SEED} or less")
        check_minimum("--epochs", self.epochs, 1)
        check_minimum("--batch-size", self.batch_size, 1)
        for width in self.hidden:
            check_minimum("--hidden", width, 1)
        for value in self.lambdas:
            if not 0 <= value < float("inf"):
                raise UserError(f"--lambda {value:g}: must be 0 or more, and finite")
        if len(set(self.lambdas)) < len(self.lambdas):
            raise UserError("--lambda: each value may be given once")
        object.__setattr__(self, "lambdas", tuple(sorted(self.lambdas)))
        if not 0 < self.lr < float("inf"):
            raise UserError(f"--lr {self.lr:g}: must be more than 0, and finite")
        if not 0 <= self.dropout < 1:
            raise UserError(
                f"--dropout {self.dropout:g}: must be 0 or more, less than 1"
            )


def check_minimum(option: str, value: int, least: int) -> None:
    """Refuse a smaller value of an option.

    Raises:
        UserError: it is smaller.
    """
    if value < least:
        raise UserError(f"{option} {value}: must be {least} or more")
