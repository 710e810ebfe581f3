"""The lessons: their list, and published against measured."""

from rich.text import Text

from pipeline.cli.tables.console import make_table, say, show
from pipeline.lessons.result import LessonResult

_INSIDE = {True: Text("yes"), False: Text("no", style="bold red"), None: Text("")}


def show_lessons(lessons: list[dict[str, str]]) -> None:
    """The lessons in their order."""
    table = make_table(["lesson", "what it shows"], [])
    for lesson in lessons:
        table.add_row(lesson["lesson"], lesson["summary"])
    show("Lessons; run one by its name, or all of them with `all`", table)


def show_lesson(result: LessonResult) -> None:
    """Published against measured, and where the pictures lie."""
    names = ["quantity", "published", "measured"]
    # Where a measurement is words, they and what was published are read as words.
    words = 3 if any(isinstance(row.measured, str) for row in result.rows) else 1
    table = make_table(names[:words], [*names[words:], "band", "inside?"])
    for row in result.rows:
        band = "" if row.band is None else f"{row.band[0]:.5g} to {row.band[1]:.5g}"
        inside = _INSIDE[row.inside]
        measured = row.measured
        shown = measured if isinstance(measured, str) else f"{measured:.5g}"
        table.add_row(row.quantity, row.published, shown, band, inside)
    show(f"{result.lesson}, {result.impl}, {result.seconds:.1f} s", table)
    for path in result.figures:
        say(f"Drawn: {path}")
