"""Run the pipeline's commands in new processes, with their time and memory.

python -m experiments.processes COMMAND... runs a command of the pipeline and prints its
costs as JSON (Linux only). This module imports very little, since the peak memory of a
process includes that of its parent.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pipeline.core.paths import Project


class Cost(NamedTuple):
    """The seconds of a command, its peak memory, and what it printed."""

    seconds: float
    peak_gb: float
    output: str


def cost(*command: str) -> Cost:
    """Run a command of the pipeline; return its costs.

    Raises:
        CalledProcessError: The command failed.
    """
    line = [sys.executable, "-m", "experiments.processes", *command]
    return Cost(*json.loads(subprocess.check_output(line)))


@contextmanager
def temporary_project() -> Iterator[Path]:
    """Make a project folder with an empty data/raw, and remove it after the block."""
    with tempfile.TemporaryDirectory() as folder:
        Project(Path(folder)).raw.mkdir(parents=True)
        yield Path(folder)


def main() -> None:
    """Run the command of the arguments, with its errors on standard error."""
    line = [sys.executable, "-m", "pipeline", *sys.argv[1:]]
    begin = time.perf_counter()
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=False)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(json.dumps([seconds, peak, done.stdout]))
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
