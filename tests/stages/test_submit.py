"""The submission file has one positive price per test Id, in order."""

import json
from pathlib import Path

import pytest
from ames_columns import SCHEMA
from situations import QUICK
from spoiling import bare_cells, column_as

from pipeline.core.errors import UserError
from pipeline.runs.record import FORMAT
from pipeline.stages.submit import _check_range, check

BROKEN = {
    "another header": ("id,price\n1,2.0\n2,3.0\n", "line 1: the header"),
    "one row too few": ("Id,SalePrice\n1,2.0\n", "1 rows, but test.csv has 2"),
    "Ids out of order": (
        "Id,SalePrice\n2,2.0\n1,3.0\n",
        "line 2: expected the id 1",
    ),
    "price zero": ("Id,SalePrice\n1,2.0\n2,0.0\n", "line 3: '0.0' is not a positive"),
    "price infinite": ("Id,SalePrice\n1,2.0\n2,inf\n", "line 3: 'inf'"),
    "price not a number": ("Id,SalePrice\n1,nan\n2,2\n", "line 2: 'nan'"),
    "nothing": ("", "empty"),
}


def test_a_valid_file_passes(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("Id,SalePrice\n1,2.5\n2,3.0\n")
    assert check(path, ["1", "2"], SCHEMA) == [("1", "2.5"), ("2", "3.0")]


@pytest.mark.parametrize("case", BROKEN)
def test_an_invalid_file_is_rejected(case, tmp_path):
    text, message = BROKEN[case]
    path = tmp_path / "s.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        check(path, ["1", "2"], SCHEMA)


def train(pipeline, root):
    pipeline("preprocess", "--root", root)
    assert pipeline("train", "--root", root, *QUICK).status == 0


def test_leading_zeros_of_test_ids_are_not_submitted(pipeline, small_project):
    column_as("Id", lambda cell: f"00{cell}")(small_project / "data/raw/test.csv")
    train(pipeline, small_project)
    assert pipeline("submit", "--root", small_project).status == 0
    (path,) = (small_project / "submissions").iterdir()
    assert path.read_text().splitlines()[1].startswith("1461,")


def test_the_submission_can_be_written_to_another_file(pipeline, small_project):
    train(pipeline, small_project)
    root, file = ("--root", small_project), small_project / "here" / "submission.csv"
    kept = json.loads(pipeline("submit", *root, "--json").out)
    given = json.loads(pipeline("submit", *root, "--json", "--output", file).out)
    assert file.read_bytes() == Path(kept["path"]).read_bytes()
    assert given == kept | {"path": str(file)}
    assert given["format"] == FORMAT
    for refused in (small_project, small_project / "data" / "raw" / "test.csv"):
        result = pipeline("submit", *root, "-o", refused)
        assert (result.status, result.err.count("\n")) == (2, 1)
        assert f"error: --output {refused}: " in result.err
    assert pipeline("submit", *root, "-o", file, "--push").status == 2


def test_a_price_for_which_no_house_was_sold_is_refused(tmp_path):
    prices = [34_900.0, 163_000.0, 755_000.0]
    # The middle one counts.
    _check_range(tmp_path, "SalePrice", [1.0, 160_000.0, 900_000.0], prices)
    for low, high in ((10.0, 13.0), (1e6, 2e6)):
        with pytest.raises(UserError, match="values of 34,900 to 755,000 were trained"):
            _check_range(tmp_path, "SalePrice", [low, (low + high) / 2, high], prices)


def broken_test_rows(root):
    bare_cells({("Id", 5): b'"'})(root / "data" / "raw" / "test.csv")


def broken_targets(root):
    (path,) = (root / "runs").glob("*/oof.csv")
    column_as("SalePrice", lambda _: "x")(path)


CHANGED = {
    "test.csv": (broken_test_rows, "Id, line 5: an unclosed quote"),
    "oof.csv": (broken_targets, "SalePrice, line 2: 'x'"),
}


@pytest.mark.parametrize("file", CHANGED)
def test_files_broken_after_training_are_one_line_and_nothing_is_written(
    file, pipeline, small_project
):
    train(pipeline, small_project)
    change, message = CHANGED[file]
    change(small_project)
    result = pipeline("submit", "--root", small_project, "--allow-stale")
    assert result.status == 2
    allowed, error = result.err.splitlines()
    assert allowed.startswith("allowed: ")
    assert message in error
    assert not (small_project / "submissions").exists()
