"""Integrity checks: changed files are named, and a changed run is not submitted."""

import json
import shutil
from datetime import UTC, datetime

import pytest
from situations import QUICK

from pipeline.core.files import sha256
from pipeline.core.paths import Project
from pipeline.runs import integrity, store
from pipeline.runs.writer import new_run


def run_of(root):
    (folder,) = (root / "runs").iterdir()
    return folder


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def edited_record(root, change):
    path = run_of(root) / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")


def test_a_run_carries_the_digests_of_its_inputs_and_of_every_file(trained_project):
    run = store.find_run(Project(trained_project))
    folder = run_of(trained_project)
    names = {path.name for path in folder.iterdir()} - {"run.json"}
    assert run.files == {name: sha256(folder / name) for name in names}
    places = [f"data/raw/{name}.csv" for name in ("train", "test")] + [
        f"data/processed/{name}.csv" for name in ("train", "test")
    ]
    assert run.inputs == {place: sha256(trained_project / place) for place in places}
    assert not list(integrity.changes(Project(trained_project), run))


def test_the_files_of_baselines_are_among_them(trained_project):
    run = store.find_run(Project(trained_project))
    folder = run_of(trained_project)
    (folder / "baselines" / "mlp").mkdir(parents=True)
    shutil.copy(folder / "oof.csv", folder / "baselines" / "mlp")
    sealed = integrity.seal(folder, run)
    assert sealed.files["baselines/mlp/oof.csv"] == sealed.files["oof.csv"]


CHANGED = ("oof.csv", "predictions.csv", "history.csv", "weights.safetensors")


@pytest.mark.parametrize("name", CHANGED)
@pytest.mark.parametrize("how", ["a byte more", "a byte changed", "lost"])
def test_a_run_with_a_changed_file_is_refused_by_its_name(
    name, how, pipeline, trained_project
):
    path = run_of(trained_project) / name
    content = path.read_bytes()
    middle = len(content) // 2
    if how == "lost":
        path.unlink()
    elif how == "a byte more":
        path.write_bytes(content + b"\n")
    else:
        changed = bytes([content[middle] ^ 1])
        path.write_bytes(content[:middle] + changed + content[middle + 1 :])
    result = pipeline("submit", "--root", trained_project)
    assert (result.status, result.err.count("\n")) == (2, 1)
    assert result.out.startswith(f"Run {run_of(trained_project).name}: `train`, mlp, ")
    assert result.out.count("\n") == 1
    assert f"{path}: changed since the run finished" in result.err
    assert not (trained_project / "submissions").exists()


def better_score(record):
    record["cv_log_rmse"] /= 2


def other_settings(record):
    record["settings"]["epochs"] += 1


def no_digest(record):
    del record["digest"]


def no_files(record):
    record["files"] = {}


EDITS = (better_score, other_settings, no_digest, no_files)


@pytest.mark.parametrize("change", EDITS, ids=lambda change: change.__name__)
def test_an_edited_record_is_refused_and_shown_as_such(
    change, pipeline, trained_project
):
    edited_record(trained_project, change)
    result = pipeline("submit", "--root", trained_project)
    assert (result.status, result.err.count("\n")) == (2, 1)
    assert "run.json: changed since the run finished" in result.err
    (row,) = json.loads(pipeline("runs", "--root", trained_project, "--json").out)[
        "runs"
    ]
    assert row["edited"]
    assert "(edited)" in pipeline("runs", "--root", trained_project).out


def test_another_layout_of_the_record_is_no_change(pipeline, trained_project):
    edited_record(trained_project, lambda record: None)
    assert pipeline("submit", "--root", trained_project).status == 0
    assert "(edited)" not in pipeline("runs", "--root", trained_project).out


@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
def test_data_that_the_run_was_not_trained_on_is_refused_by_its_name(
    name, pipeline, trained_project
):
    path = trained_project / "data" / "raw" / name
    edit(path, ",Normal", ",Family")
    result = pipeline("submit", "--root", trained_project)
    assert (result.status, result.err.count("\n")) == (2, 1)
    assert result.out.startswith(f"Run {run_of(trained_project).name}: `train`, mlp, ")
    assert result.out.count("\n") == 1
    run = run_of(trained_project).name
    assert f"{path}: changed since {run} was trained on it" in result.err
    assert "--allow-stale" in result.err


def test_changed_files_may_be_allowed_and_are_then_printed(pipeline, trained_project):
    edit(trained_project / "data" / "raw" / "train.csv", ",Normal", ",Family")
    (run_of(trained_project) / "history.csv").unlink()
    result = pipeline("submit", "--root", trained_project, "--allow-stale", "--json")
    assert result.status == 0
    assert json.loads(result.out)["rows"] == 120
    history, train = result.err.splitlines()
    assert history.startswith("allowed: ")
    assert "history.csv: changed since the run finished" in history
    assert "train.csv: changed since" in train


def test_a_broken_submission_is_refused_even_then(pipeline, trained_project):
    path = run_of(trained_project) / "predictions.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[2], lines[1], *lines[3:]]))
    result = pipeline("submit", "--root", trained_project, "--allow-stale")
    assert result.status == 2
    assert "error: " in result.err
    assert "line 2: expected the id 1461" in result.err
    assert not (trained_project / "submissions").exists()


def test_a_damaged_run_is_not_up_to_date_and_training_again_fixes_it(
    pipeline, trained_project
):
    (run_of(trained_project) / "weights.safetensors").write_bytes(b"")
    assert pipeline("submit", "--root", trained_project).status == 2
    again = pipeline("train", "--root", trained_project, *QUICK, "--json")
    assert not json.loads(again.out)["skipped"]
    assert pipeline("submit", "--root", trained_project).status == 0
    assert len(list((trained_project / "runs").iterdir())) == 2


def test_a_record_that_cannot_be_read_does_not_make_an_older_run_the_newest(
    pipeline, trained_project
):
    older = run_of(trained_project)
    newest = older.with_name("99990101-000000-000")
    shutil.copytree(older, newest)
    (trained_project / "data" / "processed" / "selected-run").unlink()
    for text in ("{", "[" * 100_000, "[]", (older / "run.json").read_text()):
        (newest / "run.json").write_text(text)
        result = pipeline("submit", "--root", trained_project)
        assert (result.status, result.err.count("\n")) == (2, 1)
        assert f"{newest / 'run.json'}: not the record of this run" in result.err
    assert (
        pipeline("submit", "--root", trained_project, "--run", older.name).status == 0
    )


def test_runs_of_the_same_millisecond_get_ids_that_sort_as_they_came(tmp_path):
    begin = datetime(2026, 11, 24, 8, 15, 0, 999_400, tzinfo=UTC)
    for number in range(3):
        with new_run(Project(tmp_path), begin) as temporary:
            (temporary.path / "number").write_text(str(number))
    found = sorted((tmp_path / "runs").iterdir())
    assert [path.name for path in found] == [
        "20261124-081500-999",
        "20261124-081501-000",
        "20261124-081501-001",
    ]
    assert [(path / "number").read_text() for path in found] == ["0", "1", "2"]


def test_each_change_has_a_line_first_those_of_the_run(trained_project):
    folders = Project(trained_project)
    run = store.find_run(folders)
    for name in CHANGED:
        (run_of(trained_project) / name).write_text("")
    edit(trained_project / "data" / "raw" / "test.csv", ",Normal", ",Family")
    of_run = list(integrity.run_changes(run))
    assert [line.split(":")[0].split("/")[-1] for line in of_run] == sorted(CHANGED)
    (of_data,) = set(integrity.changes(folders, run)) - set(of_run)
    assert "data/raw/test.csv: changed since" in of_data
