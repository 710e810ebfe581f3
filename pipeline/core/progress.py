"""Announce the steps of a command, so that it is never silent for long.

A step is announced where it is done, at any depth, as a log message is. The command
line listens and shows it. Where nobody listens, as in a notebook, nothing happens.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Step(NamedTuple):
    """What a command does now, and how many of its parts are done; 0 of 0 for none."""

    text: str
    done: int = 0
    total: int = 0


LOADING = "loading PyTorch"  # seconds, before any other step

Listener = Callable[[Step], None]

Callback = Callable[[float, str], None]
"""Called with the share of a command's work that was done since the last call, and a
note about it. The shares of a whole command are 1."""


class Reported:
    """A function that reports progress; a copy in another process reports nothing."""

    def __init__(self, function: Callable[..., None]) -> None:
        self._function = function

    def __call__(self, *arguments: object) -> None:
        """Report progress."""
        self._function(*arguments)

    def __reduce__(self) -> tuple[Callable[..., "Reported"], tuple[object, ...]]:
        return Reported, (_nothing,)


def _nothing(*arguments: object) -> None:
    pass


_listeners: list[Listener] = []


def announce(text: str, done: int = 0, total: int = 0) -> None:
    """Announce that a step begins, or that some of its parts are done."""
    for listener in _listeners:
        listener(Step(text, done, total))


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call `listener` with each step that this process announces in the block."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
