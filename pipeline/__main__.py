"""The command line as a process: `python -m pipeline`, and the script `pipeline`."""

import atexit
import os
import signal
import sys
from contextlib import suppress

from pipeline.core.errors import INTERRUPTED, INTERRUPTED_LINE


def run() -> None:
    """Run the command line; SIGTERM interrupts it as Ctrl-C does.

    Interrupted, it leaves as soon as its workers' locks are given back: Python would
    first take down torch, its threads and its memory, which takes seconds.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        from pipeline.cli import main

        main()
    except KeyboardInterrupt:  # while it was loaded
        sys.stderr.write(f"{INTERRUPTED_LINE}\n")
    except SystemExit as stop:
        if stop.code != INTERRUPTED:
            raise
    else:
        return
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    run()
