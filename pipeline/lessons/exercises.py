"""Exercises: a lesson's functions without their bodies, and the check of a learner's.

The text of an exercise and its solution are read from the lesson's own file.
"""

import ast
import json
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.lessons import Lesson

LIMIT = 10.0  # seconds for one function
NOT_ATTEMPTED, WRONG, RIGHT = "not attempted", "wrong", "right"

# The functions of each exercise. The code uses the function; its last line gives three
# numbers. They are unequal, so that a wrong sign or a wrong mean changes them.
EXERCISES: dict[str, dict[str, str]] = {
    "tensors": {
        "share_memory": """\
x = torch.arange(6.0).view(2, 3)
[share_memory(x, x[1]), share_memory(x, x[[1]]), share_memory(x, x.T)]""",
        "changes_with": """\
x = torch.arange(6.0).view(2, 3)
[changes_with(x, x[1]), changes_with(x, x.clone()), x[1, 0]]""",
    },
    "vectorization": {
        "add_elements": "add_elements(tensor([1.0, 2, 3]), tensor([4, -1, 0.5]))",
        "add_at_once": "add_at_once(tensor([1.0, 2, 3]), tensor([4, -1, 0.5]))",
        "predict_each": """\
X = tensor([[1.0, 2.0], [3.0, 4.0], [0.0, 5.0]])
predict_each(X, tensor([0.5, -1.0]))""",
        "predict_at_once": """\
X = tensor([[1.0, 2.0], [3.0, 4.0], [0.0, 5.0]])
predict_at_once(X, tensor([0.5, -1.0]))""",
    },
    "linear-regression": {
        "linear": """\
W, b = tensor([[2.0], [-1.0]]), tensor([0.5])
linear([W, b], tensor([[1.0, 2.0], [3.0, 4.0], [0.0, 5.0]]))""",
        "squared_loss": """\
squared_loss(tensor([[1.0], [2.0], [5.0]]), tensor([[1.5], [-1.0], [1.0]]))""",
        "sgd": """\
w = tensor([1.0, -2.0, 3.0], requires_grad=True)
for _ in range(2):  # two steps
    (w**2).sum().backward()
    sgd([w], 0.1)
w""",
    },
    "softmax-regression": {
        "log_softmax": "log_softmax(tensor([[98.0, 99.0, 101.0]]))",
        "cross_entropy": """\
logits = tensor([[1.0, 2.0, 4.0], [0.0, 3.0, 1.0], [2.0, 2.0, 5.0]])
cross_entropy(logits, tensor([2, 0, 1]))""",
    },
    "mlp": {
        "relu": "relu(tensor([-2.0, 0.5, 3.0]))",
        "mlp": """\
hidden = [tensor([[1.0, -1.0], [2.0, 1.0]]), tensor([0.5, -0.5])]
output = [tensor([[1.0], [-2.0]]), tensor([-3.0])]
mlp([*hidden, *output], tensor([[1.0, 2.0], [3.0, -4.0], [-1.0, 0.5]]))""",
    },
    "model-selection": {
        "powers": "powers(tensor([[-2.0]]), 3)",
        "kfold": """\
x = torch.linspace(-1, 2, 20).view(-1, 1)
kfold(x, x**2, 1, seed=0)""",
        "simplest": """\
few, close, far = Errors(1, 9, 4), Errors(1, 6, 2), Errors(1, 5, 2)
[simplest([few, close, far]), simplest([few, far]), simplest([close, few])]""",
    },
    "weight-decay": {
        "squared_loss": """\
squared_loss(tensor([[1.0], [2.0], [5.0]]), tensor([[1.5], [-1.0], [1.0]]))""",
        "l2_penalty": """\
w = tensor([1.0, -2.0], requires_grad=True)
penalty = l2_penalty(w)
[penalty.detach(), *torch.autograd.grad(penalty, w)[0]]""",
    },
    "dropout": {
        "draw_mask": """\
mask = draw_mask(torch.zeros(1000, 1000), 0.2, torch.Generator())
[mask.mean().round(decimals=2), mask.min(), mask.max()]""",
        "dropout": "dropout(tensor([1.0, -2.0, 4.0]), 0.2, tensor([1.0, 0.0, 1.0]))",
    },
}


@dataclass(frozen=True)
class Checked:
    """A function that was checked.

    Attributes:
        name: of the function.
        status: "not attempted", "wrong" or "right".
        expected: what the lesson's function gives.
        actual: what the learner's function gives, cut to as many numbers.
        reason: why it is wrong, where the numbers do not tell.
    """

    name: str
    status: str
    expected: list[float] = field(default_factory=list)
    actual: list[float] = field(default_factory=list)
    reason: str = ""

    def record(self) -> dict[str, Any]:
        """Return the result for JSON; numbers that are not finite become null."""
        numbers = {"expected": self.expected, "actual": self.actual}
        finite = {
            k: [x if isfinite(x) else None for x in v] for k, v in numbers.items()
        }
        return {**asdict(self), **finite}


def exercise_path(lesson: Lesson, project: Project) -> Path:
    """Return the path of the learner's file."""
    return project.root / "exercises" / lesson.path.name


def write_exercise(lesson: Lesson, project: Project) -> Path:
    """Write the lesson's functions without their bodies, for the learner to fill in.

    Raises:
        UserError: The file exists, or the folder cannot be written to.
    """
    path = exercise_path(lesson, project)
    if path.exists():
        raise UserError(f"{path}: exists; check it, or move it away to begin again")
    page, about = _Page(lesson), lesson.cells[0].text.removeprefix("# ")
    command = f"pipeline lesson {lesson.name}"
    parts = [
        f'r"""{about}\n\nWrite the functions, then run `{command} --check`.\n'
        f'`{command} --solution` shows those of the lesson.\n"""\n\n{page.imports()}'
    ]
    for name, use in EXERCISES[lesson.name].items():
        lines = ["# Checked by:", *(f"#     {line}" for line in use.splitlines())]
        lines += [*page.head(name), "    raise NotImplementedError"]
        parts.append("\n".join(lines))
    write_atomically(path, "\n\n\n".join(parts) + "\n")
    return path


def solution(lesson: Lesson) -> str:
    """Return the lesson's own functions, with the imports that they need."""
    page = _Page(lesson)
    functions = ["\n".join(page.whole(name)) for name in EXERCISES[lesson.name]]
    return "\n\n\n".join([page.imports(), *functions])


class _Page:
    """The source of a lesson."""

    def __init__(self, lesson: Lesson) -> None:
        source = lesson.path.read_text(encoding="utf-8")
        self._lines, self._statements = source.splitlines(), ast.parse(source).body
        self._stem, names = lesson.path.stem, EXERCISES[lesson.name]
        functions = [x for x in self._statements if isinstance(x, ast.FunctionDef)]
        self._functions = {x.name: x for x in functions if x.name in names}

    def whole(self, name: str) -> list[str]:
        """Return the lines of a function, with its decorators."""
        return self._cut(name, self._functions[name])

    def head(self, name: str) -> list[str]:
        """Return the lines of a function up to its docstring."""
        return self._cut(name, self._functions[name].body[0])

    def _cut(self, name: str, last: ast.stmt) -> list[str]:
        function = self._functions[name]
        first = min([function.lineno, *(x.lineno for x in function.decorator_list)])
        return self._lines[first - 1 : last.end_lineno]

    def imports(self) -> str:
        """Return the imports of all names that the functions use."""
        nodes = [n for tree in self._functions.values() for n in ast.walk(tree)]
        used = {"torch", *(node.id for node in nodes if isinstance(node, ast.Name))}
        used -= self._functions.keys()
        lines, own = [], []
        for node in self._statements:
            if isinstance(node, ast.Import | ast.ImportFrom):
                node.names = [x for x in node.names if (x.asname or x.name) in used]
                lines += [ast.unparse(node)] * bool(node.names)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                own.append(node.name)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
                own += [n.id for n in names if isinstance(n.ctx, ast.Store)]
        if own := sorted(used.intersection(own)):
            lines.append(
                f"\nfrom pipeline.lessons.{self._stem} import {', '.join(own)}"
            )
        return "\n".join(lines)


def check_exercise(lesson: Lesson, project: Project) -> list[Checked]:
    """Check the learner's functions in a process of their own.

    A function that ends the process or exceeds the time limit is wrong; a new process
    checks the others.

    Raises:
        UserError: There is no file to check.
    """
    path = exercise_path(lesson, project)
    if not path.is_file():
        raise UserError(
            f"{path}: no such file; write it by `lesson {lesson.name} --exercise`"
        )
    checked, waiting = list[Checked](), list(EXERCISES[lesson.name])
    while waiting:
        announce(f"checking {', '.join(waiting)}")
        done, reason = _run_checker(lesson, path, waiting)
        checked += done
        waiting = waiting[len(done) :]
        if waiting:
            checked.append(Checked(waiting.pop(0), WRONG, reason=reason))
    return checked


def _run_checker(
    lesson: Lesson, path: Path, functions: list[str]
) -> tuple[list[Checked], str]:
    """Return the functions that were checked, and why the process ended early."""
    with TemporaryDirectory() as folder:
        results, late = Path(folder, "results"), Path(folder, "late")
        command = [sys.executable, "-m", "pipeline.lessons.checker", str(LIMIT)]
        process = subprocess.run(
            [*command, lesson.name, path, results, late, *functions],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if not late.exists():  # no line of the learner was run
            raise RuntimeError(process.stderr)
        lines = results.read_text(encoding="utf-8").splitlines()
        is_late = bool(late.read_bytes())
    reason = f"it took more than {LIMIT:g} s" if is_late else "it ended the process"
    return [Checked(**json.loads(line)) for line in lines], reason
