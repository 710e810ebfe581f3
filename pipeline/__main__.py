"""The command line as a process: `python -m pipeline`, and the script `pipeline`."""

import atexit
import gc
import os
import signal
import sys
from contextlib import suppress
from types import FrameType

from pipeline.core.errors import INTERRUPTED, INTERRUPTED_LINE

_OBJECTS = 100_000  # made until Python looks for garbage; torch and pandas make 300,000
_AGAIN = 1.5  # seconds after which an interrupt that had no effect is repeated
_interrupts: list[int] = []  # the signals that have come


def run() -> None:
    """Run the command line; SIGTERM interrupts it as Ctrl-C does.

    Interrupted, it leaves as soon as its workers' locks are given back: Python would
    first take down torch, its threads and its memory, which takes seconds.
    """
    gc.set_threshold(_OBJECTS)
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        from pipeline.cli import main

        main()
    except SystemExit as stop:
        if stop.code == INTERRUPTED:  # main has printed the line
            _leave()
        raise
    except BaseException:
        # Interrupted while it was loaded: a library may raise an error instead.
        if not _interrupts:
            raise
        sys.stderr.write(f"{INTERRUPTED_LINE}\n")
        _leave()
    finally:
        _ignore_interrupts()  # the work is done: one would only show Python's own words
        # Else Python looks through all objects of torch for garbage, as it ends.
        gc.freeze()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, and again if it is ignored, as in a C callback."""
    _interrupts.append(number)
    repeat = getattr(signal, "setitimer", None)  # Windows has none
    if repeat is not None:
        signal.signal(signal.Signals["SIGALRM"], _interrupt)
        repeat(signal.ITIMER_REAL, _AGAIN)
    signal.default_int_handler(number, frame)


def _ignore_interrupts() -> None:
    for name in {"SIGINT", "SIGTERM", "SIGALRM"} & set(signal.Signals.__members__):
        signal.signal(signal.Signals[name], signal.SIG_IGN)


def _leave() -> None:
    _ignore_interrupts()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    run()
