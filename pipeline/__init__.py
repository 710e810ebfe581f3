"""From a table to a submission, by staged commands or in Python."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.network.estimator import StackedMLPRegressor
    from pipeline.stages.notebook import load, train

__all__ = ["StackedMLPRegressor", "load", "train"]
__version__ = "0.1.0"
_PLACES = {"StackedMLPRegressor": "network.estimator"}


def __getattr__(name: str) -> object:
    """What is loaded when it is asked for: the commands start without it."""
    if name in __all__:
        place = _PLACES.get(name, "stages.notebook")
        return getattr(import_module(f"pipeline.{place}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
