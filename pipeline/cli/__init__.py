"""The command line: parse, call one function, show. Nothing else knows typer.

Each command has a file of its own name.
"""

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from pipeline import __version__
from pipeline.cli.baselines import baselines
from pipeline.cli.bench import bench
from pipeline.cli.download import download
from pipeline.cli.lesson import lesson
from pipeline.cli.predict import predict
from pipeline.cli.preprocess import preprocess
from pipeline.cli.report import report
from pipeline.cli.runs import list_runs
from pipeline.cli.submit import submit
from pipeline.cli.train import train
from pipeline.cli.tune import tune
from pipeline.core.errors import INTERRUPTED, INTERRUPTED_LINE, UserError, one_line

app = typer.Typer(pretty_exceptions_enable=False)
_COMMANDS = {
    command.__name__: command
    for command in (
        *(download, preprocess, train, tune, baselines, submit, report),
        *(predict, lesson, bench),
    )
} | {"runs": list_runs}
for name, command in _COMMANDS.items():
    app.command(name)(command)


@app.callback(invoke_without_command=True)
def pipeline(
    context: typer.Context,
    root: Annotated[
        Path | None, typer.Option(help="The project's folder, for any command.")
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Show it.")] = False,
) -> None:
    """From Kaggle's house-price data to a submission, in stages."""
    if root is not None:  # as if it stood behind the command
        context.default_map = {name: {"root": str(root)} for name in _COMMANDS}
    if version:
        typer.echo(__version__)
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line and turn what the user can mend into one line."""
    if isinstance(sys.stdout, TextIOWrapper):  # of a terminal that may not know λ
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = app(standalone_mode=False)
    except (UserError, TyperException) as error:
        text = error.format_message() if isinstance(error, TyperException) else error
        _stop(f"error: {one_line(str(text))}", 2)
    if status == INTERRUPTED:  # which typer gives for Ctrl-C
        _stop(INTERRUPTED_LINE, INTERRUPTED)


def _stop(line: str, status: int) -> NoReturn:
    typer.echo(line, err=True)
    sys.exit(status)
