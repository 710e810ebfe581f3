"""From a table to a submission, by staged commands or in Python."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.network.estimator import StackedMLPRegressor
    from pipeline.notebook import load, open_run, train

__all__ = ["StackedMLPRegressor", "load", "open_run", "train"]
__version__ = "0.2.0"
_MODULES = {
    "StackedMLPRegressor": "pipeline.network.estimator",
    "load": "pipeline.notebook",
    "open_run": "pipeline.notebook",
    "train": "pipeline.notebook",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that commands start fast."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the names, for tab completion; those of `__all__` are not imported yet."""
    return sorted({*globals(), *__all__})
