"""The settings of a training run. They are validated when an instance is created."""

import math
import shlex
from collections.abc import Iterable
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, Self

from pipeline.core.errors import UserError

MODELS = ("mlp", "boosting", "ridge")
"""The names of all models. Each has a file of its name in pipeline/models/."""

NETWORKS = "mlp"  # the model that `tune` searches and the lessons lead to

CHOSEN_ON = 1460  # training rows of House Prices, on which the defaults were chosen
LARGEST_SEED = 2**32 - 1  # the largest that NumPy, which shuffles the folds, accepts

LEAST_STEPS, MOST_STEPS = 400, 4000  # between them, as many steps as rows
BATCH_SIZE, MOST_BATCHES = 128, 100  # more than so many batches of an epoch are larger
FEW_ROWS = 2000  # for which networks are smaller


def option(
    default: Any,  # noqa: ANN401
    text: str,
    *,
    name: str = "",
    metavar: str = "",
    choices: tuple[str, ...] = (),
    of: str = "",
) -> Any:  # noqa: ANN401
    """Return a field that is an option of a command.

    Args:
        default: its default value; a tuple if the option takes several values.
        text: what `--help` says of it.
        name: of the option, if it is not that of the field.
        metavar: an example of its value, for the help.
        choices: the values that it may have, if they are few.
        of: the model that reads it, if others do not.
    """
    return field(
        default=default,
        metadata={
            "help": text,
            "name": name,
            "metavar": metavar,
            "choices": choices,
            "of": of,
        },
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The hyperparameters of a run. The defaults are those of `pipeline train`.

    A field made by `option` is an option of the command line and of `make`. The others
    are changed with `dataclasses.replace`. The values of λ and the models are sorted,
    so a run is the same in whatever order they are given.

    A field whose default is None follows from the rows, unless it is given. `for_rows`
    computes it, once the folds are known: the models find numbers only.

    Raises:
        UserError: A value is outside its range.
    """

    models: tuple[str, ...] = option(
        MODELS,
        f"Models to train and to blend: {', '.join(MODELS)}.",
        name="model",
        metavar="mlp,boosting",
    )
    folds: int = option(5, "Number of cross-validation folds.")
    lambdas: tuple[float, ...] = option(
        (1.0,),
        "Weight decay λ of weights, not biases; several are compared.",
        name="lambda",
        metavar="0,1,5",
        of=NETWORKS,
    )
    seeds: int = option(2, "Networks per fold, averaged.")
    seed: int = option(0, "Random seed of folds, weights and batches.")
    epochs: int = option(
        None,
        f"Number of training epochs (default: as many steps as rows, "
        f"{LEAST_STEPS:,} to {MOST_STEPS:,}).",
        of=NETWORKS,
    )
    lr: float = option(
        5e-3, "Peak learning rate (warm-up, then cosine decay).", of=NETWORKS
    )
    hidden: tuple[int, ...] = option(
        None,
        f"Widths of hidden layers (default: 64; from {FEW_ROWS:,} rows on 256,128).",
        metavar="128,64",
        of=NETWORKS,
    )
    dropout: float = option(
        None,
        f"Dropout probability (default: 0.2; 0 from {FEW_ROWS:,} rows on).",
        of=NETWORKS,
    )
    batch_size: int = option(
        None,
        f"Rows per training step (default: {BATCH_SIZE}, or more so that an epoch has "
        f"{MOST_BATCHES} steps at most).",
        of=NETWORKS,
    )
    device: str = option(
        "cpu",
        "Device to train on.",
        choices=("cpu", "cuda", "mps", "auto"),
        of=NETWORKS,
    )

    margin_quantile: float = 0.9  # of the gaps between the two highest targets
    rare_share: float = 1 / 9  # columns off their mode in fewer rows are scaled down
    adam_betas: tuple[float, float] = (0.9, 0.99)  # runs are short: 0.99, not 0.999
    warm_up: float = 0.05  # share of all steps in which the learning rate rises
    trees: int | None = None  # of a boosted model, which follow from the rows

    fold_rows: int | None = None  # training rows of the smallest fold, once it is known

    def __post_init__(self) -> None:
        _check_models(self.models)
        check_minimum("--folds", self.folds, 2)
        check_minimum("--seeds", self.seeds, 1)
        check_minimum("--seed", self.seed, 0)
        if self.seed > LARGEST_SEED:
            raise UserError(f"--seed {self.seed}: must be {LARGEST_SEED} or less")
        check_minimum("--epochs", self.epochs, 1)
        check_minimum("--batch-size", self.batch_size, 1)
        for width in self.hidden or ():
            check_minimum("--hidden", width, 1)
        for value in self.lambdas:
            check_not_negative("--lambda", value)
        if len(set(self.lambdas)) < len(self.lambdas):
            raise UserError("--lambda: each value may be given once")
        object.__setattr__(self, "lambdas", tuple(sorted(self.lambdas)))
        ordered = tuple(name for name in MODELS if name in self.models)
        object.__setattr__(self, "models", ordered)
        check_positive("--lr", self.lr)
        check_probability("--dropout", self.dropout)

    def for_rows(self, rows: int) -> Self:
        """Return the settings with all that follows from the rows, where it is None.

        The number of steps is the rule: as many as rows, as with RealMLP's 256 epochs
        of batches of 256 rows (Holzmüller et al., Better by default, NeurIPS 2024). A
        small table needs steps more than epochs, hence `LEAST_STEPS`. On a long one the
        time grows and the error hardly falls, hence `MOST_STEPS`. There the batches
        grow, so that even then each row is read `MOST_STEPS / MOST_BATCHES` times.

        A network of few rows is small and has dropout, since it can learn all rows by
        heart. With more rows it should be able to follow what the trees follow; what
        limits it is the weight decay, which follows the noise of the table.

        Args:
            rows: the training rows of the smallest fold.
        """
        found = replace(self, fold_rows=rows)
        if self.batch_size is None:
            size = max(BATCH_SIZE, math.ceil(rows / MOST_BATCHES))
            found = replace(found, batch_size=size)
        if self.epochs is None:
            steps = min(max(rows, LEAST_STEPS), MOST_STEPS)
            found = replace(found, epochs=math.ceil(steps / found.batches))
        if self.hidden is None:
            found = replace(found, hidden=(64,) if rows < FEW_ROWS else (256, 128))
        if self.dropout is None:
            found = replace(found, dropout=0.2 if rows < FEW_ROWS else 0.0)
        return found

    @property
    def batches(self) -> int:
        """The number of batches, and so of steps, of an epoch, after `for_rows`."""
        return max(1, (self.fold_rows or 0) // self.batch_size)

    @property
    def steps(self) -> int:
        """The number of training steps of a network, after `for_rows`."""
        return self.epochs * self.batches


def options(settings: type = Settings) -> list[Field[Any]]:
    """Return the fields of a class of settings that are options of a command."""
    return [each for each in fields(settings) if each.metadata]


def option_name(each: Field[Any]) -> str:
    """Return the name of the option that sets a field, like batch-size."""
    return each.metadata.get("name") or each.name.replace("_", "-")


def train_command(settings: Settings) -> str:
    """Return the `pipeline train` command of settings, without the default values.

    Of settings for the rows of a table it is the command for this table.
    """
    words = ["pipeline", "train"]
    for each in options():
        unset: dict[str, Any] = {each.name: each.default}
        usual = replace(settings, **unset)
        if settings.fold_rows is not None:
            usual = usual.for_rows(settings.fold_rows)
        value = getattr(settings, each.name)
        if value != getattr(usual, each.name):
            words += [f"--{option_name(each)}", _text(value)]
    return shlex.join(words)


def comma_separated(values: Iterable[object]) -> str:
    """Return values as an option takes them, like 128,64."""
    return ",".join(map(_text, values))


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return comma_separated(value)
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value)


def check_minimum(option: str, value: int | None, least: int) -> None:
    """Check that the value of an option, if it is given, is at least `least`.

    Raises:
        UserError: It is smaller.
    """
    if value is not None and value < least:
        raise UserError(f"{option} {value}: must be {least} or more")


def _check_models(models: tuple[str, ...]) -> None:
    unknown = [name for name in models if name not in MODELS]
    if unknown or not models:
        name = unknown[0] if unknown else "none"
        raise UserError(f"--model {name}: give one of {', '.join(MODELS)}")
    if len(set(models)) < len(models):
        raise UserError("--model: each model may be given once")


def check_positive(name: str, value: float | None) -> None:
    """Check that a number, if it is given, is more than 0, and finite.

    Raises:
        UserError: It is not.
    """
    if value is not None and not 0 < value < float("inf"):
        raise UserError(f"{name} {value:g}: must be more than 0, and finite")


def check_not_negative(name: str, value: float) -> None:
    """Check that a number is 0 or more, and finite.

    Raises:
        UserError: It is not.
    """
    if not 0 <= value < float("inf"):
        raise UserError(f"{name} {value:g}: must be 0 or more, and finite")


def check_probability(name: str, value: float | None) -> None:
    """Check that a number, if it is given, is 0 or more, and less than 1.

    Raises:
        UserError: It is not.
    """
    if value is not None and not 0 <= value < 1:
        raise UserError(f"{name} {value:g}: must be 0 or more, less than 1")
