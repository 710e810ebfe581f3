"""`pipeline predict`: houses of any file, priced as the run priced its test houses."""

import json

import pandas as pd
import pytest
from situations import RAW, copy_raw

from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.runs.store import find_run
from pipeline.stages import up_to_date

QUICK = {"epochs": 3, "hidden": (8,), "batch_size": 32}
RUNS = {
    "one network a fold": Settings(folds=3, seeds=1, **QUICK),
    "two, and a grid": Settings(folds=4, seeds=2, lambdas=(1.0, 5.0, 9.0), **QUICK),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a run for each of RUNS; the whole test file, to price."""
    root = copy_raw(tmp_path_factory.mktemp("predict") / "project", rows=200)
    (root / "data/raw/test.csv").write_bytes((RAW / "test.csv").read_bytes())
    folders = Project(root)
    up_to_date.preprocess(folders, force=False)
    for settings in RUNS.values():
        up_to_date.train(folders, settings, lambda *_: None, jobs=2, force=False)
    return folders


@pytest.fixture(params=RUNS)
def run(request, project):
    """The record of each run."""
    place = list(RUNS).index(request.param)
    return find_run(project, sorted(p.name for p in project.runs.iterdir())[place])


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
    out, name = tmp_path / "prices.csv", run["run_id"]
    predicted(pipeline, project, RAW / "test.csv", out, "--run", name)
    kept = project.runs / name / "predictions.csv"
    assert out.read_bytes() == kept.read_bytes()


@pytest.mark.parametrize("places", [[77], [3, 1, 2], range(1300, 1237, -1)])
def test_a_house_has_the_same_price_whichever_houses_stand_beside_it(
    places, pipeline, project, run, test_lines, tmp_path
):
    part, out, name = tmp_path / "part.csv", tmp_path / "out.csv", run["run_id"]
    part.write_text("".join([test_lines[0], *(test_lines[place] for place in places)]))
    kept = (project.runs / name / "predictions.csv").read_text()
    lines = kept.splitlines(keepends=True)
    prices = predicted(pipeline, project, part, out, "--run", name)
    assert prices == [lines[0], *(lines[place] for place in places)]


def test_prices_in_the_file_are_not_looked_at(pipeline, project, tmp_path):
    train, out = pd.read_csv(RAW / "train.csv", dtype=str), tmp_path / "out.csv"
    answers = []
    for name, frame in (
        ("as it is", train),
        ("nonsense", train.assign(SalePrice="none")),
        ("without", train.drop(columns="SalePrice")),
        ("in another order", train[train.columns[::-1]]),
    ):
        path = tmp_path / f"{name}.csv"
        frame.to_csv(path, index=False, na_rep="NA")
        answers.append(predicted(pipeline, project, path, out))
    assert len(answers[0]) == 1461
    assert all(answer == answers[0] for answer in answers)


def test_it_says_what_it_assumed_and_which_words_no_network_has_met(
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
    for text in ("Atlantis (encoded as all-zero)", "there is a pool", "1,459 rows"):
        assert text in shown


def without(lines, name):
    place = lines[0].strip().split(",").index(name)
    rows = [line.strip().split(",") for line in lines]
    return [",".join(row[:place] + row[place + 1 :]) + "\n" for row in rows]


MISTAKES = {
    "a column missing": (
        lambda lines: without(lines, "LotArea"),
        "column LotArea: missing; put it back",
    ),
    "an unknown column": (
        lambda lines: [line.replace("LotArea", "Lot", 1) for line in lines],
        "column LotArea: missing; the unknown column 'Lot' may be it",
    ),
    "a number in words": (
        lambda lines: [line.replace(",11622,", ",big,") for line in lines],
        "column LotArea, line 2: 'big' is not a number",
    ),
    "no houses": (lambda lines: lines[:1], "a header but no houses; give a file with"),
    "prices alone": (lambda lines: ["SalePrice\n", "1\n"], "names no column"),
    "nothing": (lambda lines: [], "the file is empty"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_file_that_cannot_be_priced_is_one_line_and_nothing_is_written(
    mistake, pipeline, project, test_lines, tmp_path
):
    spoil, said = MISTAKES[mistake]
    path, out = tmp_path / "houses.csv", tmp_path / "out.csv"
    path.write_text("".join(spoil(test_lines)))
    result = pipeline("predict", path, "-o", out, "--root", project.root)
    assert result.status == 2
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert said in result.err
    assert not out.exists()


def test_what_no_program_edits_is_not_written_over(pipeline, project, tmp_path):
    source = tmp_path / "houses.csv"
    source.write_bytes((RAW / "test.csv").read_bytes())
    raw, (folder, *_) = project.raw / "test.csv", project.runs.iterdir()
    for out in (source, raw, folder / "predictions.csv", tmp_path):
        before = None if out.is_dir() else out.read_bytes()
        result = pipeline("predict", source, "-o", out, "--root", project.root)
        assert result.status == 2
        assert result.err.startswith(f"error: -o {out}: ")
        assert before is None or out.read_bytes() == before


def test_a_run_whose_files_were_exchanged_prices_nothing(pipeline, project, tmp_path):
    record, out = find_run(project), tmp_path / "out.csv"
    weights = project.runs / record["run_id"] / "weights.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        options = ("-o", out, "--root", project.root)
        result = pipeline("predict", RAW / "test.csv", *options)
    finally:
        weights.write_bytes(content)
    assert result.status == 2
    assert "weights.safetensors: not as the run was finished" in result.err
    assert not out.exists()
