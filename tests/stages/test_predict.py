"""`pipeline predict`: the prices of a file equal the run's own predictions."""

import json

import pandas as pd
import pytest
from situations import RAW, copy_raw

from pipeline.cli.console import using
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.runs.store import find_run
from pipeline.stages import up_to_date

QUICK = {"models": ("mlp",), "epochs": 3, "hidden": (8,), "batch_size": 32}
RUNS = {
    "one network per fold": Settings(folds=3, seeds=1, **QUICK),
    "two, and a grid": Settings(folds=4, seeds=2, lambdas=(1.0, 5.0, 9.0), **QUICK),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a run for each of RUNS; the complete test file, to predict."""
    root = copy_raw(tmp_path_factory.mktemp("predict") / "project", rows=200)
    (root / "data/raw/test.csv").write_bytes((RAW / "test.csv").read_bytes())
    folders = Project(root)
    up_to_date.preprocess(folders, force=False)
    for settings in RUNS.values():
        up_to_date.train(folders, settings, lambda *_: None, jobs=2, force=False)
    return folders


@pytest.fixture(params=RUNS)
def run(request, project):
    """Each run."""
    number = list(RUNS).index(request.param)
    return find_run(project, sorted(p.name for p in project.runs.iterdir())[number])


@pytest.fixture
def test_lines():
    return (RAW / "test.csv").read_text().splitlines(keepends=True)


def predicted(pipeline, project, source, out, *options):
    shown = pipeline("predict", source, "-o", out, "--root", project.root, *options)
    assert shown.status == 0, shown.err
    return out.read_text().splitlines(keepends=True)


def test_the_test_file_gives_the_runs_own_predictions_byte_for_byte(
    pipeline, project, run, tmp_path
):
    out = tmp_path / "prices.csv"
    predicted(pipeline, project, RAW / "test.csv", out, "--run", run.run_id)
    assert out.read_bytes() == (run.folder / "predictions.csv").read_bytes()


@pytest.mark.parametrize("numbers", [[77], [3, 1, 2], range(1300, 1237, -1)])
def test_a_house_has_the_same_price_whichever_other_houses_are_in_the_file(
    numbers, pipeline, project, run, test_lines, tmp_path
):
    part, out = tmp_path / "part.csv", tmp_path / "out.csv"
    part.write_text(
        "".join([test_lines[0], *(test_lines[number] for number in numbers)])
    )
    lines = (run.folder / "predictions.csv").read_text().splitlines(keepends=True)
    prices = predicted(pipeline, project, part, out, "--run", run.run_id)
    assert prices == [lines[0], *(lines[number] for number in numbers)]


def test_prices_in_the_file_are_ignored(pipeline, project, tmp_path):
    train, out = pd.read_csv(RAW / "train.csv", dtype=str), tmp_path / "out.csv"
    predictions = []
    for name, frame in (
        ("as it is", train),
        ("nonsense", train.assign(SalePrice="none")),
        ("without", train.drop(columns="SalePrice")),
        ("in another order", train[train.columns[::-1]]),
    ):
        path = tmp_path / f"{name}.csv"
        frame.to_csv(path, index=False, na_rep="NA")
        predictions.append(predicted(pipeline, project, path, out))
    assert len(predictions[0]) == 1461
    assert all(each == predictions[0] for each in predictions)


def test_it_prints_assumptions_and_categories_unseen_in_training(
    pipeline, project, test_lines, tmp_path
):
    path, out = tmp_path / "odd.csv", tmp_path / "out.csv"
    lines = [line.replace(",NAmes,", ",Atlantis,") for line in test_lines]
    path.write_text("".join(lines))
    options = ("predict", path, "-o", out, "--root", project.root)
    record = json.loads(pipeline(*options, "--json").out)
    assert record["rows"] == 1459
    assert record["unseen_categories"]["Neighborhood"][-1] == "Atlantis"
    assert record["unseen_categories"]["MSSubClass"] == ["150"]
    assert any("no garage year" in each["assumed"] for each in record["assumptions"])
    shown = pipeline(*options).out
    for text in ("Atlantis", "there is a pool", "1,459 rows"):
        assert text in shown


def without(lines, name):
    place = lines[0].strip().split(",").index(name)
    rows = [line.strip().split(",") for line in lines]
    return [",".join(row[:place] + row[place + 1 :]) + "\n" for row in rows]


MISTAKES = {
    "a column missing": (
        lambda lines: without(lines, "LotArea"),
        "column LotArea: missing; add it",
    ),
    "an unknown column": (
        lambda lines: [line.replace("LotArea", "Lot", 1) for line in lines],
        "column LotArea: missing; rename the unknown column 'Lot', or add it",
    ),
    "a number in words": (
        lambda lines: [line.replace(",11622,", ",big,") for line in lines],
        "column LotArea, line 2: 'big' is not a number",
    ),
    "no rows": (lambda lines: lines[:1], "a header but no rows; add rows"),
    "prices alone": (lambda lines: ["SalePrice\n", "1\n"], "has no known column name"),
    "nothing": (lambda lines: [], "the file is empty"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_file_that_cannot_be_used_is_one_line_and_nothing_is_written(
    mistake, pipeline, project, test_lines, tmp_path
):
    spoil, message = MISTAKES[mistake]
    path, out = tmp_path / "houses.csv", tmp_path / "out.csv"
    path.write_text("".join(spoil(test_lines)))
    result = pipeline("predict", path, "-o", out, "--root", project.root)
    assert result.status == 2
    assert result.out == f"{using(find_run(project))}\n"
    assert result.err.count("\n") == 1
    assert message in result.err
    assert not out.exists()


def test_the_source_raw_data_and_runs_are_never_overwritten(
    pipeline, project, tmp_path
):
    source = tmp_path / "houses.csv"
    source.write_bytes((RAW / "test.csv").read_bytes())
    raw, (folder, *_) = project.raw / "test.csv", project.runs.iterdir()
    for out in (source, raw, folder / "predictions.csv", tmp_path):
        before = None if out.is_dir() else out.read_bytes()
        result = pipeline("predict", source, "-o", out, "--root", project.root)
        assert result.status == 2
        assert result.err.startswith(f"error: -o {out}: ")
        assert before is None or out.read_bytes() == before


def test_a_run_with_changed_weights_predicts_nothing(pipeline, project, tmp_path):
    out = tmp_path / "out.csv"
    weights = find_run(project).folder / "weights.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        options = ("-o", out, "--root", project.root)
        result = pipeline("predict", RAW / "test.csv", *options)
    finally:
        weights.write_bytes(content)
    assert result.status == 2
    assert "weights.safetensors: changed since the run finished" in result.err
    assert not out.exists()


def test_training_rows_are_named_but_not_other_houses_with_their_ids(
    pipeline, project, test_lines, tmp_path
):
    header, *lines = (project.raw / "train.csv").read_text().splitlines()
    others = [f"{100 + i},{test_lines[i].strip().partition(',')[2]}," for i in (1, 2)]
    mine = tmp_path / "mine.csv"
    mine.write_text("\n".join([header, *lines[:7], *others, ""]))
    options = ("predict", mine, "-o", tmp_path / "prices.csv", "--root", project.root)
    assert json.loads(pipeline(*options, "--json").out)["training_rows"] == 7
    shown = " ".join(pipeline(*options).out.split())
    assert "7 of the 9 rows are training rows" in shown


def test_of_new_houses_none_is_a_training_row(pipeline, project, tmp_path):
    options = ("-o", tmp_path / "prices.csv", "--root", project.root)
    shown = pipeline("predict", RAW / "test.csv", *options)
    assert "training rows" not in shown.out
    record = pipeline("predict", RAW / "test.csv", *options, "--json").out
    assert json.loads(record)["training_rows"] == 0
