"""The package as users install it: built, checked, and run outside the clone."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from situations import QUICK, RAW, REPOSITORY

import pipeline as package

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


class Installed(NamedTuple):
    """A virtual environment with the wheel in it, and the files it was built with."""

    root: Path
    dist: Path

    def run(self, *command, cwd=None, status=0):
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        path = f"{self.root / 'bin'}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [*map(str, command)],
            cwd=cwd or self.root,
            env={**environment, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel, made from the source distribution, and what it needs from here."""
    dist, root = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("venv")
    python = [sys.executable, "-m"]
    venv = Installed(root, dist)
    venv.run(*python, "build", "--no-isolation", "--outdir", dist, REPOSITORY)
    venv.run(*python, "venv", "--without-pip", root)
    (wheel,) = dist.glob("*.whl")
    options = ("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
    venv.run(*python, "pip", "--python", root, "install", *options, wheel)
    (packages,) = root.glob("lib/python3*/site-packages")
    (packages / "here.pth").write_text(sysconfig.get_path("purelib"))
    return venv


@pytest.mark.slow
def test_what_is_built_passes_the_checks_of_the_index(installed):
    built = sorted(installed.dist.iterdir())
    assert [path.suffix for path in built] == [".whl", ".gz"]
    installed.run(sys.executable, "-m", "twine", "check", "--strict", *built)


@pytest.mark.slow
def test_an_installed_package_goes_from_nothing_to_a_submission_and_a_report(
    installed, tmp_path
):
    def run(*arguments):
        return installed.run("pipeline", "--root", "new", *arguments, cwd=tmp_path)

    root = tmp_path / "new"
    run("download")
    for name in ("train.csv", "test.csv"):
        assert (root / "data/raw" / name).read_bytes() == (RAW / name).read_bytes()
    run("preprocess")
    record = json.loads(run("train", *QUICK, "--json"))
    assert record["versions"]["house-price-pipeline"] == package.__version__
    run("submit")
    submission = root / "submissions" / f"{record['run_id']}.csv"
    assert submission.read_text().count("\n") == 1460
    run("report")
    assert (root / "reports" / f"{record['run_id']}.html").stat().st_size > 10_000
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    where = installed.run("python", "-c", "import pipeline; print(pipeline.__file__)")
    assert where.startswith(str(installed.root))


@pytest.mark.slow
def test_bash_completes_commands_and_options_by_the_script_it_is_given(installed):
    complete = """
        source <(pipeline --show-completion)
        COMP_WORDS=(pipeline tr) COMP_CWORD=1
        _pipeline_completion pipeline
        echo "${COMPREPLY[@]}"
        COMP_WORDS=(pipeline train --ep) COMP_CWORD=2
        _pipeline_completion pipeline
        echo "${COMPREPLY[@]}"
    """
    shown = installed.run("bash", "-c", complete)
    assert shown.splitlines() == ["train", "--epochs"]


@pytest.mark.slow
def test_mypy_sees_the_types_of_the_installed_package(installed, tmp_path):
    program = tmp_path / "program.py"
    program.write_text("from pipeline.core.files import sha256\n\nsha256(3)\n")
    python = installed.root / "bin" / "python"
    options = ("--python-executable", python, "--cache-dir", tmp_path / "cache")
    shown = installed.run(
        sys.executable, "-m", "mypy", *options, program, cwd=tmp_path, status=1
    )
    assert 'Argument 1 to "sha256" has incompatible type "int"' in shown


def test_the_changelog_and_the_citation_name_the_version_of_the_package(pipeline):
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()
    citation = (REPOSITORY / "CITATION.cff").read_text()
    assert pipeline("--version").out.strip() == package.__version__
    assert re.findall(r"^## \[(.*)\]", changelog, re.M)[0] == package.__version__
    assert f"\nversion: {package.__version__}\n" in citation


def test_each_python_that_is_declared_is_one_the_package_installs_on():
    declared = [each.rpartition(" :: ")[2] for each in PROJECT["classifiers"]]
    versions = [each for each in declared if re.fullmatch(r"3\.\d+", each)]
    assert versions == ["3.11", "3.12", "3.13"]
    assert PROJECT["requires-python"] == ">=3.11"


@pytest.mark.parametrize(
    ("words", "found"),
    [("pipeline tr", "train"), ("pipeline submit --pu", "--push")],
)
def test_the_command_line_completes_words(words, found):
    code = "import sys; sys.argv = ['pipeline']; from pipeline.cli import main; main()"
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **asked, "_PIPELINE_COMPLETE": "complete_bash"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [found]


def test_the_root_may_stand_before_the_command_or_behind_it(pipeline, tmp_path):
    before, behind = tmp_path / "before", tmp_path / "behind"
    assert pipeline("--root", before, "download").status == 0
    assert pipeline("download", "--root", behind).status == 0
    for name in ("train.csv", "test.csv"):
        placed = [(root / "data/raw" / name).read_bytes() for root in (before, behind)]
        assert placed == [(RAW / name).read_bytes()] * 2


def test_the_command_for_a_missing_extra_has_its_requirement():
    """Our own name is on no index, so that `pip install NAME[extra]` cannot work."""
    for extra, file in (
        ("kaggle", "kaggle/client.py"),
        ("mlflow", "runs/tracking.py"),
        ("distributed", "network/cluster.py"),
    ):
        (requirement,) = PROJECT["optional-dependencies"][extra]
        text = (REPOSITORY / "pipeline" / file).read_text()
        assert f"how_to_install('{requirement}')" in text
