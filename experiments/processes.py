"""Run the pipeline's commands in processes of their own, with their time and memory.

python -m experiments.processes COMMAND... runs a command and prints its costs as JSON
(Linux only). This module imports very little, since the peak memory of a process
includes that of its parent.
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
from typing import Any, NamedTuple

from pipeline.core.paths import Project

PIPELINE = (sys.executable, "-m", "pipeline")


class Cost(NamedTuple):
    """The seconds of a command, its peak memory, and what it printed."""

    seconds: float
    peak_gb: float
    output: str

    @property
    def record(self) -> dict[str, Any]:
        """The JSON object that the command printed."""
        return dict(json.loads(self.output))


def cost(*command: str) -> Cost:
    """Run a command; return its costs.

    Raises:
        CalledProcessError: The command failed.
    """
    line = [sys.executable, "-m", "experiments.processes", *command]
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True)
    return Cost(**json.loads(done.stdout))


@contextmanager
def temporary_project(raw: Path | None = None) -> Iterator[Path]:
    """Make a project folder, which ends with the block; `raw` is its data/raw."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if raw is None:
            Project(root).raw.mkdir(parents=True)
        else:
            Project(root).raw.parent.mkdir()
            Project(root).raw.symlink_to(raw.resolve())
        yield root


def main() -> None:
    """Run the command of the arguments, with its errors on standard error."""
    begin = time.perf_counter()
    done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True, check=False)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(json.dumps(Cost(seconds, peak, done.stdout)._asdict()))
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
