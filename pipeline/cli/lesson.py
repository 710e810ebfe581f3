"""The command `lesson`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.console import print_json
from pipeline.cli.options import Json, Root, split_values
from pipeline.core.paths import Project
from pipeline.core.progress import LOADING, announce

if TYPE_CHECKING:  # they load torch
    from pipeline.lessons import Lesson
    from pipeline.lessons.config import LessonConfig
    from pipeline.lessons.result import LessonResult

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
    root: Root = Path(),
    as_json: Json = False,
) -> None:
    """Run a lesson of the book and compare the results with the book's.

    Example: pipeline lesson linear-regression
    """
    from pipeline.cli.progress import steps
    from pipeline.cli.tables.lesson import show_lessons
    from pipeline.lessons import LESSONS

    if name is None:
        listed = [{"lesson": x.name, "summary": x.summary} for x in LESSONS.values()]
        print_json({"lessons": listed}) if as_json else show_lessons(listed)
        return
    with steps(hidden=as_json):
        announce(LOADING)
        from pipeline.lessons.config import LessonConfig
        from pipeline.lessons.runner import find_lessons

    config = LessonConfig(
        impl,
        seed,
        data,
        Project(root),
        epochs=epochs,
        lr=lr,
        hidden=split_values("--hidden", hidden, int) if hidden else None,
        rates=split_values("--rate", rates, float) if rates else None,
        weight_decays=split_values("--lambda", lambdas, float) if lambdas else None,
    )
    lessons = find_lessons(name, config)
    if as_json:
        results = [result for pair in lessons.items() for result in _results(*pair)]
        print_json({"lessons": [result.record() for result in results]})
        return
    for own in lessons.items():
        _show(*own)


def _results(lesson: "Lesson", config: "LessonConfig") -> "Iterator[LessonResult]":
    from pipeline.lessons.runner import implementations, run_lesson

    for impl in implementations(lesson, config.impl):
        yield run_lesson(lesson, replace(config, impl=impl))


def _show(lesson: "Lesson", config: "LessonConfig") -> None:
    """Run a lesson, and show each implementation before the next one begins."""
    from pipeline.cli.console import say
    from pipeline.cli.progress import steps
    from pipeline.cli.tables.lesson import show_begin, show_end, show_result
    from pipeline.lessons.runner import HEADINGS, implementations, run_lesson

    show_begin(lesson)
    for impl in implementations(lesson, config.impl):
        if impl in HEADINGS:
            say(f"{HEADINGS[impl]}:")
        with steps() as display:
            result = run_lesson(lesson, replace(config, impl=impl, say=display.say))
        show_result(result)
    show_end(lesson)
