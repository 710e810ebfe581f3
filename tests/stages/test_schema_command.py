"""`pipeline schema`: what it writes, shows and refuses; and the schema of Ames."""

import json
import tomllib

import numpy as np
import pandas as pd
import pytest
from situations import QUICK, copy_raw
from small_tables import files_below, refused_in_one_line, sales, write_project

from pipeline.ames import SCHEMA

KINDS = {"number", "word", "ordered", "date", "left out", "id", "target"}


@pytest.fixture
def shop(tmp_path):
    """A project of the general table, without a schema."""
    test = sales(20, first=60, seed=1).drop(columns="asked")
    return write_project(tmp_path / "shop", sales(), test)


@pytest.fixture
def ames(tmp_path):
    """A project of 60 houses."""
    return copy_raw(tmp_path / "ames", rows=60)


def schema_file(root):
    return root / "data" / "raw" / "schema.toml"


def written(root):
    return tomllib.loads(schema_file(root).read_text(encoding="utf-8"))


def change_schema(root, old, new):
    text = schema_file(root).read_text(encoding="utf-8")
    assert text.count(old) == 1
    schema_file(root).write_text(text.replace(old, new), encoding="utf-8")


def test_the_schema_tells_the_kind_of_each_column(pipeline, shop):
    shown = pipeline("schema", "--root", shop)
    assert shown.status == 0
    assert "Schema saved to" in shown.out
    found = written(shop)
    assert (found["id"], found["target"], found["metric"]) == (
        "sale_id",
        "asked",
        "rmse",
    )
    assert found["left_out"] == ["remark", "currency"]
    kinds = {name: column["kind"] for name, column in found["columns"].items()}
    assert kinds == {"sold": "date", "shop": "word", "weight": "number"}
    assert found["columns"]["shop"]["vocabulary"] == ["north", "south", "west"]
    assert found["columns"]["sold"]["format"] == "%Y-%m-%d"


def test_preprocess_reads_what_schema_wrote(pipeline, shop):
    assert pipeline("schema", "--root", shop).status == 0
    record = json.loads(pipeline("preprocess", "--root", shop, "--json").out)
    assert (record["schema"], record["metric"]) == ("schema.toml", "rmse")
    assert record["columns"]["raw"] == 3
    assert record["columns"]["left_out"] == 2


def test_doubtful_columns_are_listed_and_no_others(pipeline, tmp_path):
    train = sales().assign(
        postcode=np.repeat([1011, 1077, 1093], 20), height=np.arange(60) / 7
    )
    test = train.drop(columns="asked")
    root = write_project(tmp_path, train, test)
    shown = pipeline("schema", "--root", root)
    lines = {line.split()[0]: line for line in shown.out.splitlines() if line.strip()}
    assert lines["remark"].rstrip().endswith("check")
    assert "left out" in lines["remark"]
    assert lines["sale_id"].split()[:2] == ["sale_id", "id"]
    assert lines["asked"].split()[:2] == ["asked", "target"]
    assert "weight" not in lines
    assert "height" not in lines
    record = json.loads(pipeline("schema", "--root", root, "--force", "--json").out)
    doubtful = {each["column"] for each in record["columns"] if each["doubtful"]}
    assert "remark" in doubtful
    assert {line.split()[0] for line in lines.values() if "check" in line} >= doubtful


def test_json_has_the_columns_in_the_order_of_the_file(pipeline, shop):
    shown = pipeline("schema", "--root", shop, "--json")
    assert shown.err == ""
    record = json.loads(shown.out)
    assert record.keys() == {*("format", "path", "id", "target", "metric", "columns")}
    assert record["path"] == str(schema_file(shop))
    assert [each["column"] for each in record["columns"]] == list(sales().columns)
    for each in record["columns"]:
        assert each.keys() == {"column", "kind", "reason", "doubtful"}
        assert each["kind"] in KINDS
        assert each["reason"]


def test_a_schema_that_is_there_is_kept_unless_it_is_forced(pipeline, shop):
    schema_file(shop).write_text("# mine\n")
    before = files_below(shop)
    refused_in_one_line(pipeline("schema", "--root", shop), "--force")
    assert schema_file(shop).read_text() == "# mine\n"
    assert files_below(shop) == before
    assert pipeline("schema", "--root", shop, "--force").status == 0
    assert written(shop)["target"] == "asked"


def test_a_broken_link_in_its_place_is_not_followed(pipeline, shop, tmp_path):
    schema_file(shop).symlink_to(tmp_path / "elsewhere.toml")
    refused_in_one_line(pipeline("schema", "--root", shop), "there already")
    assert not (tmp_path / "elsewhere.toml").exists()


def test_the_schema_of_other_files_is_written_the_same_way_twice(pipeline, shop):
    assert pipeline("schema", "--root", shop).status == 0
    first = schema_file(shop).read_bytes()
    assert pipeline("schema", "--root", shop, "--force").status == 0
    assert schema_file(shop).read_bytes() == first


def test_options_name_the_id_the_target_and_the_metric(pipeline, tmp_path):
    train = sales().assign(
        alias=lambda rows: "a" + rows["sale_id"], also=lambda rows: rows["asked"] + 1
    )
    test = train.drop(columns=["asked", "also"])
    root = write_project(tmp_path, train, test)
    refused_in_one_line(pipeline("schema", "--root", root), "2 columns are not in")
    assert not schema_file(root).exists()
    options = ("--target", "also", "--id", "alias", "--metric", "mae")
    shown = pipeline(
        "schema", "--root", root, *options, "--competition", "x-1", "--json"
    )
    record = json.loads(shown.out)
    assert [record[key] for key in ("id", "target", "metric")] == [
        "alias",
        "also",
        "mae",
    ]
    assert written(root)["competition"] == "x-1"
    assert "asked" in written(root)["left_out"]


WRONG = {
    "an unknown target": (("--target", "askd"), "is asked meant?"),
    "a target of test.csv": (("--target", "weight"), "has the target weight too"),
    "an unknown id": (("--id", "saleid"), "is sale_id meant?"),
    "an id that repeats": (("--id", "shop"), "give another column with --id"),
    "an id that is the target": (("--id", "asked", "--target", "asked"), "two columns"),
    "an unknown metric": (("--metric", "r2"), "r2"),
    "an empty id": (("--id", " "), "--id: empty"),
}


@pytest.mark.parametrize(("options", "told"), WRONG.values(), ids=WRONG.keys())
def test_an_option_that_does_not_fit_is_refused_in_one_line(
    pipeline, shop, options, told
):
    before = files_below(shop)
    refused_in_one_line(pipeline("schema", "--root", shop, *options), told)
    assert files_below(shop) == before


BROKEN = {
    "no train.csv": ("train.csv", None, "train.csv: no such file"),
    "no test.csv": ("test.csv", None, "test.csv: no such file"),
    "an empty file": ("test.csv", "", "test.csv: the file is empty"),
    "a header alone": ("train.csv", "a,y\n", "train.csv: a header but no rows"),
    "a broken line": ("train.csv", "a,y\n1,2\n1\n", "train.csv: line 3: 1 cells"),
    "a target of words": (
        "train.csv",
        "sale_id,y\na,1\nb,x\n",
        "column y, line 3: 'x'",
    ),
    "no column to read": ("train.csv", "sale_id,y\na,1\nb,2\n", "no column to predict"),
}


@pytest.mark.parametrize(
    ("name", "content", "told"), BROKEN.values(), ids=BROKEN.keys()
)
def test_files_that_cannot_be_used_are_refused_in_one_line(
    pipeline, shop, name, content, told
):
    path = shop / "data" / "raw" / name
    path.unlink() if content is None else path.write_text(content)
    before = files_below(shop)
    refused_in_one_line(pipeline("schema", "--root", shop), told)
    assert files_below(shop) == before


@pytest.mark.parametrize("command", [("preprocess",), ("train", *QUICK)])
def test_other_columns_without_a_schema_are_told_of_the_command(
    pipeline, shop, command
):
    refused = pipeline(*command, "--root", shop)
    refused_in_one_line(refused, "train.csv: line 1: 'sale_id' …")
    assert "run `pipeline schema`" in refused.err


def test_the_schema_of_houses_is_that_of_the_package(pipeline, ames):
    shown = pipeline("schema", "--root", ames)
    assert "The columns are those of House Prices, so their schema was copied" in (
        shown.out
    )
    assert schema_file(ames).read_bytes() == SCHEMA.read_bytes()


def test_the_copied_schema_of_houses_changes_no_byte(pipeline, ames):
    processed = ames / "data" / "processed"
    names = ("train.csv", "test.csv")
    assert pipeline("preprocess", "--root", ames).status == 0
    before = [(processed / name).read_bytes() for name in names]
    assert pipeline("schema", "--root", ames).status == 0
    shown = pipeline("preprocess", "--root", ames)
    assert "up to date" not in shown.out
    assert [(processed / name).read_bytes() for name in names] == before


def test_houses_can_have_an_inferred_schema(pipeline, ames):
    shown = pipeline("schema", "--root", ames, "--metric", "mae", "--json")
    assert json.loads(shown.out)["metric"] == "mae"
    assert "features" not in written(ames)
    record = json.loads(pipeline("preprocess", "--root", ames, "--json").out)
    assert record["columns"]["built"] == 0


def test_a_column_that_the_built_ones_do_not_read_may_be_left_out(pipeline, ames):
    assert pipeline("schema", "--root", ames).status == 0
    line = 'RoofStyle = { kind = "word", vocabulary = '
    line += '["Flat", "Gable", "Gambrel", "Hip", "Mansard", "Shed"] }'
    change_schema(ames, line, "")
    change_schema(
        ames, 'features = "ames"', 'features = "ames"\nleft_out=["RoofStyle"]'
    )
    assert pipeline("preprocess", "--root", ames).status == 0
    features = pd.read_csv(ames / "data" / "processed" / "train.csv")
    assert "RoofStyle" not in features
    assert "Size" in features


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "YearBuilt = { kind",
            "YearOfBuilding = { kind",
            "features ames: needs the column YearBuilt",
        ),
        (
            'OverallQual = { kind = "number", range = [1, 10] }',
            'OverallQual = { kind = "word", vocabulary = ["1"], others = true }',
            "features ames: needs other kinds of columns",
        ),
    ],
    ids=["no column", "another kind"],
)
def test_built_columns_of_houses_need_their_columns(pipeline, ames, old, new, told):
    assert pipeline("schema", "--root", ames).status == 0
    if "YearOf" in new:
        for name in ("train.csv", "test.csv"):
            path = ames / "data" / "raw" / name
            path.write_text(path.read_text().replace("YearBuilt", "YearOfBuilding", 1))
        change_schema(ames, '["YearBuilt", "GrLivArea"', '["GrLivArea"')
    change_schema(ames, old, new)
    refused_in_one_line(pipeline("preprocess", "--root", ames), told)
