"""The pipeline in a notebook equals the command line, and reads frames of any types."""

import json

import numpy as np
import pandas as pd
import pytest
from situations import QUICK
from sklearn.metrics import root_mean_squared_error
from small_tables import SCHEMA, files_below, sales, write_project

from pipeline import load, train
from pipeline.ames.table import ames
from pipeline.core.errors import UserError
from pipeline.data.raw import read_train, texts_of
from pipeline.data.schema import Category

SETTINGS = {"models": ("mlp",), "epochs": 2, "seeds": 1, "hidden": (8,)}
TINY = {**SETTINGS, "folds": 3, "quiet": True}


def test_predicting_the_test_frame_gives_the_test_predictions(frames, result):
    predicted = result.predict(frames[1])
    np.testing.assert_array_equal(predicted, result.test["SalePrice"].to_numpy())
    assert list(result.test["Id"]) == list(frames[1]["Id"])


def test_predictions_are_those_of_the_command_line(pipeline, root, result):
    for command in (("preprocess",), ("train", *QUICK), ("submit",)):
        assert pipeline(*command, "--root", root).status == 0
    (path,) = (root / "submissions").glob("*.csv")
    submission = pd.read_csv(path)
    assert list(submission.columns) == list(result.test.columns)
    np.testing.assert_allclose(
        submission["SalePrice"], result.test["SalePrice"], rtol=0, atol=0.01
    )
    (oof,) = (root / "runs").glob("*/oof.csv")
    written = pd.read_csv(oof)
    np.testing.assert_array_equal(written["fold"], result.out_of_fold["fold"])
    np.testing.assert_allclose(
        written["prediction"], result.out_of_fold["prediction"], rtol=0, atol=0.01
    )


def test_the_score_is_that_of_the_out_of_fold_predictions(result):
    logs = np.log(result.out_of_fold[["SalePrice", "prediction"]])
    expected = root_mean_squared_error(logs["SalePrice"], logs["prediction"])
    assert result.cv == pytest.approx(expected, rel=1e-9)
    assert result.metric == "log-RMSE"


def test_scores_have_a_row_for_each_lambda_and_model_and_the_blend(rows, schema):
    settings = {**TINY, "models": ("mlp", "boosting"), "lambdas": (0, 2), "trees": 5}
    own = train(load(*rows, schema=schema), **settings)
    folds = ["fold 1", "fold 2", "fold 3"]
    columns = ["model", "lambda", "weight", *folds, "mean", "std", "pooled"]
    assert list(own.scores.columns) == columns
    assert list(own.scores["model"]) == ["mlp", "mlp", "boosting", "blend"]
    assert list(own.scores["lambda"][:2]) == [0, 2]
    assert own.scores["lambda"][2:].isna().all()
    assert own.scores["weight"].iloc[-1] == 1
    assert own.scores["weight"][:-1].sum() == pytest.approx(1)
    np.testing.assert_allclose(own.scores[folds].mean(axis=1), own.scores["mean"])
    assert own.scores["pooled"].iloc[-1] == own.cv
    found = own.out_of_fold
    expected = root_mean_squared_error(found["y"], found["prediction"])
    assert own.cv == pytest.approx(expected, rel=1e-9)
    np.testing.assert_array_equal(own.predict(rows[1]), own.test["y"])


def test_a_score_without_a_blend_is_that_of_the_best_lambda(rows, schema):
    own = train(load(*rows, schema=schema), **TINY, lambdas=(0, 50))
    assert list(own.scores["model"]) == ["mlp", "mlp"]
    assert own.cv == own.scores["pooled"].min()


def test_rows_are_predicted_alone_as_among_others(frames, result):
    one = result.predict(frames[1].iloc[[17]])
    np.testing.assert_allclose(one, result.test["SalePrice"].iloc[17], rtol=1e-6)


def test_an_index_and_a_target_of_other_rows_do_not_matter(frames, result):
    rows = frames[1].iloc[::-1].set_index(np.arange(120) * 3).assign(SalePrice="none")
    found = result.predict(rows)
    np.testing.assert_allclose(found[::-1], result.test["SalePrice"], rtol=1e-6)


def test_codes_that_pandas_read_as_floats_are_codes(frames, root):
    raw = read_train(root / "data" / "raw" / "train.csv", ames())
    before = frames[0].copy()
    own, test = (each.copy() for each in frames)
    own["MSSubClass"] = own["MSSubClass"].astype(float)
    own.loc[3, "MSSubClass"] = np.nan
    own["YearBuilt"] = own["YearBuilt"].astype(float)
    own["OverallQual"] = own["OverallQual"].astype("Int64")
    test["MSSubClass"] = test["MSSubClass"].astype(float)
    own["Street"] = own["Street"].astype("category")
    dataset = load(own, test).dataset
    found = dataset.train["MSSubClass"].astype(object)
    expected = raw["MSSubClass"].astype(object)
    assert found.isna().tolist() == [n == 3 for n in range(120)]
    assert found.drop(3).tolist() == expected.drop(3).tolist()
    whole = load(*frames).dataset.train
    others = whole.columns.drop("MSSubClass")
    pd.testing.assert_frame_equal(dataset.train[others], whole[others])
    pd.testing.assert_frame_equal(frames[0], before)


def test_an_ordered_categorical_keeps_its_order(rows):
    levels = ["tiny", "mid", "NA", "vast"]
    frames = (
        each.assign(
            width=pd.Categorical(
                ["vast", "tiny", "mid", None] * (len(each) // 4), levels, ordered=True
            ),
            part=pd.cut(each["size"], [-1, 5, 20, 50]),
        )
        for each in rows
    )
    data = load(*frames)
    columns = {each.name: each for each in data.table.schema.columns}
    width = Category("width", ("tiny", "mid", "vast"), blank="none", ordered=True)
    assert columns["width"] == width
    assert columns["part"].vocabulary == ("(-1, 5]", "(5, 20]", "(20, 50]")
    assert data.dataset.train["width"].tolist()[:4] == [3, 1, 2, 0]
    assert data.dataset.test["part"].isin([1, 2, 3]).all()


def test_large_ids_of_a_frame_are_exact(rows):
    first = 2**53 - 3
    frames = [
        each.assign(id=np.arange(first + 50 * n, first + 50 * n + len(each)))
        for n, each in enumerate(rows)
    ]
    own = train(load(*frames), **TINY)
    for frame, found in zip(frames, (own.out_of_fold, own.test), strict=True):
        assert list(map(int, found["id"])) == list(frame["id"])
    floats = [each.assign(id=2.0**53 + 2 * np.arange(len(each))) for each in frames]
    with pytest.raises(UserError, match=r"train: column id: .* not exact as floats"):
        load(*floats)


def test_datetimes_of_a_frame_have_hours(rows):
    before, test = (
        each.assign(
            at=pd.Timestamp("2020-02-01") + pd.to_timedelta(each.index * 7, "h")
        )
        for each in rows
    )
    data = load(before, test)
    assert data.dataset.train["at hour"].tolist()[:4] == [0, 7, 14, 21]
    midnights = test.assign(at=pd.Timestamp("2020-02-01"))
    assert set(load(before, midnights).dataset.test["at hour"]) == {0}


def test_texts_of_a_frame_are_those_that_a_file_would_have():
    frame = pd.DataFrame(
        {
            "code": [20.0, np.nan, 1e15],
            "measure": [0.1, 2.0, np.nan],
            "word": ["a", None, "NA"],
            "flag": [True, False, True],
            "day": pd.to_datetime(["2010-11-28", None, "2011-01-02"]),
            "count": pd.array([1, None, 3], dtype="Int64"),
            3: [1, 2, 3],
        },
        index=[9, 9, 2],
    )
    assert texts_of(frame).to_dict("list") == {
        "code": ["20", "", "1000000000000000"],
        "measure": ["0.1", "2.0", ""],
        "word": ["a", "", "NA"],
        "flag": ["True", "False", "True"],
        "day": ["2010-11-28", "", "2011-01-02"],
        "count": ["1", "", "3"],
        "3": ["1", "2", "3"],
    }


def test_every_bit_of_a_number_is_kept():
    numbers = np.random.default_rng(0).lognormal(0, 50, 500)
    texts = texts_of(pd.DataFrame({"a": numbers}))["a"]
    assert [float(each) for each in texts] == numbers.tolist()


@pytest.mark.parametrize(
    ("frame", "column", "cell", "told"),
    [
        ("train", "size", "wide", "train: column size, line 4: 'wide'"),
        ("train", "size", 1e9, "train: column size, line 4: "),
        ("train", "size", np.inf, "train: column size, line 4: 'inf'"),
        ("train", "colour", "green", "train: column colour, line 4: 'green'"),
        ("train", "y", np.nan, "train: column y, line 4: "),
        ("train", "id", "r1", "train: column id, line 4: duplicate"),
        ("test", "day", "28.11.2010", "test: column day, line 4: '28.11.2010'"),
        ("test", "id", None, "test: column id, line 4: "),
    ],
)
def test_a_bad_cell_is_refused_with_its_column(rows, schema, frame, column, cell, told):
    frames = dict(zip(("train", "test"), rows, strict=True))
    frames[frame][column] = frames[frame][column].astype(object)
    frames[frame].loc[2, column] = cell
    with pytest.raises(UserError) as error:
        load(*frames.values(), schema=schema)
    assert str(error.value).startswith(told)


def test_a_bad_frame_to_predict_is_refused_with_its_column(frames, result):
    with pytest.raises(UserError, match="rows: column GrLivArea: missing"):
        result.predict(frames[1].drop(columns="GrLivArea"))
    with pytest.raises(UserError, match="rows: column GrLivArea, line 2: 'big'"):
        result.predict(frames[1].astype({"GrLivArea": object}).assign(GrLivArea="big"))
    with pytest.raises(UserError, match="rows: a header but no rows"):
        result.predict(frames[1].head(0))


def test_columns_may_be_missing_extra_or_doubled(rows, schema):
    own, test = rows
    with pytest.raises(UserError, match="train: column grade: missing"):
        load(own.drop(columns="grade"), test, schema=schema)
    with pytest.raises(UserError, match="test: column 'extra': unknown"):
        load(own, test.assign(extra=1), schema=schema)
    with pytest.raises(UserError, match="test: column y: in the test file"):
        load(own, test.assign(y=1), schema=schema)


def test_a_column_that_is_there_twice_is_refused(rows, schema):
    own, test = rows
    twice = pd.concat([own, own[["size"]]], axis=1)
    with pytest.raises(UserError, match="train: column size: duplicate column"):
        load(twice, test, schema=schema)
    with pytest.raises(UserError, match="column size: duplicate column"):
        load(twice, test)


def test_the_schema_of_a_general_frame_is_inferred():
    test = sales(20, first=60, seed=1).drop(columns="asked")
    data = load(sales(), test)
    assert data.table.schema.id == "sale_id"
    assert data.table.schema.metric == "rmse"
    own = train(data, **TINY)
    assert own.metric == "RMSE"
    assert list(own.test["sale_id"]) == list(test["sale_id"])
    np.testing.assert_array_equal(own.predict(test), own.test["asked"])
    named = load(sales(), test, metric="mae", target="asked", id="sale_id")
    assert named.table.schema.metric == "mae"


def test_an_option_that_does_not_fit_is_refused():
    test = sales(20, first=60).drop(columns="asked")
    with pytest.raises(UserError, match="is asked meant"):
        load(sales(), test, target="askd")


def test_a_function_adds_own_columns(rows, schema):
    def columns(rows):
        assert "y" not in rows
        return rows.assign(area=rows["size"] ** 2)

    data = load(*rows, schema=schema, columns=columns)
    assert data.dataset.own == {"area": None}
    np.testing.assert_array_equal(data.dataset.train["area"], rows[0]["size"] ** 2)
    own = train(data, **TINY)
    np.testing.assert_array_equal(own.predict(rows[1]), own.test["y"])
    plainly = train(load(*rows, schema=schema), **TINY)
    assert (own.predict(rows[1]) != plainly.predict(rows[1])).all()


def test_a_function_that_looks_at_other_rows_is_refused(rows, schema):
    def columns(rows):
        return rows.assign(area=rows["size"] - rows["size"].mean())

    with pytest.raises(UserError, match="column area: row"):
        load(*rows, schema=schema, columns=columns)


def test_nothing_is_written_and_the_frames_stay_as_they_are(
    rows, schema, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before = files_below(tmp_path), [each.copy() for each in rows]
    own = train(load(*rows, schema=schema), **TINY)
    own.predict(rows[1])
    assert files_below(tmp_path) == before[0]
    for frame, copy in zip(rows, before[1], strict=True):
        pd.testing.assert_frame_equal(frame, copy)


def test_steps_are_printed_unless_it_is_quiet(rows, schema, capsys):
    data = load(*rows, schema=schema)
    capsys.readouterr()
    train(data, **TINY)
    assert capsys.readouterr() == ("", "")
    train(data, **{**TINY, "quiet": False})
    assert "encoding the rows for each fold …\n" in capsys.readouterr().err


def test_a_setting_that_does_not_fit_is_refused(rows, schema):
    data = load(*rows, schema=schema)
    with pytest.raises(UserError, match=r"^folds=1: must be 2 or more"):
        train(data, **{**TINY, "folds": 1})
    with pytest.raises(UserError, match=r"^folds=25: more folds than the 24"):
        train(data, **{**TINY, "folds": 25})


def test_the_same_data_can_be_trained_twice(rows, schema):
    data = load(*rows, schema=schema)
    first, second = (train(data, **TINY, seed=seed) for seed in (0, 0))
    np.testing.assert_array_equal(first.test["y"], second.test["y"])
    other = train(data, **TINY, seed=1)
    assert (other.test["y"] != first.test["y"]).any()


def test_load_says_what_the_command_line_says(pipeline, tmp_path, capsys):
    train_rows, test_rows = sales(), sales(20, first=60, seed=1).drop(columns="asked")
    test_rows["shop"] = ["north", "North", "east", "east", "south"] * 4
    load(train_rows, test_rows)
    said = capsys.readouterr().err
    root = write_project(tmp_path, train_rows, test_rows)
    shown = pipeline("schema", "--root", root, "--json")
    guesses = json.loads(shown.out)["columns"]
    for guess in guesses:
        line = f"{guess['column']}: {guess['kind']}, {guess['reason']}"
        told = guess["doubtful"] or guess["kind"] in {"id", "target", "left out"}
        assert (line in said) == told
    record = json.loads(pipeline("preprocess", "--root", root, "--json").out)
    assert record["unseen_categories"] == {"shop": ["North", "east"]}
    assert "categories only in the test rows: shop = North, east\n" in said
    assert said.count("hint: ") == len(record["hints"])
    load(train_rows, test_rows, quiet=True)
    assert capsys.readouterr().err == ""


def test_predict_names_words_that_no_training_row_has(rows, schema, capsys):
    own = train(load(*rows, schema=schema, quiet=True), **TINY)
    own.predict(rows[1].head(3).assign(colour=["red", "pink", "lime"]))
    assert capsys.readouterr().err == (
        "categories unseen in training: colour = pink, lime\n"
    )


def test_words_that_pandas_reads_as_missing_are_named(root, result, capsys):
    raw = root / "data" / "raw"
    default = [pd.read_csv(raw / name) for name in ("train.csv", "test.csv")]
    missing = int(default[0]["MasVnrType"].isna().sum())
    load(*default)
    told = (
        f"train: column MasVnrType: {missing} cells are missing and none is None, "
        "which pandas reads as missing by default; read the file with "
        "keep_default_na=False\n"
    )
    assert told in capsys.readouterr().err
    result.predict(default[1])
    assert "rows: column MasVnrType: " in capsys.readouterr().err


def test_frames_that_have_their_words_are_not_doubted(frames, result, capsys):
    load(*frames)
    result.predict(frames[1])
    assert "pandas" not in capsys.readouterr().err


def test_a_word_null_that_pandas_reads_as_missing_is_named(rows, schema, capsys):
    schema.write_text(SCHEMA.replace('["blue", "red"]', '["null", "red"]'))
    own, test = (each.replace({"colour": {"blue": None}}) for each in rows)
    load(own, test, schema=schema)
    assert "column colour: 16 cells are missing and none is null" in (
        capsys.readouterr().err
    )


def test_an_index_with_the_name_of_a_column_is_that_column(frames, result, capsys):
    own, test = (each.set_index("Id") for each in frames)
    data = load(own, test)
    assert list(data.dataset.train["Id"]) == list(frames[0]["Id"])
    np.testing.assert_array_equal(result.predict(test), result.test["SalePrice"])


@pytest.mark.parametrize("with_schema", [True, False])
def test_the_index_of_an_inferred_table_is_used(rows, schema, with_schema):
    given = {"schema": schema} if with_schema else {}
    own, test = (each.set_index("id") for each in rows)
    assert load(own, test, **given).dataset.test["id"].tolist() == [*rows[1]["id"]]
    own, test = (each.set_index(["id", "colour"]) for each in rows)  # two levels
    assert load(own, test, **given).dataset.test["colour"].tolist() == [
        *rows[1]["colour"]
    ]


def test_an_index_without_a_name_is_no_column(rows, schema):
    own, test = (each.set_axis(each["id"].to_numpy()) for each in rows)
    assert load(own, test, schema=schema).dataset.test["id"].tolist() == [*test["id"]]
