"""A stage runs again when anything that its result depends on has changed."""

import shutil

import pytest

from pipeline.core import fingerprint as module
from pipeline.core.fingerprint import digests, fingerprint
from pipeline.core.paths import PACKAGE

ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A copy of the package."""
    copy = tmp_path_factory.mktemp("copied") / "pipeline"
    ignored = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(PACKAGE, copy, ignore=ignored)


def of_the_code():
    return fingerprint("train", {}, {})


def test_the_package_has_rooms():
    assert {"core", "data", "network", "stages", "cli"} <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_one_changed_line_in_any_room_is_another_fingerprint(room, copied, monkeypatch):
    monkeypatch.setattr(module, "PACKAGE", copied)
    before = of_the_code()
    path = max((copied / room).rglob("*.py"), key=lambda path: path.stat().st_size)
    code = path.read_text(encoding="utf-8")
    path.write_text(f"{code}\n# one line more\n", encoding="utf-8")
    assert of_the_code() != before
    path.write_text(code, encoding="utf-8")
    assert of_the_code() == before


def test_the_schema_of_ames_is_part_of_it(copied, monkeypatch):
    monkeypatch.setattr(module, "PACKAGE", copied)
    before = of_the_code()
    with (copied / "ames" / "schema.toml").open("a", encoding="utf-8") as file:
        file.write("# one line more\n")
    assert of_the_code() != before


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
