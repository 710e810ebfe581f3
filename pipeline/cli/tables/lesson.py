"""The output of lessons: their list, and published values beside measured ones."""

from rich.text import Text

from pipeline.cli.console import make_table, say, say_wrapped, show
from pipeline.lessons import Lesson
from pipeline.lessons.result import Interval, LessonResult

_WITHIN = {True: Text("yes"), False: Text("no", style="bold red"), None: Text("")}


def show_lessons(lessons: list[dict[str, str]]) -> None:
    """Show names and summaries of the lessons."""
    table = make_table(["lesson", "summary"], [])
    for lesson in lessons:
        table.add_row(lesson["lesson"], lesson["summary"])
    show("Lessons: `pipeline lesson NAME` runs one, `pipeline lesson all` all", table)


def show_begin(lesson: Lesson) -> None:
    """Show what a lesson is about, and what to watch."""
    say_wrapped(f"{lesson.name}: {lesson.about}")


def show_result(result: LessonResult) -> None:
    """Show published and measured values, the paths of the figures and what is seen."""
    rows = result.measurements
    names = ["quantity", "published", "measured"]
    # Text is aligned left and numbers right, both columns alike so that they compare.
    left = 3 if any(isinstance(each.measured, str) for each in rows) else 1
    has_tolerance = any(each.tolerance is not None for each in rows)
    is_checked = any(each.within_tolerance is not None for each in rows)
    right = [
        *names[left:],
        *(["tolerance"] if has_tolerance else []),
        *(["within?" if has_tolerance else "holds?"] if is_checked else []),
    ]
    table = make_table(names[:left], right)
    for each in rows:
        measured = each.measured
        cells: list[str | Text] = [
            each.quantity,
            each.published,
            measured if isinstance(measured, str) else f"{measured:.5g}",
        ]
        if has_tolerance:
            cells.append(_interval(each.tolerance))
        if is_checked:
            cells.append(_WITHIN[each.within_tolerance])
        table.add_row(*cells)
    show(f"{result.lesson.name}, {result.impl}, {result.seconds:.1f} s", table)
    for path in result.figures:
        say(f"Figure saved to {path}")
    if result.seen:
        say_wrapped(f"What was seen: {' '.join(result.seen)}")


def show_end(lesson: Lesson) -> None:
    """Show what to try next."""
    say("To try:")
    for trial in lesson.to_try:
        say(f"  {trial.command}")
        say_wrapped(f"    {trial.shows}")


def _interval(ends: Interval | None) -> str:
    """Return a tolerance as text; one with a single end says which."""
    if ends is None:
        return ""
    low, high = ends
    if high == float("inf"):
        return f"at least {low:.5g}"
    return f"{low:.5g}" if low == high else f"{low:.5g} to {high:.5g}"
