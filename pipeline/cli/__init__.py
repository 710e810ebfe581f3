"""The command line. A command is a file: it reads options, calls a stage and prints.

Only this package uses typer and rich. The work is done elsewhere.
"""

import errno
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, NoReturn, TextIO

import typer

try:
    from typer import TyperException
except ImportError:  # before version 0.27.1, typer raised the exceptions of click
    from click import ClickException as TyperException  # type: ignore[assignment]

from pipeline import __version__
from pipeline.cli.baselines import baselines
from pipeline.cli.blend import blend
from pipeline.cli.console import say_err
from pipeline.cli.download import download
from pipeline.cli.explain import explain
from pipeline.cli.lesson import lesson
from pipeline.cli.predict import predict
from pipeline.cli.preprocess import preprocess
from pipeline.cli.report import report
from pipeline.cli.runs import runs
from pipeline.cli.schema import schema
from pipeline.cli.submit import submit
from pipeline.cli.train import train
from pipeline.cli.tune import tune
from pipeline.core.errors import INTERRUPTED, INTERRUPTED_LINE, UserError, one_line

app = typer.Typer(pretty_exceptions_enable=False)
_COMMANDS = {
    command.__name__: command
    for command in (
        *(download, schema, preprocess, train, tune, baselines, blend, submit),
        *(report, runs, predict, explain, lesson),
    )
}
for name, command in _COMMANDS.items():
    app.command(name)(command)


@app.callback(invoke_without_command=True)
def pipeline(
    context: typer.Context,
    root: Annotated[
        Path | None, typer.Option(help="Project folder, for any command.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.")
    ] = False,
) -> None:
    """From a table of Kaggle, such as House Prices, to a submission, in stages."""
    if root is not None:  # as if given after the command
        context.default_map = {name: {"root": str(root)} for name in _COMMANDS}
    if version:
        typer.echo(__version__)
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line; print an error the user can fix as one line."""
    if isinstance(sys.stdout, TextIOWrapper):  # the terminal may have no λ
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = app(standalone_mode=False)
        sys.stdout.flush()
    except OSError as error:
        _check_output(error)
        raise
    except (UserError, TyperException) as error:
        text = error.format_message() if isinstance(error, TyperException) else error
        # typer checks values with pydantic, which adds these words.
        line = one_line(str(text)).replace("Value error, ", "")
        _stop(f"error: {line}", 2)
    if status == INTERRUPTED:  # typer returns it after Ctrl-C
        _stop(INTERRUPTED_LINE, INTERRUPTED)


def _check_output(error: OSError) -> None:
    """Stop if the error is that standard output cannot be written to."""
    try:
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError:
        _discard(sys.stdout)
        if error.errno == errno.EPIPE:  # as of `pipeline runs | head -1`
            sys.exit(1)
        reason = error.strerror or str(error)
        _stop(
            f"error: standard output: cannot be written to ({reason}); "
            "free space, or send it elsewhere",
            2,
        )


def _stop(line: str, status: int) -> NoReturn:
    say_err(line)
    try:
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)
    sys.exit(status)


def _discard(stream: TextIO) -> None:
    """Discard what Python would write as it ends: that would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
