"""Run the command line in processes that have imported pandas and torch already.

They are forked from a server that has imported them, so that a test which starts a
hundred processes does not import them a hundred times. All else is real: a process of
its own, with its own signals, that runs what the console script runs.
"""

import multiprocessing
import os
import signal
import sys
from pathlib import Path
from typing import NamedTuple

from situations import Result

from pipeline.__main__ import run

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "pipeline.cli",
        "pipeline.stages.preprocess",
        "pipeline.stages.tune",
        "torch._dynamo",
    ]
)
_TIME_LIMIT = 240  # seconds after which a process counts as hung


class Fork(NamedTuple):
    """A process that runs commands in order, until one fails."""

    process: multiprocessing.Process
    folder: Path  # holds its output

    def kill(self, whole_group):
        """Send SIGKILL to the process, or also to all that it has started."""
        (os.killpg if whole_group else os.kill)(self.process.pid, signal.SIGKILL)
        self.process.join()

    def end(self) -> Result:
        self.process.join(_TIME_LIMIT)
        if self.process.exitcode is None:
            self.kill(whole_group=True)
            raise TimeoutError("hung")
        texts = [(self.folder / name).read_text() for name in ("out", "err")]
        return Result(self.process.exitcode, *texts)


def fork(folder, *commands, prepare=None) -> Fork:
    """Run commands, each a list of arguments, in a new process.

    The process first calls `prepare`, a function of a module. Its output goes to files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    process = _CONTEXT.Process(target=_run, args=(folder, commands, prepare))
    process.start()
    return Fork(process, folder)


def _run(folder, commands, prepare):
    os.setpgrp()
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)

    if prepare:
        prepare()
    for command in commands:
        sys.argv = ["pipeline", *map(str, command)]
        run()
