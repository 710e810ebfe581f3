"""The command `lesson`: published values of the book beside measured ones."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipeline.cli import console
from pipeline.cli.console import (
    make_table,
    next_step,
    print_json,
    say,
    say_command,
    say_wrapped,
    show,
)
from pipeline.cli.options import Json, Root, split_values
from pipeline.cli.progress import steps
from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.progress import LOADING, announce

if TYPE_CHECKING:  # they load torch
    from pipeline.lessons import Lesson, Question
    from pipeline.lessons.exercises import Checked
    from pipeline.lessons.runner import Result
    from pipeline.lessons.show import Answer

Guess = str | float | None
_BOOKS = "(default: the book's)"


def lesson(
    name: Annotated[
        str | None,
        typer.Argument(help="Name of a lesson, or all (default: list them)."),
    ] = None,
    impl: Annotated[
        Literal["scratch", "torch", "both"], typer.Option(help="Implementation to run.")
    ] = "both",
    seed: Annotated[
        int, typer.Option(min=0, help="Random seed of data, weights and batches.")
    ] = 0,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help=f"Number of training epochs {_BOOKS}."),
    ] = None,
    lr: Annotated[float | None, typer.Option(help=f"Learning rate {_BOOKS}.")] = None,
    hidden: Annotated[
        list[str] | None,
        typer.Option(metavar="256,128", help=f"Widths of the hidden layers {_BOOKS}."),
    ] = None,
    rates: Annotated[
        list[str] | None,
        typer.Option(
            "--rate", metavar="0.2,0.5", help=f"Dropout of each hidden layer {_BOOKS}."
        ),
    ] = None,
    lambdas: Annotated[
        list[str] | None,
        typer.Option(
            "--lambda", metavar="0,3", help=f"Values of the weight decay λ {_BOOKS}."
        ),
    ] = None,
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
    from pipeline.lessons import LESSONS, find_lesson

    actions = {"--exercise": exercise, "--check": check, "--solution": solution}
    actions["--ask"] = ask
    chosen = [option for option, is_given in actions.items() if is_given]
    if len(chosen) > 1 or (chosen and name is None):
        raise UserError(f"{' '.join(chosen)}: give one, and the name of a lesson")
    if name is None:
        listed = [{"lesson": x.name, "summary": x.summary} for x in LESSONS.values()]
        print_json({"lessons": listed}) if as_json else show_lessons(listed)
        return
    if ask:
        console.check_terminal("--ask", as_json=as_json)
    elif chosen:
        show_part = _exercise if exercise else _check if check else _solution
        show_part(find_lesson(name), Project(root), as_json)
        return
    with steps(hidden=as_json):
        announce(LOADING)
        from pipeline.lessons.runner import find_lessons, implementations

    given = {
        "SEED": seed,
        "DATA": data,
        "ROOT": root,
        "EPOCHS": epochs,
        "LR": lr,
        "HIDDEN": split_values("--hidden", hidden, int) if hidden else None,
        "RATES": split_values("--rate", rates, float) if rates else None,
        "LAMBDAS": split_values("--lambda", lambdas, float) if lambdas else None,
    }
    options = {key: value for key, value in given.items() if value is not None}
    lessons = find_lessons(name, options)
    if not as_json:
        for found in lessons:
            _show(found, impl, options, ask=ask)
        return
    results = [
        _run(found, side, options)
        for found in lessons
        for side in implementations(found, impl)
    ]
    print_json({"lessons": [result.record() for result in results]})


def _show(lesson: "Lesson", impl: str, options: dict[str, Any], *, ask: bool) -> None:
    """Run a lesson, and show each implementation before the next one begins."""
    from pipeline.lessons.runner import implementations

    headings = {"scratch": "From scratch", "torch": "With torch"}
    say_wrapped(f"{lesson.name}: {lesson.about}")
    asked, missed = set["Question"](), list[tuple["Question", "Answer"]]()
    for side in implementations(lesson, impl):
        if side in headings:
            say(f"{headings[side]}:")
        questions = [x for x in lesson.questions(side) if ask and x not in asked]
        guesses = {x: console.ask(_text(x), x.letters) for x in questions}
        if ask and not lesson.questions(side):
            say(f"There are no questions for {side} alone.")
        asked |= {*questions}
        with steps() as display:
            result = _run(lesson, side, options, say=display.say)
        show_result(result)
        missed += show_guesses(guesses, result)
    for question, answer in missed:
        say("Once more:")
        show_guess(answer, console.ask(_text(question), question.letters))
    show_end(lesson)


def _text(question: "Question") -> str:
    return f"Guess {question.number}. {question.text}"


def show_guesses(
    guesses: dict["Question", Guess], result: "Result"
) -> Iterator[tuple["Question", "Answer"]]:
    """Show the answers that a run gave to questions, and yield those missed."""
    answers = {answer.number: answer for answer in result.answers}
    for question, guess in guesses.items():
        answer = answers.get(question.number)
        if answer is None:
            say(f"Guess {question.number}: this run does not answer it")
        elif not show_guess(answer, guess):
            yield question, answer


def show_guess(answer: "Answer", guess: Guess) -> bool:
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
    from pipeline.lessons.runner import run_lesson
    from pipeline.stages.fashion_mnist import find_or_download

    if lesson.needs_images:
        folder = find_or_download(options.get("DATA"), Project(options["ROOT"]))
        options = {**options, "DATA": folder}
    return run_lesson(lesson, impl, options, **say)


def _exercise(lesson: "Lesson", project: Project, as_json: bool) -> None:
    """Write the exercise of a lesson."""
    from pipeline.lessons.exercises import functions, write_exercise

    path, names = write_exercise(lesson, project), [*functions(lesson)]
    if as_json:
        print_json({"lesson": lesson.name, "path": str(path), "functions": names})
        return
    say(f"Wrote {path}: write the functions {', '.join(names)}")
    say(next_step(f"lesson {lesson.name} --check", project.root))


def _check(lesson: "Lesson", project: Project, as_json: bool) -> None:
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


def _solution(lesson: "Lesson", _: Project, as_json: bool) -> None:
    """Show the lesson's own functions."""
    from pipeline.lessons.exercises import solution

    text = solution(lesson)
    if as_json:
        print_json({"lesson": lesson.name, "solution": text})
        return
    say_command(text)


def show_checked(lesson: "Lesson", checked: list["Checked"]) -> None:
    """Show the status of each function, and for wrong ones what was expected."""
    from pipeline.lessons.exercises import WRONG, functions

    tasks = functions(lesson)
    table = make_table(["function", "status", "expected", "actual"], [])
    for each in checked:
        numbers = [each.expected, each.actual] if each.status == WRONG else [[], []]
        texts = [", ".join(f"{number:.5g}" for number in part) for part in numbers]
        table.add_row(each.name, each.status, *texts)
    show(f"{lesson.name}: the functions of the exercise", table)
    for each in checked:
        if each.status == WRONG:
            say(f"{each.name} is wrong{each.reason and f' ({each.reason})'} for:")
            for line in tasks[each.name].use.splitlines():
                say_command(f"  {line}")


def show_lessons(lessons: list[dict[str, str]]) -> None:
    """Show names and summaries of the lessons."""
    table = make_table(["lesson", "summary"], [])
    for lesson in lessons:
        table.add_row(lesson["lesson"], lesson["summary"])
    show("Lessons: `pipeline lesson NAME` runs one, `pipeline lesson all` all", table)


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


def show_end(lesson: "Lesson") -> None:
    """Show what to try next."""
    say("To try:")
    for trial in lesson.to_try:
        say_command(f"  {trial['command']}")
        say_wrapped(f"    {trial['shows']}")
