"""From any table to a submission: scores, ids, groups, samples, and the report."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from situations import QUICK, strict
from sklearn.datasets import load_diabetes
from sklearn.metrics import (
    mean_absolute_error,
    root_mean_squared_error,
    root_mean_squared_log_error,
)
from small_tables import (
    SCHEMA,
    files_below,
    plain,
    plain_project,
    refused_in_one_line,
    sales,
    write_project,
)

from pipeline import load
from pipeline import train as fit

TRAIN = ("--folds", 3, *QUICK)
BOTH = ("--folds", 3, *QUICK[2:])  # boosting too
OF_AMES = re.compile(r"\b(Ames|Neighbou?rhoods?|houses?|dollars?|SalePrice)\b", re.I)


def done(pipeline, root, *command):
    """The JSON object that a command prints; it must end well."""
    result = pipeline(*command, "--root", root, "--json")
    assert (result.status, result.err) == (0, "")
    return strict(result.out)


def trained(pipeline, root, options=TRAIN):
    done(pipeline, root, "preprocess")
    return done(pipeline, root, "train", *options)


def of_run(root, record, name):
    return pd.read_csv(root / "runs" / record["run_id"] / name)


def submission(root):
    (path,) = (root / "submissions").glob("*.csv")
    return path


def shop_project(root, **train):
    test = sales(20, first=60, seed=1).drop(columns="asked")
    return write_project(root, sales().assign(**train), test)


def text_of_page(root):
    (path,) = (root / "reports").glob("*.html")
    return path.read_text(encoding="utf-8").replace("house-price-pipeline", "")


def check_all_stages(pipeline, root, tmp_path, options=TRAIN):
    """Run every stage, and return what `train` printed."""
    done(pipeline, root, "schema")
    record = trained(pipeline, root, options)
    submitted = done(pipeline, root, "submit")
    path, source = tmp_path / "predicted.csv", root / "data" / "raw" / "test.csv"
    predicted = done(pipeline, root, "predict", source, "-o", path)
    done(pipeline, root, "report")
    assert submitted["rows"] == predicted["rows"] == len(pd.read_csv(source))
    assert path.read_bytes() == submission(root).read_bytes()
    return record


def test_a_table_of_all_kinds_goes_through_all_stages(pipeline, tmp_path):
    root = shop_project(tmp_path / "shop")
    record = check_all_stages(pipeline, root, tmp_path, BOTH)
    assert record["metric"] == "rmse"
    assert record["cv_log_rmse"] is None
    oof = of_run(root, record, "oof.csv")
    assert list(oof.columns)[:4] == ["sale_id", "fold", "asked", "prediction"]
    assert list(oof["sale_id"]) == list(sales()["sale_id"])
    expected = root_mean_squared_error(oof["asked"], oof["prediction"])
    assert record["cv"] == pytest.approx(expected, rel=1e-6)
    assert (
        root_mean_squared_error(oof["asked"], np.full(60, oof["asked"].mean()))
        > (record["cv"])
    )
    found = pd.read_csv(submission(root))
    assert list(found.columns) == ["sale_id", "asked"]
    assert list(found["sale_id"]) == list(sales(20, first=60)["sale_id"])


def test_the_report_of_another_table_does_not_speak_of_houses(pipeline, tmp_path):
    root = shop_project(tmp_path / "shop")
    done(pipeline, root, "schema")
    trained(pipeline, root, BOTH)
    done(pipeline, root, "report")
    page = text_of_page(root)
    assert "asked" in page
    assert OF_AMES.findall(page) == []


@pytest.mark.parametrize("command", ["schema", "preprocess", "train", "submit"])
def test_what_commands_show_of_another_table_does_not_speak_of_houses(
    pipeline, tmp_path, command
):
    root = shop_project(tmp_path / "shop")
    commands = {"schema": (), "preprocess": (), "train": TRAIN, "submit": ()}
    for each, options in commands.items():
        shown = pipeline(each, *options, "--root", root)
        assert shown.status == 0
        if each == command:
            break
    assert OF_AMES.findall(shown.out + shown.err) == []
    assert "None" not in shown.out.split()


def test_diabetes_without_ids_goes_through_all_stages(pipeline, tmp_path):
    frame = load_diabetes(as_frame=True).frame
    test = frame.iloc[100:130].drop(columns="target")
    root = write_project(tmp_path / "diabetes", frame.head(100), test)
    options = ("--folds", 3, *QUICK, "--epochs", 30, "--batch-size", 16)
    record = check_all_stages(pipeline, root, tmp_path, options)
    oof = of_run(root, record, "oof.csv")
    assert list(oof["row"]) == list(range(1, 101))
    assert list(oof["target"]) == list(frame["target"].head(100))
    expected = root_mean_squared_error(oof["target"], oof["prediction"])
    assert record["cv"] == pytest.approx(expected, rel=1e-6)
    assert record["cv"] < frame["target"].head(100).std()
    found = pd.read_csv(submission(root))
    assert list(found.columns) == ["row", "target"]
    assert list(found["row"]) == list(range(1, 31))


def test_the_score_by_mae_is_that_of_the_out_of_fold_file(pipeline, tmp_path):
    root = plain_project(tmp_path, SCHEMA.replace('"rmse"', '"mae"'))
    record = trained(pipeline, root)
    oof = of_run(root, record, "oof.csv")
    expected = mean_absolute_error(oof["y"], oof["prediction"])
    assert record["cv"] == pytest.approx(expected, rel=1e-6)
    assert (record["metric"], record["cv_log_rmse"]) == ("mae", None)
    for score in record["scores"]:
        own = [
            mean_absolute_error(each["y"], each["prediction"])
            for _, each in oof.groupby("fold")
        ]
        assert score["folds"] == pytest.approx(own, rel=1e-6)


def test_the_score_by_log_rmse_is_that_of_logs(pipeline, tmp_path):
    schema = SCHEMA.replace('"rmse"', '"log-rmse"')
    root = plain_project(tmp_path, schema)
    rows = plain().assign(y=lambda each: np.exp(each["y"] / 20))
    rows.to_csv(root / "data" / "raw" / "train.csv", index=False)
    record = trained(pipeline, root)
    oof = of_run(root, record, "oof.csv")
    logs = np.log(oof[["y", "prediction"]])
    expected = root_mean_squared_error(logs["y"], logs["prediction"])
    assert record["cv"] == record["cv_log_rmse"] == pytest.approx(expected, rel=1e-5)


def test_rmsle_of_targets_with_zeros_goes_through_all_stages(pipeline, tmp_path):
    rows = plain().drop(columns="note")
    rows["y"] = np.expm1(rows["y"] / 20).round() - (rows["y"] < 20) * 2
    rows["y"] = rows["y"].clip(lower=0)
    assert (rows["y"] == 0).any()
    test = plain(8, first=101).drop(columns=["note", "y"])
    root = write_project(tmp_path / "zeros", rows, test)
    done(pipeline, root, "schema", "--metric", "rmsle")
    record = trained(pipeline, root, BOTH)
    assert (record["metric"], record["cv_log_rmse"]) == ("rmsle", None)
    oof = of_run(root, record, "oof.csv")
    expected = root_mean_squared_log_error(oof["y"], oof["prediction"])
    assert record["cv"] == pytest.approx(expected, rel=1e-5)
    done(pipeline, root, "submit")
    assert (pd.read_csv(submission(root))["y"] >= 0).all()
    done(pipeline, root, "report")
    assert "of the target + 1" in text_of_page(root)
    assert "RMSLE" in pipeline("runs", "--root", root).out


def test_targets_below_zero_are_predicted_and_submitted(pipeline, tmp_path):
    root = plain_project(tmp_path)
    rows = plain().assign(y=lambda each: each["y"] - 500)
    rows.to_csv(root / "data" / "raw" / "train.csv", index=False)
    trained(pipeline, root)
    done(pipeline, root, "submit")
    assert pd.read_csv(submission(root))["y"].between(-500, -400).all()


GROUPED = SCHEMA.replace("left_out", 'group = "note"\nleft_out')
AS_FEATURE = 'left_out = []\ngroup = "note"'


@pytest.mark.parametrize("left_out", [True, False], ids=["left out", "a feature"])
def test_rows_of_a_group_are_in_one_fold(pipeline, tmp_path, left_out):
    words = ", ".join(f'"g{n}"' for n in range(7))
    column = f'note = {{ kind = "word", vocabulary = [{words}] }}\n'
    schema = GROUPED if left_out else SCHEMA.replace('left_out = ["note"]', AS_FEATURE)
    root = plain_project(tmp_path, schema + (column * (not left_out)))
    groups = [f"g{n * n % 7}" for n in range(24)]
    for name, rows in (("train.csv", plain()), ("test.csv", plain(8, first=101))):
        own = rows.assign(note=(groups * 2)[: len(rows)])
        own = own if name == "train.csv" else own.drop(columns="y")
        own.to_csv(root / "data" / "raw" / name, index=False)
    record = trained(pipeline, root)
    fold = of_run(root, record, "oof.csv")["fold"]
    assert fold.nunique() == 3
    assert fold.groupby(groups).nunique().max() == 1
    read = {name.split("=")[0] for name in record["columns"]["expanded"]}
    assert ("note" in read) is not left_out


def clustered(first, second, groups):
    """The difference of two mean squared errors, and its error over groups."""
    gaps = second**2 - first**2
    roots = np.sqrt((first**2).mean()) + np.sqrt((second**2).mean())
    sums = [part.sum() for _, part in (gaps - gaps.mean()).groupby(groups)]
    number = len(sums)
    variance = number / (number - 1) * np.sum(np.square(sums))
    return gaps.mean() / roots, np.sqrt(variance) / len(gaps) / roots


@pytest.mark.parametrize("group", ["note", "prediction", "error"])
def test_differences_are_over_groups_where_rows_have_them(pipeline, tmp_path, group):
    rows, test = plain().assign(note=np.arange(24) % 6), plain(8, first=101)
    rows, test = (each.rename(columns={"note": group}) for each in (rows, test))
    schema = GROUPED.replace('"note"', f'"{group}"')
    root = write_project(tmp_path / "own", rows, test.drop(columns="y"), schema=schema)
    first = trained(pipeline, root, (*BOTH, "--model", "mlp,ridge"))
    second = done(pipeline, root, "train", *BOTH, "--model", "ridge")
    oof, other = (of_run(root, run, "oof.csv") for run in (first, second))
    assert oof.columns[-1] == group
    assert list(oof[group]) == list(rows[group])
    header = first["headers"]["prediction"]
    by_blend, by_ridge = oof[header] - oof["y"], oof["ridge"] - oof["y"]
    score = next(each for each in first["scores"] if each["model"] == "ridge")
    expected = clustered(by_blend, by_ridge, oof[group])
    found = score["difference"], score["difference_error"]
    assert found == pytest.approx(expected, rel=1e-4)
    value, error = clustered(by_blend, other[header] - other["y"], oof[group])
    ids = first["run_id"], second["run_id"]
    cells = {
        row["name"]: row["cells"] for row in done(pipeline, root, "runs", *ids)["rows"]
    }
    shown = cells["difference to the first run"][1].replace("−", "-").split(" ± ")
    assert list(map(float, shown)) == pytest.approx([value, error], abs=1e-4)


def test_the_group_may_be_missing_from_rows_to_predict(pipeline, tmp_path):
    root = plain_project(tmp_path, GROUPED)
    rows = plain().assign(note=np.arange(24) % 4)
    rows.to_csv(root / "data" / "raw" / "train.csv", index=False)
    plain(8, first=101).drop(columns=["y", "note"]).to_csv(
        root / "data" / "raw" / "test.csv", index=False
    )
    trained(pipeline, root)
    assert done(pipeline, root, "submit")["rows"] == 8


def test_more_folds_than_groups_are_refused_in_one_line(pipeline, tmp_path):
    root = plain_project(tmp_path, GROUPED)
    rows = plain().assign(note=np.arange(24) % 2)
    rows.to_csv(root / "data" / "raw" / "train.csv", index=False)
    done(pipeline, root, "preprocess")
    before = files_below(root)
    refused = pipeline("train", *TRAIN, "--root", root, "--json")
    refused_in_one_line(refused, "--folds 3: more folds than the 2 groups")
    assert files_below(root) == before


def write_sample(root, ids, columns=("y", "id")):
    path = root / "data" / "raw" / "sample_submission.csv"
    cells = {"y": 0, "id": ids, **dict.fromkeys(columns, 1)}
    frame = pd.DataFrame({**cells, "id": ids})[list(columns)]
    frame.to_csv(path, index=False, lineterminator="\n")


def test_the_sample_decides_the_order_of_rows_and_columns(pipeline, tmp_path):
    root = plain_project(tmp_path)
    trained(pipeline, root)
    done(pipeline, root, "submit")
    before = pd.read_csv(submission(root)).set_index("id")["y"]
    ids = [f"r{n}" for n in (105, 101, 108, 102, 103, 107, 104, 106)]
    write_sample(root, ids)
    done(pipeline, root, "submit")
    found = pd.read_csv(submission(root))
    assert list(found.columns) == ["y", "id"]
    assert list(found["id"]) == ids
    assert list(found["y"]) == list(before[ids])


def test_the_sample_may_call_the_target_by_another_name(pipeline, tmp_path):
    root = plain_project(tmp_path)
    trained(pipeline, root)
    write_sample(root, [f"r{n}" for n in range(101, 109)], ("id", "answer"))
    done(pipeline, root, "submit")
    assert list(pd.read_csv(submission(root)).columns) == ["id", "answer"]


def test_an_id_that_is_a_date_is_a_feature_through_all_stages(pipeline, tmp_path):
    hours = pd.date_range("2011-01-01", periods=80, freq="7h")
    rows = pd.DataFrame({"datetime": hours.astype(str), "casual": 1})
    rows["count"] = 20 + (hours.hour > 11) * 50 + np.arange(80) % 3
    test = rows.iloc[60:].drop(columns=["casual", "count"])
    root = write_project(tmp_path / "bikes", rows.head(60), test)
    sample = test.assign(count=0)
    sample.to_csv(root / "data" / "raw" / "sample_submission.csv", index=False)
    record = check_all_stages(pipeline, root, tmp_path, BOTH)
    assert "datetime hour" in record["columns"]["expanded"]
    oof = of_run(root, record, "oof.csv")
    assert list(oof["datetime"]) == list(rows["datetime"].head(60))
    found = pd.read_csv(submission(root))
    assert list(found["datetime"]) == list(test["datetime"])
    late = pd.to_datetime(found["datetime"]).dt.hour > 11
    assert found["count"][late].min() > found["count"][~late].max()
    hints = done(pipeline, root, "preprocess", "--force")["hints"]
    assert ["time", "datetime"] in [[each["about"], each["column"]] for each in hints]


def test_targets_and_numbers_with_marks_go_through_all_stages(pipeline, tmp_path):
    frames = [plain(), plain(8, first=101).drop(columns="y")]
    for frame in frames:
        frame["size"] = [f"{1000 * value:,.2f} €" for value in frame["size"]]
    frames[0]["y"] = [f"${1000 + value:,.2f}" for value in frames[0]["y"]]
    root = write_project(tmp_path / "marks", *frames)
    record = check_all_stages(pipeline, root, tmp_path)
    assert list(of_run(root, record, "oof.csv")["y"]) == list(1000 + plain()["y"])
    assert pd.read_csv(submission(root))["y"].between(1000, 1100).all()


def test_an_id_of_test_csv_alone_names_the_rows_of_the_submission(pipeline, tmp_path):
    train, test = plain().drop(columns="id"), plain(8, first=101).drop(columns="y")
    root = write_project(tmp_path / "alone", train, test)
    record = check_all_stages(pipeline, root, tmp_path)
    assert list(of_run(root, record, "oof.csv")["id"]) == list(range(1, 25))
    assert list(pd.read_csv(submission(root))["id"]) == list(test["id"])


@pytest.mark.parametrize("first", [2**53 - 3, 2**63 + 1, 10**17, 10**14])
def test_large_ids_are_exact_through_all_stages(pipeline, tmp_path, first):
    train, test = plain(), plain(8, first=101).drop(columns="y")
    train["id"] = [first + n for n in range(24)]
    test["id"] = [first + 100 + n for n in range(8)]
    root = write_project(tmp_path / "large", train, test)
    record = check_all_stages(pipeline, root, tmp_path)
    path = root / "runs" / record["run_id"] / "oof.csv"
    assert list(pd.read_csv(path, dtype=str)["id"]) == [*map(str, train["id"])]
    found = pd.read_csv(submission(root), dtype=str)
    assert list(found["id"]) == [*map(str, test["id"])]


IDS = [f"r{n}" for n in range(101, 109)]
SAMPLES = {
    "an id of no row": ([*IDS[:-1], "r999"], ("id", "y"), "line 9: 'r999' is not in"),
    "an id twice": ([*IDS, "r101"], ("id", "y"), "line 10: 'r101' is not in test.csv"),
    "an id that is missing": (IDS[1:], ("id", "y"), "'r101' of test.csv is missing"),
    "another column": (
        IDS,
        ("id", "y", "more"),
        "line 1: the columns must be id and y",
    ),
    "no id": (IDS, ("y", "more"), "line 1: the columns must be id"),
    "one column": (IDS, ("id",), "the columns must be id and y"),
}


@pytest.mark.parametrize(
    ("ids", "columns", "told"), SAMPLES.values(), ids=SAMPLES.keys()
)
def test_a_sample_of_other_rows_or_columns_is_refused_in_one_line(
    pipeline, tmp_path, ids, columns, told
):
    root = plain_project(tmp_path)
    trained(pipeline, root)
    write_sample(root, ids, columns)
    before = files_below(root)
    refused = pipeline("submit", "--root", root, "--json")
    refused_in_one_line(refused, told)
    assert "sample_submission.csv" in refused.err
    assert files_below(root) == before


def test_a_submission_without_a_competition_is_not_pushed(pipeline, tmp_path):
    root = plain_project(tmp_path)
    trained(pipeline, root)
    refused = pipeline("submit", "--push", "--root", root, "--json")
    refused_in_one_line(refused, "--push: the schema names no competition")


def test_the_competition_of_the_schema_is_shown_to_upload_by_hand(pipeline, tmp_path):
    line = 'target = "y"\ncompetition = "my-contest"'
    root = plain_project(tmp_path, SCHEMA.replace('target = "y"', line))
    trained(pipeline, root)
    shown = pipeline("submit", "--root", root)
    assert "https://www.kaggle.com/c/my-contest/submit" in shown.out
    other = plain_project(tmp_path / "other")
    trained(pipeline, other)
    assert "kaggle" not in pipeline("submit", "--root", other).out.lower()


def test_twelve_rows_are_enough(pipeline, tmp_path):
    train = plain(12)[["size", "y"]]
    test = plain(1, first=101)[["size"]]
    root = write_project(tmp_path / "few", train, test)
    record = check_all_stages(pipeline, root, tmp_path)
    assert len(of_run(root, record, "oof.csv")) == 12


def test_test_rows_that_are_all_later_give_a_hint(pipeline, tmp_path):
    hints = {}
    for name, year in (("later", "2025-"), ("same", "2024-")):
        test = plain(8, first=101).drop(columns="y")
        test["day"] = test["day"].str.replace("2024-", year)
        root = write_project(tmp_path / name, plain(), test, schema=SCHEMA)
        found = done(pipeline, root, "preprocess")["hints"]
        hints[name] = [each["column"] for each in found if each["about"] == "time"]
    assert hints == {"later": ["day"], "same": []}
    shown = pipeline("preprocess", "--root", tmp_path / "later", "--force")
    assert "day: all dates of test.csv are later" in " ".join(shown.out.split())


def test_a_run_keeps_its_schema_when_the_file_changes(pipeline, tmp_path):
    root = plain_project(tmp_path)
    record = trained(pipeline, root)
    path = root / "data" / "raw" / "schema.toml"
    path.write_text(path.read_text() + "# a comment\n")
    refused = pipeline("submit", "--root", root, "--json")
    refused_in_one_line(refused, "schema.toml: changed since")
    run = json.loads((root / "runs" / record["run_id"] / "run.json").read_text())
    assert run["schema"] == SCHEMA
    out = tmp_path / "predicted.csv"
    source = root / "data" / "raw" / "test.csv"
    assert done(pipeline, root, "predict", source, "-o", out)["rows"] == 8


def test_words_of_others_are_predicted_as_one_category(pipeline, tmp_path):
    schema = SCHEMA.replace('["blue", "red"] }', '["red"], others = true }')
    root = plain_project(tmp_path, schema)
    record = trained(pipeline, root)
    assert "colour=other" in record["columns"]["expanded"]
    rows = plain(2, first=101).drop(columns="y")
    predictions = []
    for name in ("blue", "a colour that no row has"):
        rows.assign(colour=name).to_csv(tmp_path / "new.csv", index=False)
        out = tmp_path / "predicted.csv"
        done(pipeline, root, "predict", tmp_path / "new.csv", "-o", out)
        predictions.append(out.read_bytes())
    assert predictions[0] == predictions[1]


def test_other_commands_work_on_another_table(pipeline, tmp_path):
    root = plain_project(tmp_path)
    first = trained(pipeline, root)
    second = done(pipeline, root, "train", *TRAIN, "--lambda", 3)
    ids = [first["run_id"], second["run_id"]]
    blended = done(pipeline, root, "blend", *ids)
    members = [of_run(root, each, "predictions.csv")["y"] for each in (first, second)]
    found = of_run(root, blended, "predictions.csv")["y"]
    parts = zip(blended["weights"].values(), members, strict=True)
    expected = sum(weight * member for weight, member in parts)
    assert list(found) == pytest.approx(list(expected), rel=1e-6)
    done(pipeline, root, "report", *ids)
    shown = pipeline("runs", "--root", root)
    assert shown.status == 0
    assert OF_AMES.findall(shown.out) == []


def test_words_and_ids_that_look_like_numbers_stay_texts(pipeline, tmp_path):
    words = ["01", "1", "1.0", "nan", "True", "1e3", 'a, "b"', " x", "-"]
    train = pd.DataFrame(
        {
            "id": [f"{n:03}" for n in range(36)],
            "word": words * 4,
            "y": np.arange(36) % 9 * 10.0 + np.arange(36) % 5,
        }
    )
    test = train.head(18).drop(columns="y")
    schema = 'id = "id"\ntarget = "y"\nmetric = "mae"\nmissing = ["?"]\n'
    schema += f'columns.word = {{ kind = "word", vocabulary = {json.dumps(words)} }}\n'
    root = write_project(tmp_path / "words", train, test, schema=schema)
    record = trained(pipeline, root)
    assert sorted(record["columns"]["expanded"]) == sorted(
        f"word={each}" for each in words
    )
    oof = pd.read_csv(root / "runs" / record["run_id"] / "oof.csv", dtype={"id": str})
    assert list(oof["id"]) == list(train["id"])
    done(pipeline, root, "submit")
    out, source = tmp_path / "predicted.csv", root / "data" / "raw" / "test.csv"
    found = done(pipeline, root, "predict", source, "-o", out)
    assert found["unseen_categories"] == {}
    assert found["training_rows"] == 18
    assert out.read_bytes() == submission(root).read_bytes()
    assert pd.read_csv(out)["y"].nunique() == 9


def test_a_search_on_another_table_does_not_speak_of_houses(pipeline, tmp_path):
    root = plain_project(tmp_path)
    done(pipeline, root, "preprocess")
    options = ("--trials", 2, "--timeout", 60, "--epochs", 1, "--jobs", 1)
    shown = pipeline("tune", *options, "--root", root)
    assert shown.status == 0
    assert "row by row" in shown.err
    assert OF_AMES.findall(shown.out + shown.err) == []


@pytest.mark.parametrize(
    ("target", "id_name"),
    [
        ("mlp", "id"),
        ("ridge", "fold"),
        ("fold", "prediction"),
        ("prediction", "id"),
        ("blend", "error"),
        ("fold 1", "share"),
        ("row", "self"),
        ("self", "day month"),
        ("day year", "id"),  # the name of a feature: a part of the date
    ],
)
def test_a_target_or_an_id_may_be_called_like_a_column_of_ours(
    pipeline, tmp_path, target, id_name
):
    names = {"y": target, "id": id_name, "size": "actual"}
    train, test = plain().rename(columns=names), plain(8, 101).rename(columns=names)
    schema = SCHEMA.replace('"id"', f'"{id_name}"').replace('"y"', f'"{target}"')
    schema = schema.replace("size =", "actual =")
    test = test.drop(columns=target)
    root = write_project(tmp_path / "names", train, test, schema=schema)
    options = ("--model", "mlp,ridge", "--epochs", 2, "--seeds", 1, "--folds", 2)
    for command in (("preprocess",), ("train", *options), ("submit",), ("report",)):
        shown = pipeline(*command, "--root", root)
        assert (shown.status, shown.out.count("Traceback")) == (0, 0), shown.err
    (folder,) = (root / "runs").iterdir()
    headers = json.loads((folder / "run.json").read_text())["headers"]
    oof = pd.read_csv(folder / "oof.csv")
    assert list(oof) == [
        *(id_name, headers["fold"], target, headers["prediction"]),
        *(headers["mlp"], headers["ridge"]),
    ]
    np.testing.assert_allclose(oof[target], train[target])
    assert list(oof[id_name]) == list(train[id_name])
    for name, header in headers.items():
        assert header == (f"{name}_" if name in (target, id_name) else name)
    raw, out = root / "data" / "raw" / "test.csv", root / "out.csv"
    assert pipeline("predict", raw, "-o", out, "--root", root).status == 0
    assert out.read_bytes() == submission(root).read_bytes()
    data = load(train, test, schema=root / "data" / "raw" / "schema.toml")
    in_notebook = fit(data, quiet=True, models=("ridge",), folds=2).out_of_fold
    names = [id_name, headers["fold"], target, headers["prediction"]]
    assert list(in_notebook) == names
    np.testing.assert_allclose(in_notebook[target], train[target])


@pytest.mark.parametrize("of_table", ["y", "size", "note"])
def test_the_number_of_a_row_gets_an_underscore_where_the_table_has_a_row(
    pipeline, tmp_path, of_table
):
    names, schema = {of_table: "row"}, SCHEMA.replace('id = "id"', 'group = "note"')
    train = plain().drop(columns="id").assign(note=plain().index % 6)
    test = plain(8, 101).drop(columns=["id", "y"]).rename(columns=names)
    for old in (f'"{of_table}"', f"\n{of_table} ="):
        schema = schema.replace(old, old.replace(of_table, "row"))
    train = train.rename(columns=names)
    root = write_project(tmp_path / "rows", train, test, schema=schema)
    record = trained(pipeline, root, ("--folds", 2, "--model", "ridge"))
    assert record["headers"]["row"] == "row_"
    oof, target = of_run(root, record, "oof.csv"), names.get("y", "y")
    assert list(oof["row_"]) == [*range(1, 25)]
    np.testing.assert_allclose(oof[target], train[target])
    done(pipeline, root, "submit")
    assert list(pd.read_csv(submission(root))) == ["row_", target]
