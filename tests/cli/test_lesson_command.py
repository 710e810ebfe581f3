"""`pipeline lesson`: the list, the table, the JSON of the contract."""

import json
import math

import pytest

from pipeline.lessons import LESSONS, fashion_mnist, runner
from pipeline.lessons.runner import Result
from pipeline.stages import fashion_mnist as stage


def test_without_a_name_it_lists_the_lessons_in_order(pipeline):
    shown = pipeline("lesson").out
    positions = [shown.index(name) for name in LESSONS]
    assert positions == sorted(positions)
    listed = json.loads(pipeline("lesson", "--json").out)["lessons"]
    assert [lesson["lesson"] for lesson in listed] == list(LESSONS)


def test_a_lesson_shows_published_and_measured_values_and_saves_its_figures(
    pipeline, tmp_path
):
    shown = pipeline("lesson", "linear-regression", "--root", tmp_path)
    assert shown.status == 0
    for text in (
        "published",
        "measured",
        "tolerance",
        "within?",
        "w1 (true 2)",
        "4.2011",
        "Watch the",
        "From scratch:",
        "epoch 3, loss 0.0000",
        "What was seen:",
        "To try:",
        "pipeline lesson linear-regression --lr 0.003",
    ):
        assert text in shown.out
    saved = sorted(p.name for p in (tmp_path / "reports" / "lessons").iterdir())
    assert saved == [
        "linear-regression-scratch-line.png",
        "linear-regression-scratch-loss.png",
        "linear-regression-torch-line.png",
        "linear-regression-torch-loss.png",
    ]


def test_the_json_of_a_lesson_has_the_keys_of_the_contract(pipeline, tmp_path):
    shown = pipeline(
        "lesson",
        "linear-regression",
        "--impl",
        "torch",
        "--root",
        tmp_path,
        "--json",
    )
    (result,) = json.loads(shown.out)["lessons"]
    assert result["lesson"] == "linear-regression"
    assert result["impl"] == "torch"
    assert len(result["figures"]) == 2
    keys = {"quantity", "published", "measured", "band", "inside"}
    for row in result["rows"]:
        assert row.keys() == keys
        if row["band"]:
            low, high = (math.inf if end is None else end for end in row["band"])
            assert row["inside"] == (low <= row["measured"] <= high)
    assert result["seen"]
    assert len(result["to_try"]) == 2


def test_an_unknown_lesson_is_refused_with_the_names_there_are(pipeline, tmp_path):
    result = pipeline("lesson", "transformers", "--root", tmp_path)
    assert result.status == 2
    assert "no lesson 'transformers'; there are: tensors, vectorization" in result.err


def test_a_directory_without_fashion_mnist_is_refused_with_the_missing_file(
    pipeline, tmp_path
):
    result = pipeline("lesson", "mlp", "--root", tmp_path, "--data", tmp_path)
    assert result.status == 2
    assert "train-images-idx3-ubyte.gz: no such file" in result.err


def test_where_no_images_can_be_had_all_lessons_without_them_run_first(
    pipeline, tmp_path, monkeypatch
):
    ran = []

    def run(lesson, impl, options, **_):
        ran.append(lesson.name)
        return Result(lesson, impl, [], {}, [], 0.0)

    def fetch():
        raise OSError("no network")

    monkeypatch.setattr(runner, "run_lesson", run)
    monkeypatch.setattr(fashion_mnist, "DEBIAN", tmp_path / "gone")
    monkeypatch.setattr(stage, "fetch", fetch)
    result = pipeline("lesson", "all", "--root", tmp_path)
    assert len(dict.fromkeys(ran)) == 5
    assert result.status == 2
    assert result.err.startswith("error: Fashion-MNIST: OpenML cannot be reached (no n")
    assert result.err.count("\n") == 1
    assert "install Debian's package dataset-fashion-mnist" in result.err


def test_an_option_that_a_lesson_does_not_have_is_refused_with_those_that_do(
    pipeline, tmp_path
):
    result = pipeline("lesson", "mlp", "--rate", 0.1, "--root", tmp_path)
    assert result.status == 2
    assert result.err == (
        "error: --rate: mlp does not have it; lessons that do: dropout\n"
    )


def test_all_lessons_take_the_options_that_they_have(pipeline, tmp_path, monkeypatch):
    ran = {}

    def run(lesson, impl, options, **_):
        ran[lesson.name] = options
        return Result(lesson, impl, [], {}, [], 0.0)

    monkeypatch.setattr(runner, "run_lesson", run)
    monkeypatch.setattr(stage, "find_or_download", lambda *_: tmp_path)
    options = ("--rate", "0.1,0.2", "--lambda", 0, "--lambda", "3 5")
    assert pipeline("lesson", "all", *options, "--root", tmp_path).status == 0
    assert len(ran) == 8
    for given in ran.values():
        assert given["RATES"] == (0.1, 0.2)
        assert given["LAMBDAS"] == (0, 3, 5)
        assert "EPOCHS" not in given


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--seed", -1),
        ("--epochs", 0),
        ("--lr", 0),
        ("--hidden", "64,0"),
        ("--rate", 1),
        ("--lambda", -1),
    ],
)
def test_a_value_outside_its_range_is_refused(option, value, pipeline, tmp_path):
    result = pipeline("lesson", "dropout", option, value, "--root", tmp_path)
    assert result.status == 2
    assert result.err.startswith(f"error: {option} ")
    assert "must be" in result.err
