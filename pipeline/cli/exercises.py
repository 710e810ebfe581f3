"""The exercises of `pipeline lesson`: write one, check it, or show the solution."""

from typing import TYPE_CHECKING

from pipeline.cli.console import (
    make_table,
    next_step,
    print_json,
    say,
    say_command,
    show,
)
from pipeline.cli.progress import steps
from pipeline.core.errors import UserError
from pipeline.core.paths import Project

if TYPE_CHECKING:
    from pipeline.lessons import Lesson
    from pipeline.lessons.exercises import Checked


def show_exercise(lesson: "Lesson", project: Project, as_json: bool) -> None:
    """Write the exercise of a lesson."""
    from pipeline.lessons.exercises import functions, write_exercise

    path, names = write_exercise(lesson, project), [*functions(lesson)]
    if as_json:
        print_json({"lesson": lesson.name, "path": str(path), "functions": names})
        return
    say(f"Wrote {path}: write the functions {', '.join(names)}")
    say(next_step(f"lesson {lesson.name} --check", project.root))


def show_solution(lesson: "Lesson", _: Project, as_json: bool) -> None:
    """Show the lesson's own functions."""
    from pipeline.lessons.exercises import solution

    text = solution(lesson)
    if as_json:
        print_json({"lesson": lesson.name, "solution": text})
    else:
        say_command(text)


def show_check(lesson: "Lesson", project: Project, as_json: bool) -> None:
    """Check the learner's functions of a lesson.

    Raises:
        UserError: Some are not right, or there is no file.
    """
    from pipeline.lessons.exercises import RIGHT, check_exercise, exercise_path

    with steps(hidden=as_json):
        checked = check_exercise(lesson, project)
    if as_json:
        functions = [each.record() for each in checked]
        print_json({"lesson": lesson.name, "functions": functions})
    else:
        show_checked(lesson, checked)
    right = sum(each.status == RIGHT for each in checked)
    if right < len(checked):
        path = exercise_path(lesson, project)
        raise UserError(
            f"{path}: {right} of {len(checked)} functions are right; "
            "write the others, and check again"
        )


def show_checked(lesson: "Lesson", checked: list["Checked"]) -> None:
    """Show the status of each function, and for wrong ones what was expected."""
    from pipeline.lessons.exercises import WRONG, functions

    table = make_table(["function", "status", "expected", "actual"], [])
    for each in checked:
        numbers = [each.expected, each.actual] if each.status == WRONG else [[], []]
        texts = [", ".join(f"{number:.5g}" for number in part) for part in numbers]
        table.add_row(each.name, each.status, *texts)
    show(f"{lesson.name}: the functions of the exercise", table)
    tasks = functions(lesson)
    for each in checked:
        if each.status == WRONG:
            say(f"{each.name} is wrong{each.reason and f' ({each.reason})'} for:")
            for line in tasks[each.name].use.splitlines():
                say_command(f"  {line}")
