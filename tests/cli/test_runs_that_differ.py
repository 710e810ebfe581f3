"""`runs` compares what can be compared, and says why for the rest."""

import json
import shutil

import pandas as pd
import pytest
from situations import QUICK
from small_tables import refused_in_one_line

ROWS = 12


def train(pipeline, root, *options):
    shown = pipeline("train", "--root", root, *QUICK, *options, "--json")
    assert shown.status == 0, shown.err
    return json.loads(shown.out)["run_id"]


def first_run(root):
    (path,) = (root / "runs").glob("*/run.json")
    return path.parent.name


def change_raw(pipeline, root, change):
    """Change the training rows, and preprocess them."""
    path = root / "data" / "raw" / "train.csv"
    change(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(
        path, index=False
    )
    assert pipeline("preprocess", "--root", root).status == 0


def compared(pipeline, root, *run_ids):
    shown = pipeline("runs", *run_ids, "--root", root, "--json")
    return {row["name"]: row for row in json.loads(shown.out)["rows"]}


def other_price(rows):
    return rows.assign(SalePrice=["123456", *rows["SalePrice"][1:]])


@pytest.mark.parametrize(
    ("options", "change", "reason"),
    [
        (("--folds", 3), None, "different folds"),
        (("--seed", 7), None, "different folds"),
        ((), other_price, "different targets"),
        ((), lambda rows: rows[:-ROWS], "different rows"),
    ],
)
def test_scores_that_cannot_be_compared_have_no_verdict(
    options, change, reason, pipeline, trained_project
):
    root, first = trained_project, first_run(trained_project)
    if change:
        change_raw(pipeline, root, change)
    second = train(pipeline, root, *options)
    rows = compared(pipeline, root, first, second)
    assert rows["difference to the first run"]["cells"] == ["–", reason]
    assert rows["told apart from it"]["cells"] == ["–", "–"]
    shown = pipeline("runs", first, second, "--root", root).out
    assert f"Scores of {reason} cannot be told apart" in shown


def test_more_networks_on_the_same_folds_have_a_verdict(pipeline, trained_project):
    first = first_run(trained_project)
    second = train(pipeline, trained_project, "--seeds", 2)
    rows = compared(pipeline, trained_project, first, second)
    assert rows["told apart from it"]["cells"][1] in {"yes", "no"}
    assert rows["seeds"]["cells"] == ["1", "2"]


def test_own_columns_the_data_and_notes_are_compared(pipeline, trained_project):
    root, first = trained_project, first_run(trained_project)
    (root / "data" / "raw" / "columns.py").write_text(
        'def columns(rows):\n    rows["ratio"] = rows["LotArea"] / 2\n    return rows\n'
    )
    assert pipeline("preprocess", "--root", root).status == 0
    second = train(pipeline, root, "--note", "with a ratio")
    rows = compared(pipeline, root, first, second)
    assert rows["own columns"]["cells"] == ["none", "ratio"]
    assert rows["note"]["cells"] == ["none", "with a ratio"]
    assert rows["data/raw/columns.py"]["cells"][0] == "none"
    assert rows["data/processed/train.csv"]["differs"]
    assert not rows["data/raw/train.csv"]["differs"]
    assert rows["told apart from it"]["cells"][1] in {"yes", "no"}


def test_runs_of_different_targets_are_refused(pipeline, trained_project):
    folder = trained_project / "runs" / first_run(trained_project)
    other = shutil.copytree(folder, folder.with_name("other")) / "run.json"
    record = json.loads(other.read_text(encoding="utf-8"))
    record["run_id"] = "other"
    record["schema"] = record["schema"].replace('"SalePrice"', '"Price"')
    other.write_text(json.dumps(record), encoding="utf-8")
    shown = pipeline("runs", folder.name, "other", "--root", trained_project)
    refused_in_one_line(shown, "different targets (SalePrice, Price)")


def test_a_file_that_has_changed_is_named_beside_the_comparison(
    pipeline, trained_project
):
    first = first_run(trained_project)
    second = train(pipeline, trained_project, "--epochs", 3)
    path = trained_project / "runs" / second / "oof.csv"
    path.write_text(path.read_text().replace("208500", "208501"))
    shown = pipeline("runs", first, second, "--root", trained_project)
    assert shown.status == 0
    assert f"warning: {path}: changed since the run finished" in shown.err


def test_the_lowest_score_is_that_of_the_same_rows_and_folds(pipeline, trained_project):
    root, first = trained_project, first_run(trained_project)
    change_raw(pipeline, root, lambda rows: rows[:-ROWS])
    second = train(pipeline, root)
    shown = pipeline("runs", "--root", root).out
    best = "Lowest log-RMSE on the rows and folds of the newest run"
    assert f"{best}: {second}." in " ".join(shown.split())
    assert first in shown


@pytest.fixture
def many(trained_project):
    """A project of 25 runs, copies of the same."""
    folder = trained_project / "runs" / first_run(trained_project)
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    for day in range(24):
        copy = folder.with_name(f"20200101-0000{day:02}-000")
        copy.mkdir()
        changed = record | {
            "run_id": copy.name,
            "created": f"2020-01-01T00:00:{day:02}",
        }
        (copy / "run.json").write_text(json.dumps(changed), encoding="utf-8")
    return trained_project


def listed(shown):
    return [line.split()[0] for line in shown.out.splitlines() if line[:4] == " 202"]


def test_the_newest_twenty_are_listed_or_all(pipeline, many):
    newest = pipeline("runs", "--root", many)
    everything = pipeline("runs", "--root", many, "--all")
    assert len(listed(newest)) == 20
    assert listed(newest) == listed(everything)[:20]
    assert len(listed(everything)) == 25
    assert "The newest 20 of 25 runs; --all shows all" in newest.out
    assert "--all" not in everything.out


def test_json_and_filters_see_all_runs(pipeline, many):
    shown = pipeline("runs", "--root", many, "--json")
    assert len(json.loads(shown.out)["runs"]) == 25
    filtered = pipeline("runs", "--root", many, "--filter", "model=mlp")
    assert "The newest 20 of 25 runs" in filtered.out
    none = pipeline("runs", "--root", many, "--filter", "epochs=99")
    assert none.out == "No run matches --filter epochs=99\n"


def test_without_runs_it_says_so(pipeline, tmp_path):
    shown = pipeline("runs", "--root", tmp_path)
    assert (shown.status, shown.err) == (0, "")
    assert f"{tmp_path / 'runs'}: no run yet; `pipeline train` makes one" in shown.out
    listed = json.loads(pipeline("runs", "--root", tmp_path, "--json").out)
    assert listed["runs"] == []


def test_a_project_folder_that_is_not_there_is_an_error(pipeline, tmp_path):
    root = tmp_path / "elsewhere"
    refused_in_one_line(pipeline("runs", "--root", root), f"--root {root}: no such")
    assert not root.exists()
