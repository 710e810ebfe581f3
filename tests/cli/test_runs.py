"""`runs` tells runs apart, and compares them house by house."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from situations import QUICK


@pytest.fixture
def two(pipeline, trained_project):
    """A project with two runs that differ in epochs, dropout and note; newest first."""
    options = (*QUICK, "--epochs", "3", "--dropout", "0.1", "--note", "wider")
    made = pipeline("train", "--root", trained_project, *options, "--json")
    newest = json.loads(made.out)["run_id"]
    (older,) = (
        path.parent.name
        for path in (trained_project / "runs").glob("*/run.json")
        if path.parent.name != newest
    )
    return trained_project, newest, older


def rows_of(text):
    return [line.split() for line in text.splitlines()]


def test_the_list_has_what_differs_and_nothing_that_is_the_same(pipeline, two):
    root, newest, older = two
    rows = rows_of(pipeline("runs", "--root", root).out)
    header = "run model note folds lambda epochs dropout CV leaderboard"
    assert " ".join(rows[2]) == header
    by_id = {row[0]: " ".join(row) for row in rows if row}
    assert "mlp wider 5 1 3 0.1 0." in by_id[newest]
    assert "mlp 5 1 2 0.2 0." in by_id[older]


def test_the_list_says_which_run_is_the_best_and_which_one_is_used(pipeline, two):
    root, newest, _ = two
    shown = pipeline("runs", "--root", root)
    scores = {
        path.parent.name: json.loads(path.read_text())["cv_log_rmse"]
        for path in (root / "runs").glob("*/run.json")
    }
    assert f"Lowest log-RMSE: {min(scores, key=scores.get)}." in shown.out
    assert f"`report` use {newest} by default" in shown.out


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["epochs=3"], [0]),
        (["epochs=2"], [1]),
        (["note=WIDER"], [0]),
        (["model=mlp", "epochs=3"], [0]),
        (["epochs=3", "dropout=0.2"], []),
        (["command=train"], [0, 1]),
    ],
)
def test_filters_keep_the_runs_that_match_all_of_them(filters, found, pipeline, two):
    root, *ids = two
    options = [word for text in filters for word in ("--filter", text)]
    shown = json.loads(pipeline("runs", "--root", root, *options, "--json").out)
    assert [run["run_id"] for run in shown["runs"]] == [ids[index] for index in found]


@pytest.mark.parametrize("text", ["epoch=3", "epochs", "epochs="])
def test_a_filter_that_no_run_has_is_an_error_that_lists_the_names(text, pipeline, two):
    shown = pipeline("runs", "--root", two[0], "--filter", text)
    assert shown.status == 2
    assert f"--filter {text}: give NAME=VALUE" in shown.err
    assert "epochs, lr, hidden" in shown.err


def test_two_runs_are_compared_by_the_errors_of_the_same_houses(pipeline, two):
    root, *ids = two
    shown = json.loads(pipeline("runs", *ids, "--root", root, "--json").out)
    squares = []
    for run_id in ids:
        houses = pd.read_csv(root / "runs" / run_id / "oof.csv")
        squares.append(np.log(houses["prediction"] / houses["SalePrice"]) ** 2)
    difference = np.sqrt(squares[1].mean()) - np.sqrt(squares[0].mean())
    cells = {row["name"]: row["cells"] for row in shown["rows"]}
    first, second = cells["difference to the first run"]
    value, error = (float(each.replace("−", "-")) for each in second.split(" ± "))
    assert first == "–"
    assert value == pytest.approx(difference, abs=0.00006)
    # The ratio of a mean to its standard error, by the delta method at each root.
    gaps = squares[1] - squares[0]
    roots = np.sqrt(squares[1].mean()) + np.sqrt(squares[0].mean())
    assert error == pytest.approx(gaps.sem() / roots, abs=0.00006)
    told_apart = cells["told apart from it"][1]
    assert told_apart == ("yes" if abs(value) > 2 * error else "no")


def test_the_comparison_on_screen_leaves_out_what_is_the_same(pipeline, two):
    root, *ids = two
    shown = pipeline("runs", *ids, "--root", root).out
    assert "epochs" in shown
    assert "batch" not in shown


@pytest.mark.parametrize("count", [1, 2])
def test_one_run_or_the_same_run_twice_cannot_be_compared(count, pipeline, two):
    shown = pipeline("runs", *[two[1]] * count, "--root", two[0])
    assert (shown.status, shown.out) == (2, "")
    assert "give two run ids or more" in shown.err


def test_a_note_for_a_run_that_exists_is_not_lost_in_silence(pipeline, two):
    root, newest, _ = two
    options = (*QUICK, "--epochs", "3", "--dropout", "0.1", "--note", "another")
    shown = pipeline("train", "--root", root, *options).out
    assert "The note is not saved" in shown
    assert f"runs/{newest} is up to date" in shown


def test_runs_of_another_version_are_named(pipeline, trained_project):
    (folder,) = (trained_project / "runs").iterdir()
    path = shutil.copytree(folder, folder.with_name("older")) / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["format"]
    path.write_text(json.dumps(record), encoding="utf-8")
    shown = pipeline("runs", "--root", trained_project)
    assert "Not listed, since another version wrote them: older" in shown.out
    refused = pipeline("report", "older", "--root", trained_project)
    assert (refused.status, refused.err.count("\n")) == (2, 1)
