"""The lowest versions that pyproject.toml allows do what the locked ones do.

PyTorch is the installed one: the workflow runs these tests with its lowest version too.
Without a package index that has these versions they are skipped, but never there.
"""

import os
import subprocess
import sys
import sysconfig
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from situations import REPOSITORY, copy_raw

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lowest(tmp_path_factory):
    """The Python of an environment with the lowest versions, but this PyTorch."""
    folder = tmp_path_factory.mktemp("lowest")
    (folder / "without.txt").write_text("torch; python_version < '3'\n")
    uv, python = [sys.executable, "-m", "uv"], folder / "bin" / "python"
    run(*uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, folder)
    install = [*uv, "pip", "install", "--quiet", "--python", python]
    overrides = ("--overrides", folder / "without.txt")
    lowest = ("--resolution", "lowest-direct", *overrides)
    try:
        run(*install, *lowest, REPOSITORY)
        run(*install, "pytest")
    except AssertionError as error:
        if "GITHUB_ACTIONS" in os.environ:
            raise
        pytest.skip(f"the lowest versions cannot be installed: {str(error)[-200:]}")
    (packages,) = folder.glob("lib/python3*/site-packages")
    (packages / "here.pth").write_text(sysconfig.get_path("purelib"))
    return python


def run(*command, cwd=REPOSITORY):
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_submission_is_the_same_to_the_last_byte(lowest, tmp_path):
    written = []
    for python in (lowest, sys.executable):
        root = copy_raw(tmp_path / f"root {len(written)}")
        for stage in ("preprocess", "train", "submit"):
            run(python, "-m", "pipeline", "--root", root, stage, cwd=tmp_path)
        (submission,) = (root / "submissions").glob("*.csv")
        written.append(submission.read_bytes())
    assert written[0] == written[1]


def test_the_estimator_passes_its_checks(lowest):
    options = ("-q", "-p", "no:cacheprovider", "-m", "not slow")
    run(lowest, "-m", "pytest", *options, "tests/network/test_estimator.py")


def test_the_versions_are_the_lowest(lowest):
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = {each.name: each for each in map(Requirement, project["dependencies"])}
    wanted.pop("torch")
    show = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))"
    for name, found in zip(
        wanted, run(lowest, "-c", show, *wanted).split(), strict=True
    ):
        bounds = {bound.operator: bound.version for bound in wanted[name].specifier}
        assert Version(found) == Version(bounds[">="]), name
