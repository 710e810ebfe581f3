"""`pipeline lesson`: the list, the table, the JSON of the contract."""

import json

from pipeline.lessons import LESSONS


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
    ):
        assert text in shown.out
    saved = sorted(p.name for p in (tmp_path / "reports" / "lessons").iterdir())
    assert saved == [
        "linear-regression-scratch-loss.png",
        "linear-regression-torch-loss.png",
    ]


def test_the_json_of_a_lesson_has_the_keys_of_the_contract(pipeline, tmp_path):
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
