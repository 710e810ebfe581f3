"""The process that runs a learner's functions: it may hang, or end at any time.

python -m pipeline.lessons.checker SECONDS LESSON FILE FUNCTION...

It prints a line of JSON for each function, and nothing that the learner prints. If a
function takes more than SECONDS, the process ends, with "Timeout" on standard error.
"""

import ast
import faulthandler
import json
import os
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from pipeline.core.errors import error_in
from pipeline.lessons import LESSONS, Lesson
from pipeline.lessons.exercises import NOT_ATTEMPTED, RIGHT, WRONG, Checked, functions

Names = dict[str, Any]


def main() -> None:
    """Check functions and print the results."""
    seconds, name, path, *names = sys.argv[1:]
    import_module(f"pipeline.lessons.{LESSONS[name].path.stem}")
    streams = [os.fdopen(os.dup(number), "w", encoding="utf-8") for number in (1, 2)]
    for number in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    out, err = streams
    faulthandler.dump_traceback_later(float(seconds), exit=True, file=err)
    for checked in check(LESSONS[name], Path(path), names):
        print(json.dumps(checked._asdict()), file=out, flush=True)
        faulthandler.dump_traceback_later(float(seconds), exit=True, file=err)
    os._exit(0)  # do not wait for the learner's threads


def check(lesson: Lesson, path: Path, names: Iterable[str]) -> Iterator[Checked]:
    """Yield the result of each function in the learner's file.

    While one function is checked, the lesson's own ones replace the others, so that a
    wrong one does not make another one wrong.
    """
    ours = dict(vars(import_module(f"pipeline.lessons.{lesson.path.stem}")))
    tasks = functions(lesson)
    theirs: Names = {"__name__": lesson.path.stem, "__file__": str(path)}
    reason = ""
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), theirs)
    except BaseException as error:  # such as exit()
        reason = error_in(path, error)
    written = {name: theirs[name] for name in tasks if name in theirs}
    for name in names:
        expected = _numbers(tasks[name].use, ours)
        if reason:
            yield Checked(name, WRONG, expected.flatten().tolist(), reason=reason)
        elif name not in written:
            yield Checked(name, NOT_ATTEMPTED, reason="it is not in the file")
        else:
            theirs.update({x: ours[x] for x in tasks} | {name: written[name]})
            learner = {**ours, name: written[name]}
            yield _compare(name, expected, tasks[name].use, learner, path)


def _compare(
    name: str, expected: torch.Tensor, use: str, names: Names, path: Path
) -> Checked:
    """Use the learner's function, and compare the numbers with the expected ones."""
    checked = Checked(name, WRONG, expected.flatten().tolist())
    try:
        actual = _numbers(use, names)
    except NotImplementedError:
        return checked._replace(status=NOT_ATTEMPTED)
    except BaseException as error:  # such as exit()
        return checked._replace(reason=error_in(path, error))
    found = actual.flatten()[: expected.numel()].tolist()
    checked = checked._replace(actual=found)
    if actual.shape != expected.shape:
        shapes = f"{[*actual.shape]} instead of {[*expected.shape]}"
        return checked._replace(reason=f"its shape is {shapes}")
    is_right = torch.allclose(actual, expected, rtol=1e-3, atol=1e-6)
    return checked._replace(status=RIGHT if is_right else WRONG)


def _numbers(use: str, names: Names) -> torch.Tensor:
    """Run code on the given names, and return the value of its last line."""
    *statements, last = ast.parse(use).body
    names = dict(names)
    torch.manual_seed(0)
    exec(compile(ast.Module(statements, []), "use", "exec"), names)
    value = eval(ast.unparse(last), names)
    return torch.as_tensor(value).detach().double() + 0.0  # -0 becomes 0


if __name__ == "__main__":
    main()
