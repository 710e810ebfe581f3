"""A stage runs again when anything that its result depends on has changed."""

import shutil
import subprocess
import sys

import pytest

from pipeline.core import fingerprint as module
from pipeline.core.fingerprint import digests, fingerprint, stage_files
from pipeline.core.paths import PACKAGE

IMPORTS = """
def later():
    from pipeline.stages import (
        late,
    )

if TYPE_CHECKING:
    from pipeline.stages import typed

X = 1
"""
STAGES = ("preprocess", "train", "baselines", "tune", "blend")


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the package, whose files make the fingerprints."""
    copy = tmp_path / "pipeline"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "PACKAGE", copy)
    return copy


def of(stage):
    return fingerprint(stage, {}, {})


def changes(stage, path):
    """Whether one line more in a file changes the fingerprint of a stage."""
    before = of(stage)
    code = path.read_text(encoding="utf-8")
    path.write_text(f"{code}\n# one line more\n", encoding="utf-8")
    after = of(stage)
    path.write_text(code, encoding="utf-8")
    assert of(stage) == before
    return after != before


def a_file_of(room):
    imported = (path for path in room.glob("*.py") if path.name != "estimator.py")
    return max(imported, key=lambda path: path.stat().st_size)


@pytest.mark.parametrize("room", ["core", "data", "ames", "network", "models", "runs"])
def test_train_runs_again_after_a_change_in_a_room_that_it_imports(room, copied):
    assert changes("train", a_file_of(copied / room))


@pytest.mark.parametrize("room", ["lessons", "report", "cli", "kaggle", "tuning"])
def test_train_does_not_run_again_after_a_change_in_another_room(room, copied):
    assert not changes("train", a_file_of(copied / room))


def test_baselines_run_again_after_a_change_in_a_lesson(copied):
    assert changes("baselines", copied / "lessons" / "baselines.py")


def test_preprocess_does_not_run_again_after_a_change_in_a_network(copied):
    assert not changes("preprocess", a_file_of(copied / "network"))
    assert changes("preprocess", copied / "ames" / "schema.toml")


def test_imports_in_functions_count_and_those_for_type_checkers_do_not(copied):
    room = copied / "stages"
    (room / "late.py").write_text("", encoding="utf-8")
    (room / "typed.py").write_text("", encoding="utf-8")
    with (room / "train.py").open("a", encoding="utf-8") as file:
        file.write(
            "\ndef later():\n    from pipeline.stages import (\n        late,\n    )\n"
        )
        file.write(
            "\nif TYPE_CHECKING:\n    from pipeline.stages import typed\n\nX = 1\n"
        )
    assert changes("train", room / "late.py")
    assert not changes("train", room / "typed.py")


def test_a_module_that_computes_the_names_of_others_imports_its_room(copied):
    room = copied / "models"
    (room / "new.py").write_text("", encoding="utf-8")
    with (room / "__init__.py").open("a", encoding="utf-8") as file:
        file.write("\nmodel = import_module(f'pipeline.models.{name}')\n")
    assert changes("train", room / "new.py")


@pytest.mark.parametrize("stage", STAGES)
def test_the_files_of_a_stage_hold_all_that_python_loads_for_it(stage):
    code = (
        f"import sys, pipeline.stages.{stage}\n"
        "found = [m.__file__ for n, m in sys.modules.items() if n[:9] == 'pipeline.']\n"
        "print(*found, sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.splitlines()) <= {str(path) for path in stage_files(stage)}


def test_stage_options_and_inputs_are_part_of_it():
    found = {
        fingerprint("train", {"seed": 0}, {"file": "a"}),
        fingerprint("tune", {"seed": 0}, {"file": "a"}),
        fingerprint("train", {"seed": 1}, {"file": "a"}),
        fingerprint("train", {"seed": 0}, {"file": "b"}),
    }
    assert len(found) == 4


def test_a_file_that_is_not_there_has_no_digest(tmp_path):
    (tmp_path / "there").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    found = digests(tmp_path, ["there", "folder", "gone"])
    assert found["there"].startswith("e3b0c442")
    assert found["folder"] is found["gone"] is None
