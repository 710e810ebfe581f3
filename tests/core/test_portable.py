"""The main commands run where no module is Unix-only, as on Windows."""

import re
import subprocess
import sys

import pytest
from situations import QUICK

from pipeline.core.paths import PACKAGE

# psutil and filelock choose their modules by the name of the system, so they keep them.
BEFORE = """
import builtins, sys

BLOCKED = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios"}
real_import = builtins.__import__

def guarded(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {}).get("__name__") or ""
    if name in BLOCKED and importer.split(".")[0] not in {"psutil", "filelock"}:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return real_import(name, globals, locals, fromlist, level)

builtins.__import__ = guarded
"""
RUN = """
from pipeline.__main__ import run
sys.argv[0] = "pipeline"
run()
"""


UNIX_ONLY = re.compile(
    r"\bos\.(sysconf|[gs]ete?[ug]id|fork|mkfifo|killpg|O_NONBLOCK|fchmod|chown|uname)\b"
    r"|\bsignal\.(SIGKILL|SIGALRM|SIGHUP|alarm|pause|setitimer|sigwait)\b"
)


def without_unix(code, *arguments):
    """Run code in a process that cannot import Unix-only modules."""
    command = [sys.executable, "-c", BEFORE + code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_module_of_unix_alone_is_not_there():
    assert "No module named 'fcntl'" in without_unix("import fcntl").stderr


@pytest.mark.slow
def test_from_the_raw_data_to_a_submission_without_unix_modules(small_project):
    root = ("--root", small_project)
    for command in (
        ("--help",),
        ("preprocess", *root),
        ("train", *QUICK, "--folds", 2, "--jobs", 1, *root),
        ("submit", *root),
        ("runs", *root),
    ):
        result = without_unix(RUN, *command)
        assert result.returncode == 0, (command, result.stderr)
    assert list((small_project / "submissions").glob("*.csv"))


def test_no_function_of_unix_alone_is_called():
    called = {
        str(path.relative_to(PACKAGE)): found
        for path in PACKAGE.rglob("*.py")
        if (found := UNIX_ONLY.findall(path.read_text(encoding="utf-8")))
    }
    assert called == {}
