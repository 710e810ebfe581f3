"""`pipeline lesson`: the list, the table, the JSON of the contract."""

import json

from pipeline.lessons import LESSONS


def test_without_a_name_it_lists_the_lessons_in_order(pipeline):
    shown = pipeline("lesson").out
    places = [shown.index(name) for name in LESSONS]
    assert places == sorted(places)
    listed = json.loads(pipeline("lesson", "--json").out)["lessons"]
    assert [lesson["lesson"] for lesson in listed] == list(LESSONS)


def test_a_lesson_shows_what_was_published_and_measured_and_draws_it(
    pipeline, tmp_path
):
    shown = pipeline("lesson", "linear-regression", "--root", tmp_path)
    assert shown.status == 0
    for text in ("published", "measured", "band", "inside?", "w1 (true 2)", "4.2011"):
        assert text in shown.out
    drawn = sorted(p.name for p in (tmp_path / "reports" / "lessons").iterdir())
    assert drawn == [
        "linear-regression-scratch-loss.png",
        "linear-regression-torch-loss.png",
    ]


def test_the_json_of_a_lesson_has_the_contracts_keys(pipeline, tmp_path):
    shown = pipeline(
        "lesson", "weight-decay", "--impl", "torch", "--root", tmp_path, "--json"
    )
    (result,) = json.loads(shown.out)["lessons"]
    assert result["lesson"] == "weight-decay"
    assert result["impl"] == "torch"
    assert len(result["figures"]) == 2
    keys = {"quantity", "published", "measured", "band", "inside"}
    for row in result["rows"]:
        assert row.keys() == keys
        low, high = row["band"]
        assert row["inside"] == (low <= row["measured"] <= high)


def test_an_unknown_lesson_is_answered_with_those_there_are(pipeline, tmp_path):
    result = pipeline("lesson", "transformers", "--root", tmp_path)
    assert result.status == 2
    assert "no lesson 'transformers'; there are: tensors, vectorization" in result.err


def test_a_folder_without_fashion_mnist_is_answered_with_what_is_missing(
    pipeline, tmp_path
):
    result = pipeline("lesson", "mlp", "--root", tmp_path, "--data", tmp_path)
    assert result.status == 2
    assert "train-images-idx3-ubyte.gz: no such file" in result.err
