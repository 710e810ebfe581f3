"""make hands every variable to the commands as it was given, and knows all of them."""

import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import typer.main
from situations import REPOSITORY, copy_raw

from pipeline.cli import app
from pipeline.cli.options import split_values
from pipeline.core.settings import option_name, options

STRANGE = 'a (1) & b\'s "c" $HOME $x `d` \\ 🏠'
TEXT = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
# A command that writes its arguments; make calls it in place of `pipeline` and Python.
STUB = """#!{python}
import json, sys
with open({log!r}, "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
for argument in sys.argv:
    if argument.startswith("--id-file="):
        open(argument.partition("=")[2], "w").write("the-run-id")
"""


@pytest.fixture
def make(tmp_path):
    """Run a target with programs that write down their arguments; return them."""
    root, log = tmp_path / "clone", tmp_path / "log"
    programs = root / ".venv" / "bin"
    programs.mkdir(parents=True)
    (root / "pipeline" / "core").mkdir(parents=True)
    settings = "pipeline/core/settings.py"
    locks = ("requirements.lock", "requirements-torch.lock")
    for name in ("Makefile", "pyproject.toml", *locks, settings):
        shutil.copy(REPOSITORY / name, root / name)
    for name in ("pipeline", "python"):
        stub = programs / name
        stub.write_text(STUB.format(python=sys.executable, log=str(log)))
        stub.chmod(0o755)
    (root / ".venv" / ".ready").touch()

    def run(*arguments, stdin=subprocess.DEVNULL, **environment):
        done = subprocess.run(
            ["make", *arguments],
            stdin=stdin,
            cwd=root,
            capture_output=True,
            check=False,
            text=True,
            env=os.environ | environment,
        )
        lines = log.read_text().splitlines() if log.exists() else []
        return done, [json.loads(line) for line in lines]

    return run


@pytest.mark.parametrize(
    ("target", "variable", "option"),
    [
        ("download", "FROM", "--from"),
        ("preprocess", "ROOT", "--root"),
        ("train", "NOTE", "--note"),
        ("tune", "ROOT", "--root"),
        ("baselines", "ROOT", "--root"),
        ("blend", "ROOT", "--root"),
        ("submit", "MESSAGE", "--message"),
        ("predict", "OUT", "--output"),
        ("report", "ROOT", "--root"),
        ("runs", "ROOT", "--root"),
        ("lesson", "ROOT", "--root"),
        ("bench", "ROOT", "--root"),
    ],
)
@pytest.mark.parametrize("given_by", ["command line", "environment"])
def test_a_value_with_any_character_reaches_the_command_unchanged(
    target, variable, option, given_by, make
):
    if given_by == "environment":
        done, calls = make(target, **{variable: STRANGE})
    else:
        done, calls = make(target, f"{variable}={STRANGE}")
    assert done.returncode == 0, done.stderr
    assert f"{option}={STRANGE}" in calls[-1]


def test_the_file_of_predict_may_have_any_name(make):
    _, calls = make("predict", f"FILE=-{STRANGE}", "OUT=o.csv", "RUN=7")
    assert calls == [["predict", "--run=7", "--output=o.csv", "--", f"-{STRANGE}"]]


def test_bench_takes_the_hidden_units(make):
    _, calls = make("bench", "HIDDEN=64")
    assert calls == [["-m", "experiments.speed", "--hidden=64"]]


def test_every_option_of_the_settings_is_a_variable(make):
    given = [f"{option_name(field).upper().replace('-', '_')}=7" for field in options()]
    _, calls = make("train", *given)
    assert calls[-1][1:] == [f"--{option_name(field)}=7" for field in options()]


def test_lists_may_have_spaces_or_commas(make):
    _, calls = make("train", "LAMBDA=0 1,5", "MODEL=mlp boosting")
    assert calls[-1][1:] == ["--model=mlp boosting", "--lambda=0 1,5"]
    assert split_values("--lambda", ["0 1,5"], float) == (0, 1, 5)
    _, calls = make("runs", "RUN=1 2")
    assert calls[-1] == ["runs", "1", "2"]


def test_submit_sends_the_run_that_its_train_named(make):
    _, calls = make("submit", "FOLDS=10", "PUSH=1")
    assert [call[0] for call in calls] == ["preprocess", "train", "submit"]
    assert "--folds=10" in calls[1]
    assert calls[2] == ["submit", "--run=the-run-id", "--push"]


def test_an_unknown_variable_is_named_and_nothing_runs(make):
    done, calls = make("submit", "LAMBDAS=1 2")
    assert (done.returncode, calls) == (2, [])
    assert "unknown variable LAMBDAS; there are: MODEL FOLDS LAMBDA " in done.stderr


def test_variables_of_the_environment_that_make_does_not_know_are_ignored(make):
    done, calls = make("preprocess", LAMBDAS="1 2")
    assert (done.returncode, calls) == (0, [["preprocess"]])


def test_clean_removes_only_the_output_of_its_root(make, tmp_path):
    other = tmp_path / "other (1)"
    for root in (other, tmp_path / "clone"):
        (root / "runs" / "1").mkdir(parents=True)
    refused, _ = make("clean", f"ROOT={other}")
    assert refused.returncode == 2
    assert "error: runs/ has 1 runs; add FORCE=1 to remove them" in refused.stderr
    assert (other / "runs" / "1").exists()
    done, _ = make("clean", f"ROOT={other}", "FORCE=1")
    assert done.returncode == 0, done.stderr
    assert not (other / "runs").exists()
    assert (tmp_path / "clone" / "runs" / "1").exists()


@pytest.mark.parametrize(("answer", "stays"), [("n", True), ("y", False)])
def test_clean_asks_in_a_terminal_before_it_removes_runs(make, tmp_path, answer, stays):
    (tmp_path / "clone" / "runs" / "1").mkdir(parents=True)
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done, _ = make("clean", stdin=theirs)
    assert done.returncode == 0, done.stderr
    assert "Remove 1 runs of " in done.stdout
    assert (tmp_path / "clone" / "runs" / "1").exists() == stays


# A Python that makes a .venv with itself in it, and writes its arguments.
INSTALLER = """#!/bin/sh
echo "$@" >> {log}
if [ "$2" = venv ]; then mkdir -p .venv/bin; cp "$0" .venv/bin/python; fi
case "$*" in *whl/cpu*) [ -e {reached} ] || exit 1; esac
"""
PYPI = "--requirement requirements-torch.lock"
LOCK = "--no-deps --require-hashes --requirement requirements.lock"


@pytest.fixture
def installed(make, tmp_path):
    """Run `make setup` with a Python that installs nothing.

    Returns the output and the ends of pip's commands.
    """

    def run(*arguments, has_gpu=False, is_reached=True):
        python, log = tmp_path / "python", tmp_path / "installed"
        programs, reached = tmp_path / "programs", tmp_path / "reached"
        programs.mkdir()
        for name in ("make", "sh", "awk", "uname", "echo", "mkdir", "cp", "touch"):
            (programs / name).symlink_to(shutil.which(name))
        if has_gpu:
            (programs / "nvidia-smi").touch(0o755)
        if is_reached:
            reached.touch()
        paths = {"log": shlex.quote(str(log)), "reached": shlex.quote(str(reached))}
        python.write_text(INSTALLER.format(**paths))
        python.chmod(0o755)
        (tmp_path / "clone" / ".venv" / ".ready").unlink()
        done, _ = make("setup", f"PYTHON={python}", *arguments, PATH=str(programs))
        assert done.returncode == 0, done.stderr
        calls = log.read_text().splitlines()
        return done.stdout, [call.partition("--quiet ")[2] for call in calls[3:-1]]

    return run


@pytest.mark.parametrize(("arguments", "has_gpu"), [([], False), (["TORCH=cpu"], True)])
def test_pytorch_comes_first_and_without_a_gpu_from_its_cpu_wheels(
    arguments, has_gpu, installed
):
    output, (wheels, lock) = installed(*arguments, has_gpu=has_gpu)
    assert wheels.startswith("--retries 0 --timeout 5 --no-deps --index-url https://")
    assert wheels.endswith(f"/whl/cpu {PYPI}")
    assert lock == LOCK
    assert "No CPU wheel" not in output


@pytest.mark.parametrize(
    ("arguments", "has_gpu"), [([], True), (["TORCH=cuda"], False)]
)
def test_with_a_gpu_pytorch_comes_from_the_usual_index(arguments, has_gpu, installed):
    _, calls = installed(*arguments, has_gpu=has_gpu)
    assert calls == [PYPI, LOCK]


def test_where_the_cpu_wheels_cannot_be_reached_the_usual_one_is_installed(installed):
    output, (_, pypi, lock) = installed(is_reached=False)
    assert (
        "\nNo CPU wheel of PyTorch can be reached; installing its wheel from" in output
    )
    assert [pypi, lock] == [PYPI, LOCK]


def test_every_command_has_a_target(make):
    commands = typer.main.get_command(app).commands
    done, _ = make("help")
    listed = re.findall(r"^  make (\w+)", done.stdout, flags=re.MULTILINE)
    assert commands.keys() <= set(listed)
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_every_known_variable_is_used():
    (training,) = re.findall(r"^TRAINING := .*\)\) (.*)$", TEXT, flags=re.MULTILINE)
    (others,) = re.findall(r"^KNOWN := \$\(TRAINING\) (.*)$", TEXT, flags=re.MULTILINE)
    for name in [*training.split(), *others.split()]:
        assert re.search(rf"\((?:value|call \w+,){name}\b|call \w+,{name}\b", TEXT) or (
            f"$(value {name})" in TEXT
        ), name


@pytest.mark.slow
def test_a_project_in_a_folder_with_a_strange_name_is_preprocessed(tmp_path):
    root = copy_raw(tmp_path / "House Prices & (1) 'x' $y 🏠", rows=30)
    done = subprocess.run(
        ["make", "preprocess", f"ROOT={root}"],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (root / "data" / "processed" / "train.csv").is_file()
