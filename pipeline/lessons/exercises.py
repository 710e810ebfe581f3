"""Exercises: a lesson's functions without their bodies, and the check of a learner's.

The functions are those whose docstring has an example. The text of an exercise and its
solution are read from the lesson's own file.
"""

import ast
import json
import subprocess
import sys
from collections.abc import Sequence
from doctest import DocTestParser
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.core.errors import UserError, error_in
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.lessons import Lesson

LIMIT = 10.0  # seconds for one function
NOT_ATTEMPTED, WRONG, RIGHT = "not attempted", "wrong", "right"


class Function(NamedTuple):
    """A function of an exercise.

    Attributes:
        use: the example's code; its last line gives three numbers. They are unequal, so
            that a wrong sign or a wrong mean changes them.
        head: the function up to its docstring.
        source: the whole function.
        names: what it uses.
    """

    use: str
    head: str
    source: str
    names: set[str]


class Checked(NamedTuple):
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
    expected: Sequence[float] = ()
    actual: Sequence[float] = ()
    reason: str = ""

    def record(self) -> dict[str, Any]:
        """Return the result for JSON; numbers that are not finite become null."""
        text = json.dumps(self._asdict())
        return dict(json.loads(text, parse_constant=lambda _: None))


def functions(lesson: Lesson) -> dict[str, Function]:
    """Return the functions of a lesson's exercise, by their names."""
    text, found = lesson.path.read_text(encoding="utf-8"), {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            examples = DocTestParser().get_examples(ast.get_docstring(node) or "")
            names = {x.id for x in ast.walk(node) if isinstance(x, ast.Name)}
            first = min([node.lineno, *(x.lineno for x in node.decorator_list)]) - 1
            head, source = (
                "\n".join(text.splitlines()[first : last.end_lineno])
                for last in (node.body[0], node)
            )
            if examples:
                use = "".join(example.source for example in examples)
                found[node.name] = Function(use, head, source, names)
    return found


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
    about, command = lesson.cells[0].text, f"pipeline lesson {lesson.name}"
    header = (
        f'r"""{about.removeprefix("# ")}\n\nWrite the functions. `{command} --check` '
        f"compares their examples, and\n`{command} --solution` shows those of the "
        f'lesson.\n"""\n\n{_imports(lesson)}'
    )
    heads = [each.head for each in functions(lesson).values()]
    parts = [header, *(f"{head}\n    raise NotImplementedError" for head in heads)]
    write_atomically(path, "\n\n\n".join(parts) + "\n")
    return path


def solution(lesson: Lesson) -> str:
    """Return the lesson's own functions, with the imports that they need."""
    sources = [each.source for each in functions(lesson).values()]
    return "\n\n\n".join([_imports(lesson), *sources])


def _imports(lesson: Lesson) -> str:
    """Return the imports of all names that the functions of the exercise use."""
    tasks, lines, own = functions(lesson), [], set[str]()
    used = {"torch"}.union(*(each.names for each in tasks.values())) - tasks.keys()
    for node in ast.parse(lesson.path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [x for x in node.names if (x.asname or x.name) in used]
            if node.names:
                lines.append(ast.unparse(node))
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names = [x for x in ast.walk(node) if isinstance(x, ast.Name)]
            own |= {x.id for x in names if isinstance(x.ctx, ast.Store)}
    if needed := sorted(own & used):
        module = f"pipeline.lessons.{lesson.path.stem}"
        lines.append(f"\nfrom {module} import {', '.join(needed)}")
    return "\n".join(lines)


def check_exercise(lesson: Lesson, project: Project) -> list[Checked]:
    """Check the learner's functions in a process of their own.

    A function that ends the process or exceeds the time limit is wrong; a new process
    checks the others.

    Raises:
        UserError: There is no file to check, or it is not Python.
    """
    path = exercise_path(lesson, project)
    if not path.is_file():
        raise UserError(
            f"{path}: no such file; write it by `lesson {lesson.name} --exercise`"
        )
    try:
        ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{error_in(path, error)}; fix the file") from None
    checked, waiting = list[Checked](), list(functions(lesson))
    while waiting:
        announce(f"checking {', '.join(waiting)}")
        done, reason = _run_checker(lesson, path, waiting)
        checked += done
        waiting = waiting[len(done) :]
        if waiting:
            checked.append(Checked(waiting.pop(0), WRONG, reason=reason))
    return checked


def _run_checker(
    lesson: Lesson, path: Path, names: list[str]
) -> tuple[list[Checked], str]:
    """Return the functions that were checked, and why the process ended early."""
    command = [sys.executable, "-m", "pipeline.lessons.checker", str(LIMIT)]
    process = subprocess.run(
        [*command, lesson.name, path, *names],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if "Traceback" in process.stderr:  # no line of the learner was run
        raise RuntimeError(process.stderr)
    is_late = "Timeout" in process.stderr
    reason = f"it took more than {LIMIT:g} s" if is_late else "it ended the process"
    lines = process.stdout.splitlines()
    return [Checked(**json.loads(line)) for line in lines], reason
