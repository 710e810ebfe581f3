"""A stage runs again when anything that its result depends on has changed."""

import shutil
import subprocess
import sys

import pytest

from pipeline.core import fingerprint as module
from pipeline.core.fingerprint import digests, fingerprint, stage_files
from pipeline.core.paths import PACKAGE

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
    return max(room.glob("*.py"), key=lambda path: path.stat().st_size)


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


def test_imports_in_functions_count(copied):
    room = copied / "stages"
    (room / "late.py").write_text("", encoding="utf-8")
    with (room / "train.py").open("a", encoding="utf-8") as file:
        file.write("\ndef later():\n    from pipeline.stages.late import (\n")
        file.write("        something,\n    )\n")
    assert changes("train", room / "late.py")


def test_a_new_file_of_a_room_counts(copied):
    before = of("train")
    (copied / "models" / "new.py").write_text("X = 1\n", encoding="utf-8")
    assert of("train") != before


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
