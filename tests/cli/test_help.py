"""--help shows every default and the form of every list; wrong values are one line."""

import re

import pytest
import typer.main

from pipeline.cli import app

COMMANDS = typer.main.get_command(app).commands
OPTIONS = [
    (command, option)
    for command, parsed in COMMANDS.items()
    for option in parsed.params
    if option.param_type_name == "option"
]
NAMES = [f"{command} {option.opts[0]}" for command, option in OPTIONS]


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=NAMES)
def test_every_default_is_shown(command, option, pipeline):
    shown = " ".join(pipeline(command, "--help").out.replace("│", " ").split())
    default = option.default
    if isinstance(default, list | tuple):
        default = ", ".join(default)
    if default not in (None, False, ""):
        assert f"[default: {default}]" in shown


def test_lists_show_their_form(pipeline):
    shown = pipeline("train", "--help").out
    for name, form in (("model", "mlp,boosting"), ("lambda", "0,1,5")):
        (line,) = (line for line in shown.splitlines() if f"│ --{name} " in line)
        assert form in line


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (command, option)
        for command, option in OPTIONS
        if re.search(r"int|float|Literal", str(option.type_descriptor.annotation))
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_option(command, option, pipeline):
    name = option.opts[0]
    arguments = ["x"] * (command in ("predict", "blend"))
    shown = pipeline(command, *arguments, name, "\\")
    assert (shown.status, shown.out, shown.err.count("\n")) == (2, "", 1)
    assert shown.err.startswith("error: ")
    assert name in shown.err
    assert "Value error" not in shown.err


@pytest.mark.parametrize(
    "given",
    [
        ("--lambda", "0,1", "--lambda", "5"),
        ("--lambda", "0", "--lambda", "1", "--lambda", "5"),
        ("--lambda", "5, 1,0"),
    ],
)
def test_a_list_may_be_repeated_or_separated_by_commas(given, pipeline, tmp_path):
    # The folder is empty, so the error comes after the options were understood.
    shown = pipeline("train", "--root", tmp_path, *given)
    assert "run `pipeline preprocess`" in shown.err


@pytest.mark.parametrize(
    ("option", "value"), [("--lambda", "1,x"), ("--hidden", "8,"), ("--hidden", "8.5")]
)
def test_a_list_with_a_wrong_value_is_one_line(option, value, pipeline):
    shown = pipeline("train", option, value)
    assert shown.status == 2
    assert shown.err.startswith(f"error: {option} '{value}': give numbers separated by")
