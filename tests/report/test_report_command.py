"""`pipeline report`: where the page is, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from situations import QUICK

from pipeline.cli.console import using
from pipeline.runs.store import find_run, list_runs

pytestmark = pytest.mark.usefixtures("few_columns")


def test_it_prints_where_the_page_of_the_newest_run_is(pipeline, folders):
    result = pipeline("report", "--root", folders.root)
    run = find_run(folders)
    path = folders.reports / f"{run.run_id}.html"
    assert result.status == 0
    assert result.out == f"{using(run)}\nReport saved to {path}\n"
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert len(text) < 300_000


def test_the_same_run_gives_the_same_bytes(pipeline, folders):
    pages = []
    for _ in range(2):
        pipeline("report", "--root", folders.root)
        (path,) = folders.reports.glob("*.html")
        pages.append(path.read_bytes())
        path.unlink()
    assert pages[0] == pages[1]


def test_two_runs_are_side_by_side_in_the_order_given(pipeline, folders):
    newest, older = (run.run_id for run in list_runs(folders)[:2])
    result = pipeline("report", older, newest, "--root", folders.root, "--json")
    answer = json.loads(result.out)
    page = Path(answer["page"])
    assert answer["runs"] == [older, newest]
    assert page.name == f"{older}_{newest}.html"
    assert answer["bytes"] == page.stat().st_size
    text = page.read_text(encoding="utf-8")
    assert text.index(older) < text.index(newest)


def test_if_the_data_has_changed_the_page_has_what_the_run_itself_knows(
    pipeline, folders
):
    path = folders.raw / "train.csv"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert pipeline("report", "--root", folders.root).status == 0
    (page,) = folders.reports.glob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "data/raw has changed since this run was trained" in text
    assert "Residuals over SalePrice" in text
    assert "Residuals over YearBuilt" not in text
    assert "Warning:" in text


def test_an_edited_run_says_so_on_its_page(pipeline, folders):
    folder = find_run(folders).folder
    seen = pd.read_csv(folder / "oof.csv")
    seen["prediction"] = seen["SalePrice"]
    seen.to_csv(folder / "oof.csv", index=False)
    pipeline("report", "--root", folders.root)
    (page,) = folders.reports.glob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "oof.csv: changed since the run finished" in text


def refused(result, folders):
    """The error line; nothing must be left behind."""
    assert result.status == 2
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert not folders.reports.exists()
    return result.err


def test_no_run_is_a_line(pipeline, small_project):
    result = pipeline("report", "--root", small_project)
    assert result.status == 2
    assert "no run yet" in result.err


def test_an_unknown_run_is_a_line(pipeline, folders):
    result = pipeline("report", "nosuch", "--root", folders.root)
    assert "no run is called nosuch" in refused(result, folders)


def test_too_many_runs_are_a_line(pipeline, folders):
    run = find_run(folders).run_id
    result = pipeline("report", *[run] * 7, "--root", folders.root)
    assert "at most 6" in refused(result, folders)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("oof.csv", None),
        ("oof.csv", ""),
        ("oof.csv", "Id,fold,SalePrice,prediction\n"),
        ("oof.csv", "Id,fold,SalePrice,prediction\n1,1,<b>,2\n"),
        ("oof.csv", "Id,fold,SalePrice,prediction\n1,1,100,110\n"),
        ("oof.csv", "Id,fold,SalePrice,prediction\n1,1,9,8\n2,99,9,8\n"),
        ("oof.csv", "Id,fold,SalePrice,prediction\n1,1,100,-2\n"),
        ("oof.csv", "Id,SalePrice,prediction\n1,100,100\n"),
        ("history.csv", "lambda,fold,epoch,train\n0,0,1,0.1\n"),
        ("weights.safetensors", "not a tensor"),
    ],
)
def test_a_broken_file_of_a_run_is_a_line_that_names_it(
    pipeline, folders, name, content
):
    path = find_run(folders).folder / name
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")
    result = pipeline("report", "--root", folders.root)
    assert f"{name}: " in refused(result, folders)


def test_learning_curves_cut_at_any_line_are_a_line_that_names_the_file(
    pipeline, folders
):
    run = next(run for run in list_runs(folders) if len(run.scores) == 1)
    path = run.folder / "history.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for kept in (2, len(lines) // 2, len(lines) - 1):
        path.write_text("".join(lines[:kept]), encoding="utf-8")
        result = pipeline("report", run.run_id, "--root", folders.root)
        assert "history.csv: " in refused(result, folders)


def test_a_lambda_of_many_digits_has_its_learning_curves(pipeline, folders):
    options = (*QUICK, "--lambda", 1e-7, "--lambda", 2e-7, "--root", folders.root)
    assert pipeline("train", *options).status == 0
    assert pipeline("report", "--root", folders.root).status == 0


@pytest.mark.parametrize(
    "change",
    [
        {"scores": []},
        {"scores": [{"lambda": 5.0}]},
        {"cv": "x"},
        {"forecast": None},
        {"settings": "none"},
        {"search": {"trials": 3}},
    ],
)
def test_a_record_that_makes_no_sense_is_a_line_that_names_it(
    pipeline, folders, change
):
    run = find_run(folders)
    document = json.dumps(run.to_json() | change)
    (run.folder / "run.json").write_text(document, encoding="utf-8")
    result = pipeline("report", "--root", folders.root)
    assert "run.json: " in refused(result, folders)


def test_a_network_that_diverged_leaves_a_page_all_the_same(pipeline, folders):
    path = find_run(folders).folder / "history.csv"
    history = pd.read_csv(path)
    history.loc[history["fold"] == 2, ["train", "valid"]] = np.nan
    history.loc[history["fold"] == 3, "valid"] = np.inf
    history.to_csv(path, index=False)
    assert pipeline("report", "--root", folders.root).status == 0
