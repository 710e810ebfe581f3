"""The command `lesson`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli.options import Json, Root
from pipeline.cli.output import print_json
from pipeline.core.paths import Project


def lesson(
    name: Annotated[str | None, typer.Argument(help="A lesson's name, or all.")] = None,
    impl: Annotated[
        Literal["scratch", "torch", "both"], typer.Option(help="Which code to run.")
    ] = "both",
    seed: Annotated[int, typer.Option(min=0, help="Of data, weights, batches.")] = 0,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Passes over the rows; default: the book's."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Fashion-MNIST's folder; default: looked for.")
    ] = None,
    root: Root = Path(),
    as_json: Json = False,
) -> None:
    """Run a lesson of the book and hold it against what the book published.

    Example: pipeline lesson linear-regression
    """
    from pipeline.cli.tables.lesson import show_lesson, show_lessons
    from pipeline.lessons import LESSONS, run_lesson

    if name is None:
        listed = [{"lesson": x.name, "summary": x.summary} for x in LESSONS.values()]
        print_json({"lessons": listed}) if as_json else show_lessons(listed)
        return
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
