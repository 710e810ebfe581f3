"""The pipeline in a notebook: frames in, fold scores and predictions out.

Nothing is read from a project or written to it, but by `open_run` and `Result.save`.
"""

from pipeline.notebook.data import Data, load
from pipeline.notebook.result import Result, open_run
from pipeline.notebook.training import train

__all__ = ["Data", "Result", "load", "open_run", "train"]
