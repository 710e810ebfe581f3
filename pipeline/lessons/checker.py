"""The process that runs a learner's functions: it may hang, or end at any time.

python -m pipeline.lessons.checker SECONDS LESSON FILE RESULTS LATE FUNCTION...

RESULTS gets a line of JSON for each function. LATE gets a traceback if a
function takes more than SECONDS.
"""

import ast
import faulthandler
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from traceback import extract_tb
from typing import Any

import torch

from pipeline.core.errors import one_line
from pipeline.lessons import LESSONS, Lesson
from pipeline.lessons.exercises import (
    EXERCISES,
    NOT_ATTEMPTED,
    RIGHT,
    WRONG,
    Checked,
)

Names = dict[str, Any]


def main() -> None:
    """Check functions and write the results, with whatever they print discarded."""
    seconds, name, path, results, late, *functions = sys.argv[1:]
    limit, lesson = float(seconds), LESSONS[name]
    import_module(f"pipeline.lessons.{lesson.path.stem}")
    with Path(results).open("w", encoding="utf-8") as out, Path(late).open("w") as log:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        faulthandler.dump_traceback_later(limit, exit=True, file=log)
        for checked in check(lesson, Path(path), functions):
            out.write(json.dumps(asdict(checked)) + "\n")
            out.flush()
            faulthandler.dump_traceback_later(limit, exit=True, file=log)
    os._exit(0)  # do not wait for the learner's threads


def check(lesson: Lesson, path: Path, functions: Iterable[str]) -> Iterator[Checked]:
    """Yield the result of each function in the learner's file.

    While one function is checked, the lesson's own ones replace the others, so that a
    wrong one does not make another one wrong.
    """
    ours = dict(vars(import_module(f"pipeline.lessons.{lesson.path.stem}")))
    own = {name: ours[name] for name in EXERCISES[lesson.name]}
    names: Names = {"__name__": lesson.path.stem, "__file__": str(path)}
    reason = ""
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), names)
    except BaseException as error:  # such as exit()
        reason = _reason(error, path)
    theirs = {name: names[name] for name in own if name in names}
    for name in functions:
        use = EXERCISES[lesson.name][name]
        expected = _numbers(use, ours)
        if reason:
            yield Checked(name, WRONG, expected.flatten().tolist(), reason=reason)
        elif name not in theirs:
            yield Checked(name, NOT_ATTEMPTED, reason="it is not in the file")
        else:
            names.update({**own, name: theirs[name]})
            learner = {**ours, name: theirs[name]}
            yield _compare(name, expected, use, learner, path)


def _compare(
    name: str, expected: torch.Tensor, use: str, names: Names, path: Path
) -> Checked:
    """Use the learner's function, and compare the numbers with the expected ones."""
    numbers = expected.flatten().tolist()
    try:
        actual = _numbers(use, names)
    except NotImplementedError:
        return Checked(name, NOT_ATTEMPTED, numbers)
    except BaseException as error:  # such as exit()
        return Checked(name, WRONG, numbers, reason=_reason(error, path))
    found = actual.flatten()[: len(numbers)].tolist()
    if actual.shape != expected.shape:
        shapes = f"{[*actual.shape]} instead of {[*expected.shape]}"
        return Checked(name, WRONG, numbers, found, f"its shape is {shapes}")
    is_right = torch.allclose(actual, expected, rtol=1e-3, atol=1e-6)
    return Checked(name, RIGHT if is_right else WRONG, numbers, found)


def _numbers(use: str, names: Names) -> torch.Tensor:
    """Run code on the given names, and return the value of its last line."""
    *statements, last = ast.parse(use).body
    names = {**names, "torch": torch, "tensor": torch.tensor}
    torch.manual_seed(0)
    exec(compile(ast.Module(statements, []), "use", "exec"), names)
    value = eval(ast.unparse(last), names)
    return torch.as_tensor(value).detach().double() + 0.0  # -0 becomes 0


def _reason(error: BaseException, path: Path) -> str:
    """Return an error on one line, with the line of the learner's file."""
    lines = [
        each.lineno
        for each in extract_tb(error.__traceback__)
        if each.filename == str(path)
    ]
    if isinstance(error, SyntaxError):
        lines = [error.lineno]
    where = f"line {lines[-1]}: " if lines else ""
    return f"{where}{type(error).__name__}: {one_line(error, 200)}"


if __name__ == "__main__":
    main()
