"""The settings of a training run. They are validated when an instance is created."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.core.errors import UserError

LARGEST_SEED = 2**32 - 1  # the largest that NumPy, which shuffles the folds, accepts


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The hyperparameters of a run. The defaults are those of `pipeline train`.

    Fields without a command-line option are changed with `dataclasses.replace`. The
    values of λ are sorted, so a grid is the same run in whatever order it is given.

    Raises:
        UserError: a value is outside its range.
    """

    folds: int = 5
    lambdas: tuple[float, ...] = (5.0,)  # decoupled weight decay of the weights
    seeds: int = 2  # networks per fold; their log prices are averaged
    seed: int = 0  # of folds, initial weights, batches and dropout
    epochs: int = 40
    lr: float = 1e-3  # peak learning rate
    hidden: tuple[int, ...] = (64,)
    dropout: float = 0.2
    batch_size: int = 128
    device: str = "cpu"

    # Without a command-line option.
    huber_delta: float = 0.07  # threshold of the Huber loss, in log price
    price_margin: float = 0.2  # log price above a neighbourhood's highest (+22 %)
    rare_share: float = 1 / 9  # categories in fewer rows than this are scaled down
    wide_lr_multiplier: float = 3.0  # of the wide head's weights, which start at 0
    adam_betas: tuple[float, float] = (0.9, 0.99)  # runs are short: 0.99, not 0.999
    warm_up: float = 0.05  # share of all steps in which the learning rate rises

    @property
    def networks(self) -> int:
        """The number of networks that a run trains."""
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
            _check_not_negative("--lambda", value)
        if len(set(self.lambdas)) < len(self.lambdas):
            raise UserError("--lambda: each value may be given once")
        object.__setattr__(self, "lambdas", tuple(sorted(self.lambdas)))
        _check_positive("--lr", self.lr)
        _check_probability("--dropout", self.dropout)
        _check_positive("huber_delta", self.huber_delta)
        _check_not_negative("price_margin", self.price_margin)
        _check_share("rare_share", self.rare_share)
        _check_positive("wide_lr_multiplier", self.wide_lr_multiplier)
        if len(self.adam_betas) != 2:
            raise UserError(f"adam_betas {self.adam_betas}: must be two numbers")
        for beta in self.adam_betas:
            _check_probability("adam_betas", beta)
        _check_share("warm_up", self.warm_up)


def comma_separated(values: Iterable[object]) -> str:
    """Return values as an option takes them, like 128,64."""
    return ",".join(map(str, values))


def check_minimum(option: str, value: int, least: int) -> None:
    """Check that the value of an option is at least `least`.

    Raises:
        UserError: it is smaller.
    """
    if value < least:
        raise UserError(f"{option} {value}: must be {least} or more")


def _check_positive(name: str, value: float) -> None:
    if not 0 < value < float("inf"):
        raise UserError(f"{name} {value:g}: must be more than 0, and finite")


def _check_not_negative(name: str, value: float) -> None:
    if not 0 <= value < float("inf"):
        raise UserError(f"{name} {value:g}: must be 0 or more, and finite")


def _check_probability(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise UserError(f"{name} {value:g}: must be 0 or more, less than 1")


def _check_share(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise UserError(f"{name} {value:g}: must be more than 0, 1 at most")
