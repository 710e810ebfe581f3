"""Any content of data/raw is accepted or refused with a one-line error."""

import json
import shutil
import signal
import tracemalloc

import pytest
from ames_columns import AMES
from broken_entries import ROWS
from broken_inputs import CUTS, INPUTS
from situations import copy_raw
from spoiling import with_a_line_of_200_mb

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.data.processed import FILES, SUMMARY
from pipeline.data.raw import read_train
from pipeline.stages.preprocess import preprocess

LONGEST_LINE = 1100


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A small project, preprocessed."""
    root = copy_raw(tmp_path_factory.mktemp("sound") / "project", rows=ROWS)
    preprocess(Project(root))
    return root


@pytest.fixture
def root(sound, tmp_path):
    """A copy of it, to be damaged."""
    return shutil.copytree(sound, tmp_path / "project")


@pytest.fixture(autouse=True)
def no_hang():
    """Fail a test that blocks for a minute."""

    def stop(*_):
        raise TimeoutError("a minute has passed")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def everything_made(root):
    """The content and time of each file below the root, except those of data/raw."""
    made = (p for p in root.rglob("*") if p.parent.name != "raw" and p.is_file())
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in made}


def assert_one_line(error, path):
    assert error.startswith(f"error: {path}: ")
    assert error.endswith("\n")
    assert error[:-1].isprintable()
    assert len(error) < LONGEST_LINE
    assert "; " in error  # and what to do


def title(case):
    return f"{case.file}: {case.name}"


@pytest.mark.parametrize(
    "case", [case for case in INPUTS + CUTS if not case.used], ids=title
)
def test_a_broken_file_is_refused_in_one_line_and_nothing_is_written(
    case, root, pipeline
):
    path = root / "data" / "raw" / case.file
    case.spoil(path)
    before = everything_made(root)
    result = pipeline("preprocess", "--root", root)
    assert result.status == 2
    assert result.out == ""
    assert_one_line(result.err, path)
    assert case.said in result.err
    assert everything_made(root) == before


@pytest.mark.parametrize("case", [case for case in INPUTS if case.used], ids=title)
def test_an_unusual_file_is_accepted(case, root, sound, pipeline):
    case.spoil(root / "data" / "raw" / case.file)
    result = pipeline("preprocess", "--root", root)
    assert (result.status, result.err) == (0, "")
    assert "up to date" not in result.out
    if case.said:
        made = (root / SUMMARY, Project(root).processed / case.file)
        shown = [result.out, *(path.read_text(encoding="utf-8") for path in made)]
        assert any(case.said in text for text in shown)
        return
    for name in FILES:
        written, expected = (r / name for r in (root, sound))
        assert written.read_bytes() == expected.read_bytes(), name


def test_there_are_at_least_eighty_different_inputs():
    titles = [title(case) for case in INPUTS]
    assert len(titles) >= 80
    assert len(set(titles)) == len(titles)


def test_a_line_of_200_mb_takes_little_memory(root):
    path = root / "data" / "raw" / "train.csv"
    with_a_line_of_200_mb(path)
    tracemalloc.start()
    with pytest.raises(UserError, match="line 3: longer than"):
        read_train(path, AMES)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000_000  # a few blocks, and not the line


def test_a_file_without_permission_is_refused_in_one_line(root, pipeline, monkeypatch):
    path = root / "data" / "raw" / "train.csv"
    opened = type(path).open

    def refuse(self, *arguments, **options):
        if self == path:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(self, *arguments, **options)

    monkeypatch.setattr(type(path), "open", refuse)
    result = pipeline("preprocess", "--root", root)
    assert result.status == 2
    assert_one_line(result.err, path)
    assert "cannot be read (Permission denied)" in result.err


def test_a_root_that_is_a_file_is_refused_in_one_line(root, pipeline):
    path = root / "data" / "raw" / "train.csv"
    result = pipeline("preprocess", "--root", path)
    assert (result.status, result.out) == (2, "")
    assert (
        result.err == f"error: --root {path}: not a folder; give the project folder\n"
    )


def test_a_root_with_an_unusual_name_is_named_in_one_line(tmp_path, pipeline):
    result = pipeline("preprocess", "--root", tmp_path / "[/red]\x1b[31m\nhouses")
    assert result.status == 2
    assert r"/[/red]\x1b[31m houses/data/raw/train.csv: no such file" in result.err
    assert result.err[:-1].isprintable()
    assert not list(tmp_path.iterdir())


def test_a_root_with_too_long_a_name_is_refused_in_one_line(tmp_path, pipeline):
    result = pipeline("preprocess", "--root", tmp_path / ("x" * 5000))
    assert (result.status, result.out) == (2, "")
    assert result.err.endswith("x: not a folder; give the project folder\n")
    assert len(result.err) < LONGEST_LINE


SUMMARIES = {
    "nothing": lambda text: "",
    "no JSON": lambda text: text[:-20],
    "deep brackets": lambda text: "[" * 100_000,
    "a list": lambda text: "[]",
    "other rows": lambda text: text.replace(f": {ROWS}", ": 12"),
    "lists for digests": lambda text: json.dumps({k: [] for k in json.loads(text)}),
}


@pytest.mark.parametrize("change", SUMMARIES)
def test_a_damaged_summary_counts_as_missing_and_preprocess_writes_it_again(
    change, root, pipeline
):
    path = root / SUMMARY
    written = path.read_text(encoding="utf-8")
    path.write_text(SUMMARIES[change](written), encoding="utf-8")
    refused = pipeline("train", "--root", root)
    assert refused.status == 2
    assert "nothing preprocessed yet; run `pipeline preprocess` first" in refused.err
    assert pipeline("preprocess", "--root", root).status == 0
    assert path.read_text(encoding="utf-8") == written
