"""The command `lesson`: published values of the book beside measured ones."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipeline.cli import console
from pipeline.cli.console import (
    make_table,
    print_json,
    say,
    say_command,
    say_wrapped,
    show,
)
from pipeline.cli.exercises import show_check, show_exercise, show_solution
from pipeline.cli.options import Json, Root, takes_settings
from pipeline.cli.progress import steps
from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.progress import LOADING, announce
from pipeline.core.settings import (
    check_minimum,
    check_not_negative,
    check_positive,
    check_probability,
    option,
    option_name,
    options,
)

if TYPE_CHECKING:
    from pipeline.lessons import Lesson
    from pipeline.lessons.runner import Result
    from pipeline.lessons.show import Answer

_BOOKS = "(default: the book's)"


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of `lesson`. Those given replace the parameters of the same names.

    Raises:
        UserError: A value is outside its range.
    """

    seed: int = option(0, "Random seed of data, weights and batches.")
    epochs: int = option(None, f"Number of training epochs {_BOOKS}.")
    lr: float = option(None, f"Learning rate {_BOOKS}.")
    hidden: tuple[int, ...] = option(
        None, f"Widths of the hidden layers {_BOOKS}.", metavar="256,128"
    )
    rates: tuple[float, ...] = option(
        None, f"Dropout of each hidden layer {_BOOKS}.", name="rate", metavar="0.2,0.5"
    )
    lambdas: tuple[float, ...] = option(
        None, f"Values of the weight decay λ {_BOOKS}.", name="lambda", metavar="0,3"
    )

    def __post_init__(self) -> None:
        check_minimum("--seed", self.seed, 0)
        check_minimum("--epochs", self.epochs, 1)
        check_positive("--lr", self.lr)
        for width in self.hidden or ():
            check_minimum("--hidden", width, 1)
        for rate in self.rates or ():
            check_probability("--rate", rate)
        for decay in self.lambdas or ():
            check_not_negative("--lambda", decay)

    @property
    def given(self) -> dict[str, Any]:
        """The values that are given, by the names of parameters."""
        values = {name.upper(): value for name, value in vars(self).items()}
        return {name: value for name, value in values.items() if value is not None}


@takes_settings(of=Options)
def lesson(
    *,
    name: Annotated[
        str | None,
        typer.Argument(help="Name of a lesson, or all (default: list them)."),
    ] = None,
    impl: Annotated[
        Literal["scratch", "torch", "both"], typer.Option(help="Implementation to run.")
    ] = "both",
    settings: Options,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Fashion-MNIST directory (default: search the usual places, or "
            "download it)."
        ),
    ] = None,
    exercise: Annotated[
        bool,
        typer.Option(
            "--exercise", help="Write its functions without bodies to exercises/."
        ),
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Check the functions that you wrote.")
    ] = False,
    solution: Annotated[
        bool, typer.Option("--solution", help="Show the lesson's own functions.")
    ] = False,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask for your guesses before the training.")
    ] = False,
    root: Root = Path(),
    as_json: Json = False,
) -> None:
    """Run a lesson of the book and compare the results with the book's.

    Example: pipeline lesson linear-regression
    """
    from pipeline.lessons import find_lesson, find_lessons

    flags = {"exercise": exercise, "check": check, "solution": solution, "ask": ask}
    given = [f"--{flag}" for flag, is_given in flags.items() if is_given]
    if len(given) > 1 or (given and name is None):
        raise UserError(f"{' '.join(given)}: give one, and the name of a lesson")
    if name is None:
        _list(as_json)
        return
    if exercise or check or solution:
        part = show_exercise if exercise else show_check if check else show_solution
        part(find_lesson(name), Project(root), as_json)
        return
    if ask:
        console.check_terminal("--ask", as_json=as_json)
    check_options(name, settings)
    lessons = find_lessons(name)
    values = {"ROOT": root, **settings.given} | ({"DATA": data} if data else {})
    if as_json:
        runs = [(found, side) for found in lessons for side in found.sides(impl)]
        records = [_run(*each, values).record() for each in runs]
        print_json({"lessons": records})
        return
    for found in lessons:
        _show(found, impl, values, ask=ask)


def check_options(name: str, settings: Options) -> None:
    """Check that a lesson has the parameters that are given; all take what they have.

    Raises:
        UserError: It lacks one.
    """
    from pipeline.lessons import LESSONS

    for field in options(Options):
        parameter = field.name.upper()
        having = [x.name for x in LESSONS.values() if parameter in x.parameters]
        is_given = parameter in settings.given and parameter != "SEED"
        if is_given and name in LESSONS and name not in having:
            raise UserError(
                f"--{option_name(field)}: {name} does not have it; lessons that do: "
                f"{', '.join(having)}"
            )


def _list(as_json: bool) -> None:
    """Show the names and summaries of the lessons."""
    from pipeline.lessons import LESSONS

    listed = [{"lesson": x.name, "summary": x.summary} for x in LESSONS.values()]
    if as_json:
        print_json({"lessons": listed})
        return
    title = "Lessons: `pipeline lesson NAME` runs one, `pipeline lesson all` all"
    rows = [(each["lesson"], each["summary"]) for each in listed]
    show(title, make_table(["lesson", "summary"], [], rows))


def _show(lesson: "Lesson", impl: str, options: dict[str, Any], *, ask: bool) -> None:
    """Run a lesson, and show each implementation before the next one begins."""
    say_wrapped(f"{lesson.name}: {lesson.about}")
    questions = {each.number: each for each in lesson.questions(impl) if ask}
    if ask and not questions:
        say(f"There are no questions for {impl} alone.")
    guesses = {n: console.ask(each.text, each.letters) for n, each in questions.items()}
    missed = []
    for side in lesson.sides(impl):
        if side != "both":
            say("From scratch:" if side == "scratch" else "With torch:")
        with steps() as display:
            result = _run(lesson, side, options, say=display.say)
        show_result(result)
        new = [answer for answer in result.answers if answer.number in guesses]
        missed += [
            each for each in new if not show_guess(each, guesses.pop(each.number))
        ]
    for answer in missed:
        say("Once more:")
        question = questions[answer.number]
        show_guess(answer, console.ask(question.text, question.letters))
    show_end(lesson)


def show_end(lesson: "Lesson") -> None:
    """Show what to try next."""
    say("To try:")
    for trial in lesson.to_try:
        say_command(f"  {trial['command']}")
        say_wrapped(f"    {trial['shows']}")


def show_guess(answer: "Answer", guess: str | float | None) -> bool:
    """Show an answer beside a guess, and return whether the guess is right."""
    is_right = answer.is_met(guess)
    yours = f"{guess:g}" if isinstance(guess, float) else f"({guess})"
    if guess is None:
        yours = "no guess"
    verdict = "right" if is_right else f"the answer is {answer.text}"
    say_wrapped(f"Guess {answer.number}: {yours}, {verdict}. {answer.why}")
    return is_right


def _run(
    lesson: "Lesson", impl: str, options: dict[str, Any], **say: Callable[[str], None]
) -> "Result":
    """Run a lesson in one implementation, after its images are downloaded."""
    announce(LOADING)
    from pipeline.lessons.runner import run_lesson
    from pipeline.stages.fashion_mnist import find_or_download

    if lesson.needs_images:
        folder = find_or_download(options.get("DATA"), Project(options["ROOT"]))
        options = {**options, "DATA": folder}
    return run_lesson(lesson, impl, options, **say)


def show_result(result: "Result") -> None:
    """Show published and measured values, the paths of the figures and what is seen."""
    rows = result.rows
    columns = ["quantity", "published", "measured", "tolerance", "within?"]
    cells = [row.cells for row in rows]
    if not any(row.band for row in rows):
        columns[4] = "holds?"
    used = [n for n in range(5) if n < 3 or any(row[n] for row in cells)]
    # Text is aligned left and numbers right, both columns alike so that they compare.
    left = 3 if any(isinstance(row.measured, str) for row in rows) else 1
    names = [columns[n] for n in used]
    table = make_table(names[:left], names[left:])
    for row in rows:
        style = "bold red" if row.inside is False else ""
        table.add_row(*(row.cells[n] for n in used), style=style)
    show(f"{result.lesson.name}, {result.impl}, {result.seconds:.1f} s", table)
    for path in result.figures:
        say(f"Figure saved to {path}")
    if result.seen:
        say_wrapped(f"What was seen: {' '.join(result.seen)}")
