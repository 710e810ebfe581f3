"""House prices with an MLP: staged commands from raw data to a submission."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.network.estimator import StackedMLPRegressor

__all__ = ["StackedMLPRegressor"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """The estimator, loaded when it is asked for: the commands start without it."""
    if name in __all__:
        return getattr(import_module("pipeline.network.estimator"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
