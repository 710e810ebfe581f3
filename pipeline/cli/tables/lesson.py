"""The output of lessons: their list, and published values beside measured ones."""

from typing import TYPE_CHECKING

from pipeline.cli.console import make_table, say, say_wrapped, show
from pipeline.lessons import Lesson

if TYPE_CHECKING:  # it loads torch
    from pipeline.lessons.runner import Result


def show_lessons(lessons: list[dict[str, str]]) -> None:
    """Show names and summaries of the lessons."""
    table = make_table(["lesson", "summary"], [])
    for lesson in lessons:
        table.add_row(lesson["lesson"], lesson["summary"])
    show("Lessons: `pipeline lesson NAME` runs one, `pipeline lesson all` all", table)


def show_begin(lesson: Lesson) -> None:
    """Show what a lesson is about, and what to watch."""
    say_wrapped(f"{lesson.name}: {lesson.about}")


def show_result(result: "Result") -> None:
    """Show published and measured values, the paths of the figures and what is seen."""
    rows = result.rows
    has_tolerance = any(row.band for row in rows)
    columns = ["quantity", "published", "measured"]
    if has_tolerance:
        columns.append("tolerance")
    if any(row.inside is not None for row in rows):
        columns.append("within?" if has_tolerance else "holds?")
    # Text is aligned left and numbers right, both columns alike so that they compare.
    left = 3 if any(isinstance(row.measured, str) for row in rows) else 1
    table = make_table(columns[:left], columns[left:])
    for row in rows:
        *cells, tolerance, inside = row.cells
        if has_tolerance:
            cells.append(tolerance)
        style = "bold red" if row.inside is False else ""
        table.add_row(*[*cells, inside][: len(columns)], style=style)
    show(f"{result.lesson.name}, {result.impl}, {result.seconds:.1f} s", table)
    for path in result.figures:
        say(f"Figure saved to {path}")
    if result.seen:
        say_wrapped(f"What was seen: {' '.join(result.seen)}")


def show_end(lesson: Lesson) -> None:
    """Show what to try next."""
    say("To try:")
    for trial in lesson.to_try:
        say(f"  {trial['command']}")
        say_wrapped(f"    {trial['shows']}")
