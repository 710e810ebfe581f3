"""The `pipeline train` command that has given settings."""

import shlex
from dataclasses import fields

from pipeline.core.settings import Settings, comma_separated

# The options whose names are not those of their fields.
_RENAMED = {"models": "model", "lambdas": "lambda"}
_FIRST = ("lambdas", "hidden", "lr", "dropout")  # those that change most often
_WITHOUT_OPTION = {
    "huber_delta",
    "margin_quantile",
    "rare_share",
    "wide_lr_multiplier",
    "adam_betas",
    "warm_up",
    "trees",
    "tree_lr",
    "tree_depth",
    "tree_columns",
    "tree_borders",
}


def option_name(field: str) -> str:
    """Return the name of the option that sets a field, like batch-size."""
    return _RENAMED.get(field, field.replace("_", "-"))


def train_command(settings: Settings) -> str:
    """Return the `pipeline train` command of settings, without the default values."""
    names = dict.fromkeys([*_FIRST, *(field.name for field in fields(Settings))])
    words = ["pipeline", "train"]
    for name in names:
        value = getattr(settings, name)
        if value != getattr(Settings(), name) and name not in _WITHOUT_OPTION:
            words += [f"--{option_name(name)}", _text(value)]
    return shlex.join(words)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return comma_separated(map(_text, value))
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value)
