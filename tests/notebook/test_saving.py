"""A saved result is a run like any other, and a run can be opened."""

import json

import numpy as np
import pandas as pd
import pytest
from small_tables import files_below, write_project

from pipeline import load, open_run, train
from pipeline.core.files import sha256

SETTINGS = {"models": ("mlp", "ridge"), "epochs": 2, "seeds": 1, "hidden": (8,)}
WORDS = ("--model", "mlp,ridge", "--epochs", 2, "--seeds", 1, "--hidden", 8)


@pytest.fixture(scope="module")
def saved(frames, tmp_path_factory):
    """A result, saved to a new folder."""
    root = tmp_path_factory.mktemp("saved") / "project"
    result = train(load(*frames, quiet=True), **SETTINGS, quiet=True)
    result.save(root, note="from a notebook")
    return result, root


def test_it_is_the_run_that_train_makes(saved, pipeline):
    result, root = saved
    again = pipeline("train", *WORDS, "--root", root, "--json")
    record = json.loads(again.out)
    assert (record["run_id"], record["skipped"]) == (result.run_id, True)
    assert record["note"] == "from a notebook"
    first = root / "runs" / result.run_id
    forced = pipeline("train", *WORDS, "--root", root, "--json", "--force")
    second = root / "runs" / json.loads(forced.out)["run_id"]
    for name in ("oof.csv", "predictions.csv", "history.csv", "weights.safetensors"):
        assert sha256(first / name) == sha256(second / name)


def test_its_submission_and_its_page_are_those_of_the_commands(saved):
    result, root = saved
    path = result.submission()
    assert path == root / "submissions" / f"{result.run_id}.csv"
    written = pd.read_csv(path)
    np.testing.assert_allclose(
        written["SalePrice"], result.test["SalePrice"], atol=0.01, rtol=0
    )
    page = result.report()
    assert page.path == root / "reports" / f"{result.run_id}.html"
    assert page._repr_html_().startswith('<iframe srcdoc="&lt;!doctype html&gt;')
    assert result.run_id in repr(result)


def test_an_opened_run_is_the_result_that_was_saved(saved, frames, capsys):
    result, root = saved
    opened = open_run(result.run_id, root)
    capsys.readouterr()
    predicted = opened.predict(frames[1])
    said = capsys.readouterr().err.splitlines()
    np.testing.assert_array_equal(predicted, result.predict(frames[1]))
    assert said
    assert {*said} <= {*capsys.readouterr().err.splitlines()}
    assert opened.cv == result.cv
    pd.testing.assert_frame_equal(opened.scores, result.scores)
    for name in ("out_of_fold", "test"):
        found, expected = getattr(opened, name), getattr(result, name)
        pd.testing.assert_frame_equal(found, expected, atol=0.01, rtol=0)
    assert sorted(opened.out_of_fold["fold"].unique()) == [1, 2, 3, 4, 5]
    with pytest.raises(ValueError, match="opened from a run, which is saved"):
        opened.save(root)


def test_the_plot_has_the_score_of_each_model_on_each_fold(saved):
    result, _ = saved
    axes = result.plot()
    names = ["mlp, λ = 1", "ridge", "blend"]
    assert [line.get_label() for line in axes.get_lines()] == names
    for line, (_, row) in zip(axes.get_lines(), result.scores.iterrows(), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), row.filter(like="fold "))
    assert axes.get_ylabel() == "log-RMSE"


def test_an_opened_blend_of_runs_predicts(saved, frames, pipeline):
    _, root = saved
    ids = [
        json.loads(pipeline("train", *words, "--root", root, "--json").out)["run_id"]
        for words in (("--model", "ridge"), (*WORDS, "--lr", 0.01))
    ]
    assert pipeline("blend", *ids, "--root", root).status == 0
    blended = open_run(root=root)
    assert list(blended.scores["model"]) == [*sorted(ids), "blend"]
    predicted = blended.predict(frames[1])
    np.testing.assert_allclose(predicted, blended.test["SalePrice"], atol=0.011, rtol=0)


def test_rows_and_schema_of_any_table_are_written(rows, tmp_path, pipeline):
    own = [
        each.assign(note=['a "b", c', "line\nbreak"] * (len(each) // 2))
        for each in rows
    ]
    result = train(load(*own, quiet=True), **SETTINGS, folds=3, quiet=True)
    run_id = result.save(tmp_path)
    words = (*WORDS, "--folds", 3, "--root", tmp_path, "--json")
    assert json.loads(pipeline("train", *words).out)["run_id"] == run_id
    assert pipeline("submit", "--root", tmp_path).status == 0


def test_other_rows_in_the_folder_are_refused_and_stay(rows, schema, tmp_path):
    root = write_project(
        tmp_path / "other", rows[0], rows[1].head(4), schema=schema.read_text()
    )
    result = train(load(*rows, schema=schema, quiet=True), **SETTINGS, folds=3)
    raw = {path: path.read_bytes() for path in files_below(root / "data" / "raw")}
    with pytest.raises(
        ValueError, match="not the rows and the schema that were loaded"
    ):
        result.save(root)
    assert {
        path: path.read_bytes() for path in files_below(root / "data" / "raw")
    } == raw
    assert not (root / "runs").exists()


def test_a_function_for_columns_must_be_in_the_folder(rows, schema, tmp_path):
    data = load(*rows, schema=schema, columns=lambda r: r.assign(n=r["size"] * 2))
    result = train(data, **SETTINGS, folds=3, quiet=True)
    with pytest.raises(ValueError, match=r"columns.py: write the function"):
        result.save(tmp_path / "new")
    assert files_below(tmp_path / "new") == []
    code = 'def columns(rows):\n    return rows.assign(n=rows["size"] * 2)\n'
    text = schema.read_text()
    root = write_project(tmp_path / "with", *rows, schema=text, columns=code)
    opened = open_run(result.save(root), root)
    np.testing.assert_array_equal(opened.predict(rows[1]), result.test["y"])


def test_what_is_not_saved_has_no_files(result):
    for call in (result.submission, result.report):
        with pytest.raises(ValueError, match=r'save it, like result.save\("."\)'):
            call()
    with pytest.raises(ValueError, match=r"no run is called|no run yet"):
        open_run("20200101-000000-000", root="nowhere")
