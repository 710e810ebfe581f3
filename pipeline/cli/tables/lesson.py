"""The tables of lessons: their list, and published values beside measured ones."""

from rich.text import Text

from pipeline.cli.tables.console import make_table, say, show
from pipeline.lessons.result import LessonResult

_WITHIN = {True: Text("yes"), False: Text("no", style="bold red"), None: Text("")}


def show_lessons(lessons: list[dict[str, str]]) -> None:
    """Show names and summaries of the lessons."""
    table = make_table(["lesson", "summary"], [])
    for lesson in lessons:
        table.add_row(lesson["lesson"], lesson["summary"])
    show("Lessons: `pipeline lesson NAME` runs one, `pipeline lesson all` all", table)


def show_lesson(result: LessonResult) -> None:
    """Show published and measured values, and the paths of the figures."""
    names = ["quantity", "published", "measured"]
    # Text is aligned left and numbers right, both columns alike so that they compare.
    left = (
        3 if any(isinstance(each.measured, str) for each in result.measurements) else 1
    )
    right = [*names[left:], "tolerance", "within?"]
    table = make_table(names[:left], right)
    for each in result.measurements:
        ends = (
            "" if each.tolerance is None else "{:.5g} to {:.5g}".format(*each.tolerance)
        )
        measured = each.measured
        shown = measured if isinstance(measured, str) else f"{measured:.5g}"
        within = _WITHIN[each.within_tolerance]
        table.add_row(each.quantity, each.published, shown, ends, within)
    show(f"{result.lesson}, {result.impl}, {result.seconds:.1f} s", table)
    for path in result.figures:
        say(f"Figure saved to {path}")
