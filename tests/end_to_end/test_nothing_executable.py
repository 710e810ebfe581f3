"""Nothing in data is ever executed: no code that could, and no file that is."""

import ast
import io
import json
import pickle
from pathlib import Path

import pytest
import torch
from situations import REPOSITORY

from pipeline.core.files import sha256
from pipeline.core.fingerprint import record_digest
from pipeline.core.paths import Project
from pipeline.runs.store import list_runs

OWN_COLUMNS = "pipeline/data/own_columns.py"
LESSONS = "pipeline/lessons/runner.py"
EXERCISES = "pipeline/lessons/checker.py"
MODULES = {
    "pickle",
    "_pickle",
    "cloudpickle",
    "dill",
    "jsonpickle",
    "marshal",
    "shelve",
    "joblib.numpy_pickle",
    "torch.package",
}
FUNCTIONS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "joblib.load",
    "torch.load",
    "torch.hub.load",
    "torch.jit.load",
    "torch.export.load",
    "pandas.read_pickle",
    "pandas.read_hdf",
    "pandas.eval",
    "numpy.load",  # but for allow_pickle=False, written out
    "yaml.load",
    "yaml.unsafe_load",
    "yaml.full_load",
}


def found_in(code):
    """What in a module could run what a file holds, with its lines.

    Names are followed through imports; an attribute of anything else is not.
    """
    tree = ast.parse(code)
    names = {name: name for name in FUNCTIONS if "." not in name}
    for node in ast.walk(tree):
        names |= imported(node)
    harmless = {
        node.func
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and any(
            word.arg == "allow_pickle" and ast.unparse(word.value) == "False"
            for word in node.keywords
        )
    }
    return {
        (node.lineno, full)
        for node in set(ast.walk(tree)) - harmless
        for full in meant(node, names)
        if is_banned(full)
    }


def imported(node):
    """The names that an import binds, and what they stand for."""
    if isinstance(node, ast.Import):
        return {(a.asname or a.name).split(".")[0]: of_import(a) for a in node.names}
    if isinstance(node, ast.ImportFrom) and node.module:
        return {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return {}


def of_import(alias):
    return alias.name if alias.asname else alias.name.split(".")[0]


def meant(node, names):
    """What a node names: an imported module, or a dotted name from a bound one."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    if isinstance(node, ast.Attribute | ast.Name):
        first, *rest = ast.unparse(node).split(".")
        return [".".join([names[first], *rest])] if first in names else []
    return []


def is_banned(full):
    modules = {".".join(full.split(".")[:n]) for n in range(1, full.count(".") + 2)}
    return full in FUNCTIONS or bool(modules & MODULES)


def test_no_module_could_run_what_a_file_holds():
    paths = list((REPOSITORY / "pipeline").rglob("*.py"))
    assert len(paths) > 100
    found = {path: found_in(path.read_text(encoding="utf-8")) for path in paths}
    # The user's own data/raw/columns.py is run, and the cells of the package's lessons.
    for runner in (OWN_COLUMNS, LESSONS):
        calls = {call for _, call in found.pop(REPOSITORY / runner)}
        assert calls == {"compile", "exec"}
    # The learner's own file, in a process of its own, and the lesson's use of it.
    calls = {call for _, call in found.pop(REPOSITORY / EXERCISES)}
    assert calls == {"compile", "exec", "eval"}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_own_columns_are_run_from_data_raw_alone():
    calls = {
        ast.unparse(node)
        for path in (REPOSITORY / "pipeline").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "own_columns.load"
    }
    assert calls == {"own_columns.load(project.columns_file)"}
    assert Project(Path("root")).columns_file == Path("root/data/raw/columns.py")


PLANTED = {
    "import pickle": "pickle",
    "import pickle as p; p.loads(b'')": "pickle.loads",
    "from pickle import loads": "pickle",
    "def late():\n    from dill import load": "dill",
    "import torch; torch.load(path)": "torch.load",
    "import torch as t\nread = t.load": "torch.load",
    "from torch import load as read\nread(path)": "torch.load",
    "import torch.hub\ntorch.hub.load('a', 'b')": "torch.hub.load",
    "from joblib import load": "joblib.load",
    "import numpy as np; np.load(path, allow_pickle=True)": "numpy.load",
    "import numpy as np; np.load(path)": "numpy.load",
    "import numpy as np; np.load(path, allow_pickle=flag)": "numpy.load",
    "import pandas as pd; pd.read_pickle(path)": "pandas.read_pickle",
    "import yaml; yaml.load(text)": "yaml.load",
    "import shelve": "shelve",
    "import marshal": "marshal",
    "eval(text)": "eval",
    "class A:\n    run = exec": "exec",
    "compile(text, '', 'exec')": "compile",
}


@pytest.mark.parametrize("code", PLANTED)
def test_what_could_is_found_wherever_it_is_planted(code):
    assert PLANTED[code] in {full for _, full in found_in(code)}


HARMLESS = (
    "import json; json.load(file)",
    "import re; re.compile(text)",
    "import torch\nmodel = torch.nn.Linear(1, 1)\nmodel.eval()",
    "import numpy as np; np.load(path, allow_pickle=False)",
    "from safetensors.torch import load_file\nload_file(path)",
    "import yaml; yaml.safe_load(text)",
)


@pytest.mark.parametrize("code", HARMLESS)
def test_what_could_not_is_let_alone(code):
    assert found_in(code) == set()


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return Path.mkdir, (self.target,)


def pickled(target):
    return pickle.dumps(Bomb(target))


def pickled_as_text(target):
    return pickle.dumps(Bomb(target), protocol=0)


def saved_by_torch(target):
    file = io.BytesIO()
    torch.save({"stack.layer0": Bomb(target)}, file)
    return file.getvalue()


def saved_by_torch_of_old(target):
    file = io.BytesIO()
    torch.save(Bomb(target), file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def read_by_torch(content):
    torch.load(io.BytesIO(content), weights_only=False)


BOMBS = {
    pickled: pickle.loads,
    pickled_as_text: pickle.loads,
    saved_by_torch: read_by_torch,
    saved_by_torch_of_old: read_by_torch,
}
FILES = ("run.json", "predictions.csv", "oof.csv", "history.csv", "weights.safetensors")


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.__name__)
def test_each_bomb_goes_off_where_it_is_read_as_a_pickle(bomb, tmp_path):
    target = tmp_path / "executed"
    BOMBS[bomb](bomb(target))
    assert target.is_dir()


@pytest.fixture
def commands(trained_project, tmp_path):
    """Every command that opens a run."""
    houses = trained_project / "data" / "raw" / "test.csv"
    return [
        ("submit",),
        ("submit", "--allow-stale"),
        ("predict", houses, "-o", tmp_path / "prices.csv"),
        ("report",),
        ("runs",),
    ]


def reseal(folder, name):
    """Update the digests, as someone would who wants the changed file to pass."""
    if name != "run.json":
        document = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        document["files"][name] = sha256(folder / name)
        document["digest"] = record_digest(document)
        (folder / "run.json").write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize("bomb", [pickled, saved_by_torch], ids=["pickle", "torch"])
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("sealed", [False, True], ids=["changed", "of a stranger"])
def test_a_bomb_in_a_run_folder_is_refused_and_does_not_go_off(
    sealed, name, bomb, pipeline, trained_project, commands, tmp_path
):
    target = tmp_path / "executed"
    (run,) = list_runs(Project(trained_project))
    folder = run.folder
    (folder / name).write_bytes(bomb(target))
    if sealed:
        reseal(folder, name)
    refused = 0
    for command, *options in commands:
        result = pipeline(command, *options, "--root", trained_project)
        if result.status:
            refused += 1
            assert result.status == 2
            assert result.err.splitlines()[-1].startswith("error: ")
            assert "Traceback" not in result.err
            assert str(folder / name) in result.err
    assert refused >= (1 if sealed else 2)
    assert not target.exists()
