"""The settings of a training run. They are validated when an instance is created."""

import shlex
from collections.abc import Iterable
from dataclasses import Field, dataclass, field, fields
from typing import Any

from pipeline.core.errors import UserError

MODELS = ("mlp", "boosting", "ridge")
"""The names of all models. Each has a file of its name in pipeline/models/."""

NETWORKS = "mlp"  # the model that `tune` searches and the lessons lead to

CHOSEN_ON = 1460  # training rows of House Prices, on which the defaults were chosen
LARGEST_SEED = 2**32 - 1  # the largest that NumPy, which shuffles the folds, accepts


def option(
    default: Any,  # noqa: ANN401
    text: str,
    *,
    name: str = "",
    metavar: str = "",
    choices: tuple[str, ...] = (),
    of: str = "",
) -> Any:  # noqa: ANN401
    """Return a field that is an option of `pipeline train`.

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

    Raises:
        UserError: A value is outside its range.
    """

    models: tuple[str, ...] = option(
        (NETWORKS, "boosting"),
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
    seeds: int = option(2, "Networks (and boosted models) per fold, averaged.")
    seed: int = option(0, "Random seed of folds, weights and batches.")
    epochs: int = option(40, "Number of training epochs.", of=NETWORKS)
    lr: float = option(
        5e-3, "Peak learning rate (warm-up, then cosine decay).", of=NETWORKS
    )
    hidden: tuple[int, ...] = option(
        (64,), "Widths of the hidden layers.", metavar="128,64", of=NETWORKS
    )
    dropout: float = option(0.2, "Dropout probability.", of=NETWORKS)
    batch_size: int = option(128, "Rows per training step.", of=NETWORKS)
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
    trees: int = 1000  # of a boosted model
    tree_lr: float = 0.03
    tree_depth: int = 6
    tree_columns: float = 1 / 3  # share of the columns that a split chooses from
    tree_borders: int = 64  # thresholds that are tried for each column

    def __post_init__(self) -> None:
        _check_models(self.models)
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
        ordered = tuple(name for name in MODELS if name in self.models)
        object.__setattr__(self, "models", ordered)
        _check_positive("--lr", self.lr)
        _check_probability("--dropout", self.dropout)
        _check_share("margin_quantile", self.margin_quantile)
        _check_share("rare_share", self.rare_share, most=0.5)
        if len(self.adam_betas) != 2:
            raise UserError(f"adam_betas {self.adam_betas}: must be two numbers")
        for beta in self.adam_betas:
            _check_probability("adam_betas", beta)
        _check_share("warm_up", self.warm_up)
        check_minimum("trees", self.trees, 1)
        _check_positive("tree_lr", self.tree_lr)
        check_minimum("tree_depth", self.tree_depth, 1)
        _check_share("tree_columns", self.tree_columns)
        check_minimum("tree_borders", self.tree_borders, 1)


def options() -> list[Field[Any]]:
    """Return the fields of the settings that are options of `pipeline train`."""
    return [each for each in fields(Settings) if each.metadata]


def option_name(each: Field[Any]) -> str:
    """Return the name of the option that sets a field, like batch-size."""
    return each.metadata.get("name") or each.name.replace("_", "-")


def train_command(settings: Settings) -> str:
    """Return the `pipeline train` command of settings, without the default values."""
    words = ["pipeline", "train"]
    for each in options():
        value = getattr(settings, each.name)
        if value != each.default:
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


def check_minimum(option: str, value: int, least: int) -> None:
    """Check that the value of an option is at least `least`.

    Raises:
        UserError: It is smaller.
    """
    if value < least:
        raise UserError(f"{option} {value}: must be {least} or more")


def _check_models(models: tuple[str, ...]) -> None:
    unknown = [name for name in models if name not in MODELS]
    if unknown or not models:
        name = unknown[0] if unknown else "none"
        raise UserError(f"--model {name}: give one of {', '.join(MODELS)}")
    if len(set(models)) < len(models):
        raise UserError("--model: each model may be given once")


def _check_positive(name: str, value: float) -> None:
    if not 0 < value < float("inf"):
        raise UserError(f"{name} {value:g}: must be more than 0, and finite")


def _check_not_negative(name: str, value: float) -> None:
    if not 0 <= value < float("inf"):
        raise UserError(f"{name} {value:g}: must be 0 or more, and finite")


def _check_probability(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise UserError(f"{name} {value:g}: must be 0 or more, less than 1")


def _check_share(name: str, value: float, most: float = 1) -> None:
    if not 0 < value <= most:
        raise UserError(f"{name} {value:g}: must be more than 0, {most:g} at most")
