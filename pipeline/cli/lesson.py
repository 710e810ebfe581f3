"""The command `lesson`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli.options import Json, Root
from pipeline.cli.output import print_json
from pipeline.core.paths import Project


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
        typer.Option(min=1, help="Number of training epochs (default: the book's)."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Fashion-MNIST directory (default: search the usual places)."
        ),
    ] = None,
    root: Root = Path(),
    as_json: Json = False,
) -> None:
    """Run a lesson of the book and compare the results with the book's.

    Example: pipeline lesson linear-regression
    """
    from pipeline.cli.tables.lesson import show_lesson, show_lessons
    from pipeline.lessons import LESSONS

    if name is None:
        listed = [{"lesson": x.name, "summary": x.summary} for x in LESSONS.values()]
        print_json({"lessons": listed}) if as_json else show_lessons(listed)
        return
    from pipeline.lessons.runner import run_lesson

    results = []
    for each in LESSONS if name == "all" else [name]:
        for result in run_lesson(
            each, impl, seed=seed, epochs=epochs, data=data, project=Project(root)
        ):
            results.append(result)
            if not as_json:
                show_lesson(result)
    if as_json:
        print_json({"lessons": [result.record() for result in results]})
