"""The time of the parts of a training epoch, and of a command's imports.

python -m experiments.profiling
"""

import os
import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from experiments.common import PROJECT
from experiments.competitors import FOLDS, load, new_trainer
from experiments.documents import SPEED, put, table
from experiments.processes import PIPELINE, temporary_project
from pipeline.network.trainer import Trainer

WIDTHS, EPOCHS = (256, 64), 5
KINDS = {
    "matrix products": ("aten::bmm", "aten::baddbmm"),
    "AdamW": ("aten::_fused_adamw_",),
    "SiLU and its gradient": ("aten::silu", "aten::silu_backward"),
    "gathering the batches": ("aten::index_select", "aten::index"),
}
COMMANDS = (
    ("--help",),
    ("runs",),
    ("submit",),
    ("preprocess", "--force"),
    ("train", "--model", "mlp", "--epochs", "1", "--force"),
)
SHOWN = 4  # packages shown per command


def epoch_shares(width: int) -> dict[str, float]:
    """Return the share of each kind of work in an epoch's time, on one core."""
    torch.set_num_threads(1)
    task = load(PROJECT, width, EPOCHS)
    trainer = new_trainer(task, task.lambdas, range(FOLDS))
    trainer.train_epoch()
    seconds = _seconds_of_operations(trainer)
    total = seconds.total()
    named = {
        kind: sum(seconds[name] for name in names) / total
        for kind, names in KINDS.items()
    }
    return named | {"other, about 20 small calls per step": 1 - sum(named.values())}


def _seconds_of_operations(trainer: Trainer) -> Counter[str]:
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(EPOCHS - 1):
            trainer.train_epoch()
    return Counter(
        {event.key: event.self_cpu_time_total for event in profiled.key_averages()}
    )


def import_seconds(root: Path, command: Sequence[str]) -> tuple[float, Counter[str]]:
    """Return the import time of a command, in total and per package."""
    line = [*PIPELINE, *command]
    if command != ("--help",):
        line += ["--root", str(root)]
    done = subprocess.run(
        line,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPROFILEIMPORTTIME": "1"},
    )
    seconds: Counter[str] = Counter()
    for micro, name in re.findall(
        r"import time: +(\d+) \| +\d+ \| +(\S+)", done.stderr
    ):
        seconds[name.split(".")[0]] += int(micro) / 1e6
    return seconds.total(), seconds


def main() -> None:
    """Write both tables into docs/speed.md."""
    shares = [epoch_shares(width) for width in WIDTHS]
    header = ["share of an epoch", *(f"hidden {width}" for width in WIDTHS)]
    lines = [[kind, *(f"{share[kind]:.0%}" for share in shares)] for kind in shares[0]]
    put("profile", table(header, lines), SPEED)
    lines = []
    with temporary_project(PROJECT.raw) as root:
        for command in (*COMMANDS[-2:], *COMMANDS):  # the first two make a run
            total, packages = import_seconds(root, command)
            slowest = (f"{name} {s:.2f}" for name, s in packages.most_common(SHOWN))
            lines.append([" ".join(command), f"{total:.2f}", ", ".join(slowest)])
    header = ["command", "imports, s", "of these"]
    put("imports", table(header, lines[2:]), SPEED)


if __name__ == "__main__":
    main()
