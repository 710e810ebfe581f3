"""Schemas inferred from the Ames files, from small tables, and from hostile ones."""

import re
from dataclasses import replace
from math import inf

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from situations import RAW

from pipeline.core.errors import UserError
from pipeline.data.csv_frames import read_blocks
from pipeline.data.schema import Category, Date, Number
from pipeline.data.schema_file import read_schema
from pipeline.infer.schema import Guess, Options, infer_schema


@pytest.fixture
def infer(tmp_path):
    """A function that infers a schema, writes it and reads it back."""

    def read(train, test=None, sample=(), **options):
        train = train if isinstance(train, pd.DataFrame) else table(train)
        test = train.iloc[:, :-1] if test is None else test
        test = test if isinstance(test, pd.DataFrame) else table(test)
        inferred = infer_schema(train, test, Options(**options), sample)
        path = tmp_path / "schema.toml"
        path.write_text(inferred.text, encoding="utf-8")
        return read_schema(path), {each.column: each for each in inferred.guesses}

    return read


def texts(cells):
    """A column of text, indexed by line number."""
    cells = [*map(str, cells)]
    return pd.Series(cells, range(2, len(cells) + 2), dtype=object)


def table(columns):
    """A frame of text, as the readers of CSV files give it."""
    return pd.DataFrame({name: texts(cells) for name, cells in columns.items()})


def numbers(rows, low=1, high=9):
    return np.random.default_rng(0).integers(low, high, rows)


def beside(rows, **columns):
    """Columns between another one and the target."""
    return {"Other": numbers(rows), **columns, "y": np.arange(rows) * 3 - 5}


def column_of(schema, name):
    return next(each for each in schema.columns if each.name == name)


def listed(schema, name):
    return [*column_of(schema, name).vocabulary]


@pytest.fixture(scope="module")
def ames():
    return [
        pd.concat(read_blocks(RAW / file, "")) for file in ("train.csv", "test.csv")
    ]


def test_the_ames_files_give_kinds_like_those_written_by_hand(infer, ames):
    schema, guesses = infer(*ames)
    assert (schema.id, schema.integer_ids, schema.target) == ("Id", True, "SalePrice")
    assert schema.metric == "log-rmse"
    assert len(schema.columns) == 79
    assert schema.left_out == ()
    assert schema.missing == ("NA", "")
    kinds = {name: each.kind for name, each in guesses.items()}
    assert kinds["MSSubClass"] == kinds["Alley"] == "word"
    assert kinds["YearBuilt"] == kinds["OverallQual"] == "number"
    assert kinds["ExterQual"] == kinds["PoolQC"] == "ordered"
    assert column_of(schema, "Alley") == Category(
        "Alley", ("Grvl", "Pave"), blank="none"
    )
    lot, built = column_of(schema, "LotArea"), column_of(schema, "YearBuilt")
    assert replace(lot, knots=()) == Number("LotArea", (0, inf), log=True)
    assert replace(built, knots=()) == Number("YearBuilt")
    assert listed(schema, "ExterQual") == ["Fa", "TA", "Gd", "Ex"]
    assert not column_of(schema, "MasVnrType").absent
    assert [name for name, each in guesses.items() if each.doubtful] == ["GarageYrBlt"]
    assert "2207" in guesses["GarageYrBlt"].reason


def test_the_guesses_are_in_the_order_of_the_columns(infer, ames):
    _, guesses = infer(*ames)
    assert list(guesses) == list(ames[0].columns)


def test_nothing_is_learned_from_the_target_about_other_columns(infer, ames):
    train, test = ames
    changed = train.assign(SalePrice=train["SalePrice"].to_numpy()[::-1])
    assert infer(train, test) == infer(changed, test)


def test_a_table_of_many_kinds_of_columns(infer):
    rows = 400
    rng = np.random.default_rng(0)
    day = [f"20{10 + i % 5}-0{1 + i % 9}-1{i % 10}" for i in range(rows)]
    columns = {
        "house_id": [f"h{i}" for i in range(rows)],
        "sold": day,
        "text": [f"a nice house with {i} rooms and a view" for i in range(rows)],
        "half": ["" if i % 5 < 3 else i % 7 for i in range(rows)],
        "same": ["yes"] * rows,
        "none": ["NA"] * rows,
        "area": np.exp(rng.normal(5, 1, rows)).round(),
        "zone": rng.choice([98_001, 98_044, 98_052, 98_102, 98_103], rows),
        "post": rng.choice(["01234", "98052", "20001"], rows),
        "size": rng.choice(["small", "medium", "large"], rows),
        "flag": rng.choice(["1", ""], rows),
        "built": rng.integers(1900, 2020, rows),
        "renewed": rng.choice([0, 0, 1990, 2004], rows),
        "price": rng.lognormal(12, 1, rows),
    }
    schema, guesses = infer(columns)
    assert (schema.id, schema.integer_ids, schema.metric) == (
        "house_id",
        False,
        "log-rmse",
    )
    parts = ("year", "day of year", "weekday")
    assert column_of(schema, "sold") == Date("sold", "%Y-%m-%d", parts)
    assert set(schema.left_out) == {"text", "same", "none"}
    assert guesses["text"].doubtful
    assert "free text: 400 of 400" in guesses["text"].reason
    assert guesses["half"][1:] == ("number", "0 to 6, 60 % blank", True)
    assert column_of(schema, "area").log
    assert listed(schema, "post") == ["01234", "20001", "98052"]
    assert listed(schema, "size") == ["small", "medium", "large"]
    assert column_of(schema, "flag") == Category("flag", ("1",), blank="none")
    assert replace(column_of(schema, "built"), knots=()) == Number("built")
    assert guesses["renewed"].kind == "number"
    assert guesses["renewed"].doubtful


def test_postcodes_are_words_but_measures_are_numbers(infer):
    rng = np.random.default_rng(0)
    codes = rng.choice(np.unique(rng.integers(1000, 9999, 15)), 600)
    rounded = rng.choice(np.arange(1000, 9000, 500), 600)
    tail = rng.lognormal(5.5, 0.3, 600).round().astype(int).clip(100, 999)
    schema, guesses = infer(beside(600, where=codes, rounded=rounded, tail=tail))
    assert guesses["where"].kind == "word"
    assert guesses["where"].doubtful
    assert isinstance(column_of(schema, "rounded"), Number)
    assert isinstance(column_of(schema, "tail"), Number)


@pytest.mark.parametrize(
    "name", ["store", "zip_code", "store_nbr", "productNo", "region code", "StoreID"]
)
def test_a_name_tells_codes(infer, name):
    _, guesses = infer(beside(400, **{name: numbers(400)}))
    assert guesses[name].kind == "word"
    assert guesses[name].doubtful is (name == "StoreID")


@pytest.mark.parametrize("name", ["product_price", "store_sales", "codeChurn", "no"])
def test_a_name_that_only_mentions_codes_is_of_numbers(infer, name):
    assert infer(beside(400, **{name: numbers(400)}))[1][name].kind == "number"


def test_codes_by_their_name_are_doubtful_in_few_rows_each(infer):
    _, guesses = infer(beside(400, product=[*range(100)] * 4, model=range(400)))
    reason = 'whole numbers, but codes by the name "product", each in 4 rows'
    assert guesses["product"][1:] == ("word", reason, True)
    assert guesses["model"].kind == "number"


def test_a_number_written_in_two_ways_is_no_code(infer):
    train = table(beside(60, store=[20, 30, 40] * 20))
    test = train.assign(store=train["store"] + ".0").drop(columns="y")
    assert isinstance(column_of(infer(train, test)[0], "store"), Number)
    assert isinstance(column_of(infer(train)[0], "store"), Category)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2014-10-{:02}", "%Y-%m-%d"),
        ("2014/10/{:02}", "%Y/%m/%d"),
        ("{:02}.10.2014", "%d.%m.%Y"),
        ("{:02}/10/2014", "%d/%m/%Y"),
        ("10/{:02}/2014", "%m/%d/%Y"),
        ("{:02}/10/14", "%d/%m/%y"),
        ("10-{:02}-2014", "%m-%d-%Y"),
        ("Oct {:02}, 2014", "%b %d, %Y"),
        ("{:02} October 2014", "%d %B %Y"),
        ("{:02}-OCT-14", "%d-%b-%y"),
        ("2014-10-{:02} 10:30:00", "%Y-%m-%d %H:%M:%S"),
        ("2014-10-{:02} 10:30", "%Y-%m-%d %H:%M"),
        ("2014-10-{:02}T10:30:00", "%Y-%m-%dT%H:%M:%S"),
        ("2014-10-{:02}T10:30:00Z", "ISO8601"),
        ("2014-10-{:02} 10:30:00.5+02:00", "ISO8601"),
        ("2014-10-{:02} 10:30:00 UTC", "ISO8601"),
        ("10/{:02}/2014 05:57", "%m/%d/%Y %H:%M"),
        ("10/{:02}/2014, 5:57:10 PM", "%m/%d/%Y, %I:%M:%S %p"),
        ("201410{:02}T000000", "%Y%m%dT%H%M%S"),
        ("201410{:02}", "%Y%m%d"),
    ],
)
def test_each_format_of_dates_is_found(infer, text, form):
    days = [text.format(1 + i % 28) for i in range(40)]
    schema, guesses = infer(beside(40, saledate=days))
    parts = ("year", "day of year", "weekday")
    assert column_of(schema, "saledate") == Date("saledate", form, parts)
    assert guesses["saledate"].reason == "dates, 2014-10-01 to 2014-10-28"
    assert not guesses["saledate"].doubtful


@pytest.mark.parametrize(
    ("text", "form"),
    [("2014-{}", "%Y-%m"), ("{}/2014", "%m/%Y"), ("May-20{}", "%b-%Y")],
)
def test_months_are_dates(infer, text, form):
    months = [text.format(10 + i % 3) for i in range(40)]
    schema, _ = infer(beside(40, month=months))
    parts = ("year",) if "May" in text else ("year", "day of year")
    assert column_of(schema, "month") == Date("month", form, parts)


@pytest.mark.parametrize(
    "texts",
    [
        ["2001-02", "2002-03", "2009-10"],
        ["1950-60", "1960-70", "2001-02"],
        ["2019-1", "2019-2", "2019-3"],
        ["1234-01", "5678-02", "9012-11"],
        ["12-05", "11-04", "10-10"],
        ["1.2.03", "1.2.04", "1.2.05"],
        ["today", "now", "today"],
    ],
    ids=["seasons", "decades", "quarters", "numbers", "days", "versions", "words"],
)
def test_what_is_only_like_a_date_is_a_word(infer, texts):
    assert infer(beside(30, text=texts * 10))[1]["text"].kind == "word"


def test_iso_dates_of_several_forms_are_read_by_the_clock_they_tell(infer):
    texts = ["2014-10-01", "2014-10-02 08:30", "2014-10-03T09:15:30.25+02:00"] * 10
    column = column_of(infer(beside(30, at=texts))[0], "at")
    parts = ("year", "day of year", "weekday", "hour")
    assert column == Date("at", "ISO8601", parts)


def test_only_the_parts_that_differ_in_the_training_rows_are_read(infer):
    def parts(start, end, step):
        days = pd.date_range(start, end, freq=step).astype(str)
        train = table(beside(len(days), at=days))
        later = train.drop(columns="y").assign(at="2031-05-05 05:05:05"[: len(days[0])])
        return column_of(infer(train, later)[0], "at").parts

    assert parts("2014-01-01", "2016-12-01", "MS") == ("year", "day of year")
    assert parts("2014-12-31", "2020-12-31", "YE") == ("year",)
    assert parts("2014-01-06", "2014-12-01", "7D") == ("year", "day of year")
    assert parts("2014-01-06", "2014-01-07 10:00", "1h") == (
        *("year", "day of year", "weekday", "hour"),
    )
    assert parts("2014-01-06", "2014-01-06 10:00", "10min") == ("hour",)


def test_times_of_day_are_read_as_hours_but_doubtful(infer):
    times = [f"{i % 24:02}:30" for i in range(48)]
    schema, guesses = infer(beside(48, at=times))
    assert column_of(schema, "at") == Date("at", "%H:%M", ("hour",))
    reason = "times of day, 00:30 to 23:30; or are they durations?"
    assert guesses["at"][1:] == ("date", reason, True)


def test_a_date_whose_day_may_be_the_month_is_doubtful(infer):
    train = table(beside(24, sold=[f"0{1 + i % 9}/03/2014 05:57" for i in range(24)]))
    schema, guesses = infer(train)
    assert column_of(schema, "sold").format == "%d/%m/%Y %H:%M"
    assert guesses["sold"].doubtful
    assert "%m/%d/%Y %H:%M fits too" in guesses["sold"].reason
    test = train.drop(columns="y").assign(sold="03/13/2014 05:57")
    schema, guesses = infer(train, test)
    assert column_of(schema, "sold").format == "%m/%d/%Y %H:%M"
    assert not guesses["sold"].doubtful


def test_eight_digits_are_a_date_only_by_their_name(infer):
    days = [f"201410{10 + i}" for i in range(12)]
    schema, _ = infer(beside(12, number=days))
    assert isinstance(column_of(schema, "number"), Number)


def test_of_many_words_those_of_two_rows_are_listed(infer):
    words = [f"w{i:04}" for i in range(6000)]
    cells = words[:5000] * 2 + words[5000:]
    schema, guesses = infer(beside(len(cells), word=cells))
    assert column_of(schema, "word") == Category("word", (*words[:5000],), others=True)
    assert not guesses["word"].doubtful
    assert guesses["word"].reason == "6,000 words, 5,000 are listed"


def test_a_column_most_of_whose_rows_are_others_is_doubtful(infer):
    train = table(beside(60, word=[*"abcdef"] * 10))
    shared = train.drop(columns="y").assign(word=[*"ab!"] * 20)
    assert not infer(train, shared)[1]["word"].doubtful
    _, guesses = infer(train, shared.assign(word=[*"a!?"] * 20))
    assert guesses["word"].doubtful
    assert "67 % of the rows of test.csv are others" in guesses["word"].reason


def test_all_of_few_words_are_listed_and_a_word_of_test_csv_is_another(infer):
    train = table(beside(60, word=["b", "a", "other"] * 20))
    assert column_of(infer(train)[0], "word") == Category("word", ("a", "b", "other"))
    test = train.drop(columns="y").replace({"word": {"b": "new"}})
    column = column_of(infer(train, test)[0], "word")
    assert column == Category("word", ("a", "b"), others=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("True", "TRUE"),
        ("Café", "Cafe\u0301"),
        ("no name", "no\u00a0name"),
        ("a", " A"),
    ],
)
def test_words_spelt_otherwise_in_test_csv_are_named_as_doubtful(infer, old, new):
    train = table(beside(60, word=[old, "b", "c"] * 20))
    test = train.drop(columns="y").replace({"word": {old: new}})
    schema, guesses = infer(train, test)
    assert column_of(schema, "word").others
    assert guesses["word"].doubtful
    assert f"test.csv has {new!r} for {old!r} of train.csv" in guesses["word"].reason


def test_a_column_none_of_whose_words_in_test_csv_are_known_is_left_out(infer):
    train = table(beside(60, word=["True", "False"] * 30))
    test = train.drop(columns="y").assign(word=train["word"].str.upper())
    schema, guesses = infer(train, test)
    assert schema.left_out == ("word",)
    assert guesses["word"] == Guess(
        "word",
        "left out",
        "test.csv has 'TRUE' for 'True' of train.csv, and 1 more; no cell of test.csv "
        "is one of the 2 words to list",
        doubtful=True,
    )
    few = infer(train, test.head(10))
    assert column_of(few[0], "word").others  # ten rows may all be new


def test_a_word_that_is_too_long_or_not_printable_is_not_listed(infer):
    schema, _ = infer(beside(40, word=["a", "b\x07", "c" * 1001, "d"] * 10))
    assert column_of(schema, "word") == Category("word", ("a", "d"), others=True)


def test_words_that_are_all_in_one_row_are_left_out_of_a_long_file(infer):
    schema, guesses = infer(beside(409, word=[*"abcdefghi"] + [""] * 400))
    assert schema.left_out == ("word",)
    assert guesses["word"][2:] == ("all 9 words are in one row only", True)


def test_texts_that_repeat_are_words_however_long(infer):
    texts = [
        f"The owner of house {i} wrote a sentence of ten words." for i in range(40)
    ]
    mostly_different = texts + texts[:10] * 4
    schema, guesses = infer(beside(80, text=texts * 2, note=mostly_different))
    assert column_of(schema, "text") == Category("text", (*sorted(texts),), others=True)
    assert guesses["text"][1:] == ("word", "40 words", False)
    assert guesses["note"].kind == "word"
    _, guesses = infer(beside(61, note=[*texts, *texts[:7] * 3]))
    assert guesses["note"][1:] == (
        "left out",
        "free text: 40 of 61 are different",
        True,
    )


def test_numbers_but_for_a_broken_cell_are_doubtful(infer):
    broken = [*range(20), *range(19), "unknown"]
    _, guesses = infer(beside(40, broken=broken))
    assert "but for 'unknown'" in guesses["broken"].reason
    assert guesses["broken"].doubtful


def test_dates_but_for_a_broken_cell_are_doubtful(infer):
    days = ["never", *(f"2014-10-{1 + i % 28:02}" for i in range(59))]
    _, guesses = infer(beside(60, sold=days))
    assert guesses["sold"].doubtful
    told = (
        "dates like 2014-10-01 but for 'never'; if it means a blank, add it to missing"
    )
    assert guesses["sold"].reason == told


@pytest.mark.parametrize(
    ("texts", "form", "low"),
    [
        (["$1,234.50", "$-7", "-$0.25", "$12"], "$1,234.5", "-7"),
        (["1.234,50 €", "0,5 €", "7 €"], "1.234,5€", "0.5"),
        (["EUR 3", "EUR 1,234.5"], "EUR1,234.5", "3"),
        (["45.5%", "5 %", "100%"], "1234.5%", "5"),
        (["1,234", "1,234,567"], "1,234.5", "1,234"),
        (["1,5", "0,125", "23,75"], "1234,5", "0.125"),
        (["1 234,5", "12"], "1 234,5", "12"),
        (["1'234", "999"], "1'234.5", "999"),
    ],
)
def test_marks_that_all_cells_have_are_read(infer, texts, form, low):
    schema, guesses = infer(beside(len(texts) * 10, cost=texts * 10))
    assert column_of(schema, "cost").form == form
    assert guesses["cost"].reason.startswith(f"numbers like {form}, {low} to ")
    assert not guesses["cost"].doubtful


def test_a_comma_that_may_be_of_thousands_or_of_decimals_is_doubtful(infer):
    train = table(beside(40, n=[f"{1000 + i % 8:,}" for i in range(40)]))
    schema, guesses = infer(train)
    assert column_of(schema, "n").form == "1,234.5"
    assert guesses["n"].doubtful
    assert 'or is the form "1234,5"?' in guesses["n"].reason
    schema, guesses = infer(train, train.drop(columns="y").assign(n="0,5"))
    assert column_of(schema, "n").form == "1234,5"
    assert not guesses["n"].doubtful


def test_codes_with_blanks_are_no_numbers(infer):
    _, guesses = infer(beside(40, postcode=["560 001", "560 002"] * 20))
    assert guesses["postcode"].kind == "word"


@pytest.mark.parametrize(
    "texts", [["$5", "€5"], ["5%", "5"], ["A12", "A15"], ["1,2,3", "4,5"], ["5k", "6k"]]
)
def test_cells_of_several_forms_or_other_letters_are_no_numbers(infer, texts):
    assert infer(beside(40, cost=texts * 20))[1]["cost"].kind == "word"


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u200b", "\ufeff"])
def test_numbers_with_spaces_that_are_no_spaces_are_doubtful(infer, space):
    cells = [f"{each}{space}" for each in numbers(30)]
    guess = infer(beside(30, n=cells))[1]["n"]
    assert guess.doubtful
    assert guess.reason.startswith(f"numbers, but {cells[0]!r} has a ")
    cells = [f"{number}{space}" for number in range(30)]
    with pytest.raises(UserError, match=r"line 2: '0.*' is not a number, as it has a"):
        infer({"a": numbers(30), "y": cells})


@pytest.mark.parametrize("space", ["", " ", "\u00a0", "\u202f"])
def test_any_space_between_a_number_and_its_sign_is_read(infer, space):
    cells = [f"{each},50{space}€" for each in range(30)]
    schema, _ = infer(beside(30, cost=cells))
    assert column_of(schema, "cost").form == "1234,5€"


def test_a_target_with_marks_is_read(infer):
    train = {**beside(40), "y": [f"${1000 + 10 * i:,}.50" for i in range(40)]}
    schema, guesses = infer(train)
    assert schema.target_form == "$1,234.5"
    assert guesses["y"].reason == "1000.5 to 1390.5"


def test_a_target_of_few_values_may_be_of_classes_and_is_doubtful(infer):
    _, guesses = infer({**beside(40), "y": [0, 1] * 20})
    expected = "0 to 1, 2 values: if they are classes, they cannot be predicted"
    assert guesses["y"] == Guess("y", "target", expected, doubtful=True)
    assert not infer({**beside(40), "y": [*range(20)] * 2})[1]["y"].doubtful


def test_rmsle_is_used_only_if_it_is_given(infer):
    skewed = [0, *(2**i for i in range(39))]
    assert infer({**beside(40), "y": skewed})[0].metric == "rmse"
    assert infer({**beside(40), "y": skewed}, metric="rmsle")[0].metric == "rmsle"


def test_a_question_mark_is_a_blank_only_beside_numbers_or_in_several_columns(infer):
    word, number = ["a", "b", "?", "c"] * 3, [1, 2, "?", 3] * 3
    assert "?" not in infer(beside(12, word=word))[0].missing
    schema, guesses = infer(beside(12, number=number))
    assert "?" in schema.missing
    assert guesses["number"].kind == "number"
    assert "?" in infer(beside(12, word=word, more=word))[0].missing


def test_other_blanks_are_found_but_none_is_a_word(infer):
    schema, _ = infer(beside(12, word=["a", "None", "N/A", "null"] * 3))
    assert schema.missing == ("NA", "", "N/A", "null")
    assert column_of(schema, "word") == Category("word", ("None", "a"))


def test_ids_that_repeat_are_left_out_but_those_of_shared_groups_are_words(infer):
    houses = [*range(190), *range(10)]
    shops = [f"s{i % 5}" for i in range(200)]
    schema, guesses = infer(beside(200, id=houses, shopId=shops))
    assert schema.id is None
    assert schema.id_name == "row"
    assert schema.left_out == ("id",)
    assert "repeats 10 times" in guesses["id"].reason
    assert guesses["id"].doubtful
    assert guesses[""].kind == "id"
    assert guesses["shopId"].kind == "word"


def test_a_first_column_that_rises_steadily_is_the_id(infer):
    schema, _ = infer({"no": range(1, 31), **beside(30)})
    assert (schema.id, schema.integer_ids) == ("no", True)
    schema, _ = infer({"no": [*range(1, 30), 40], **beside(30)})
    assert schema.id is None


def test_without_an_id_the_columns_that_differ_in_each_row_are_named(infer):
    days = pd.date_range("2014-01-01", periods=30).astype(str)
    columns = beside(30, at=days, price=np.arange(30) + 0.5, code=range(50, 80))
    _, guesses = infer(columns)
    assert guesses[""].doubtful
    assert "; at, code are different in each row" in guesses[""].reason
    _, guesses = infer(beside(30))
    assert guesses[""].doubtful
    assert guesses[""].reason.startswith("no column has a different value in each row")


def test_the_sample_tells_id_and_target(infer):
    train = {**beside(30, code=range(50, 80)), "also": range(30), "house_id": range(30)}
    test = table(train).drop(columns=["y", "also"])
    schema, guesses = infer(train, test, ("code", "y"))
    assert (schema.id, schema.target, schema.left_out) == (
        "code",
        "y",
        ("also", "house_id"),
    )
    assert guesses["code"] == Guess("code", "id", "as in sample_submission.csv", False)
    schema, guesses = infer(train, test.drop(columns="code"), ("Other", "y"))
    assert schema.id == "house_id"
    assert guesses["house_id"].doubtful
    assert "has 'Other', which does not name the rows" in guesses["house_id"].reason
    with pytest.raises(UserError, match="2 columns are not in"):
        infer(train, test, ("code", "answer", "y"))


def test_an_id_that_is_a_date_stays_a_feature(infer):
    hours = pd.date_range("2014-01-01", periods=60, freq="h").astype(str)
    train = {"at": hours, **beside(60)}
    parts = ("year", "day of year", "weekday", "hour")
    date = Date("at", "%Y-%m-%d %H:%M:%S", parts)
    for schema, guesses in (infer(train, sample=("at", "y")), infer(train, id="at")):
        assert (schema.id, schema.integer_ids) == ("at", False)
        assert column_of(schema, "at") == date
        assert guesses["at"].kind == "id"
        assert "also dates, 2014-01-01 to 2014-01-03" in guesses["at"].reason


def test_an_id_may_be_in_test_csv_only(infer):
    train = table(beside(30))
    test = train.drop(columns="y").assign(house_id=[f"h{n}" for n in range(30)])
    for options in ({}, {"sample": ("house_id", "y")}, {"id": "house_id"}):
        schema, guesses = infer(train, test, **options)
        assert (schema.id, schema.id_in_train) == ("house_id", False)
        assert "only test.csv has it, so the rows of train.csv are numbered" in (
            guesses["house_id"].reason
        )
        assert guesses["house_id"].doubtful is ("id" not in options)


@pytest.mark.parametrize("name", ["ID", "house_id", "rowId", "index", "Unnamed: 0"])
def test_a_name_tells_the_id(infer, name):
    schema, _ = infer(beside(30, **{name: reversed(range(30))}))
    assert schema.id == name


def test_the_index_that_pandas_writes_is_left_out_but_not_a_column_row(infer):
    rows = [*range(5)] * 6
    schema, _ = infer(
        beside(30, **{"": rows, " ": rows, "Unnamed: 0": rows, "row": rows})
    )
    assert schema.left_out == ("", " ", "Unnamed: 0")
    assert schema.id is None


@pytest.mark.parametrize("name", ["index", "row", "key"])
def test_numbers_with_fractions_are_no_ids(infer, name):
    schema, guesses = infer(beside(30, **{name: [n * 1.7 for n in range(30)]}))
    assert schema.id is None
    assert guesses[name].kind == "number"


def test_options_are_obeyed(infer):
    train = beside(30, name=[f"n{i}" for i in range(30)], z=range(30))
    schema, guesses = infer(
        train,
        table(train).drop(columns=["y", "z"]).assign(more="1"),
        **{"id": "name", "target": "z", "metric": "mae", "competition": "houses"},
    )
    assert (schema.id, schema.target, schema.metric) == ("name", "z", "mae")
    assert schema.competition == "houses"
    assert schema.left_out == ("y", "more")
    assert guesses["y"].reason == "not in test.csv"
    assert guesses["more"].reason == "not in train.csv"


def test_knots_far_from_zero_are_not_rounded_to_one_number(infer):
    times = 1.7e9 + np.arange(600) / 4
    schema, _ = infer(beside(600, time=times))
    knots = column_of(schema, "time").knots
    expected = np.quantile(times, np.arange(1, len(knots) + 1) / (len(knots) + 1))
    assert len(knots) > 1
    np.testing.assert_allclose(knots, expected, rtol=0, atol=1)


def test_twelve_rows_no_numbers_and_no_test_rows_are_enough(infer):
    train = table({"word": [*"abc"] * 4, "y": range(12)})
    schema, guesses = infer(train, train.drop(columns="y").head(0))
    assert column_of(schema, "word") == Category("word", ("a", "b", "c"))
    assert schema.metric == "rmse"
    assert guesses["y"] == Guess("y", "target", "0 to 11", doubtful=False)


HOSTILE = [
    *("a,b", "a = 1", "# a", 'a"b', "a'b", "a\\b", "a\x00\x1f\x7f\x85b", "[columns]"),
    *("a\u2028", "\U0001f600", "\U000e0001", "ä.b", "kind", "1.5", "true", "a b", "-"),
]


def test_hostile_names_and_words_are_read_back_as_they_are(infer):
    columns = dict.fromkeys(HOSTILE, HOSTILE * 5)
    schema, guesses = infer(beside(len(HOSTILE) * 5, **columns))
    assert [each.name for each in schema.columns] == ["Other", *HOSTILE]
    printable = sorted(each for each in HOSTILE if each.isprintable())
    assert listed(schema, "# a") == [*printable, "other"]
    assert all(each.reason.isprintable() for each in guesses.values())


GOOD = {"id": range(9), "a": [1, 2, 3] * 3, "b": [*"xyz"] * 3, "y": range(1, 10)}


def changed(**columns):
    return table({**GOOD, **columns})


TRAIN, TEST = changed(), changed().drop(columns="y")
REFUSED = [
    (
        TRAIN,
        TEST.drop(columns=["b"]),
        {},
        "2 columns are not in test.csv: b, y; give",
    ),
    (TRAIN, TRAIN, {}, "all columns are in test.csv too; remove"),
    (TRAIN, TEST, {"target": "Y"}, "no column is called Y; --target: is y meant?"),
    (TRAIN, TEST, {"target": "zzzz"}, "--target: give one of id, a, b, y"),
    (TRAIN, TRAIN, {"target": "y"}, "has the target y too; remove"),
    (TRAIN, TEST, {"id": "none"}, "no column is called none; --id: give one of"),
    (TRAIN, TEST, {"id": "a"}, "column a, line 5: '1' is in an earlier line too; give"),
    (changed(b=[*"abcdefgh", ""]), TEST, {"id": "b"}, "line 10: '' is blank; give"),
    (TRAIN, TEST, {"id": "y"}, "test.csv: no column is called y"),
    (TRAIN, TEST, {"id": "y", "target": "y"}, "are both y; give two"),
    (TRAIN, TEST, {"id": " "}, "--id: empty; give"),
    (TRAIN, TEST, {"metric": "auc"}, "give one of log-rmse, rmse, mae, rmsle"),
    (changed(y=range(9)), TEST, {"metric": "log-rmse"}, "line 2: 0 is not above 0"),
    (changed(y=[-1, *range(8)]), TEST, {"metric": "rmsle"}, "-1 is not above -1"),
    (changed(y=[*"ab"] * 4 + ["c"]), TEST, {}, "classes cannot be predicted; give"),
    (TRAIN, TEST, {"competition": ""}, "--competition: empty; give"),
    (TRAIN, TEST, {"competition": "a\nb"}, "--competition: not printable; give"),
    (
        changed(y=[*range(8), "x\n"]),
        TEST,
        {},
        r"column y, line 10: 'x\\n' is not a number",
    ),
    (changed(y=[1, "inf", *range(7)]), TEST, {}, "line 3: 'inf' is not a number"),
    (TRAIN.head(0), TEST, {}, "a header but no rows; give"),
    (TRAIN[["id", "y"]], TEST[["id"]], {}, "there is only the target; add"),
    (
        changed(a=["1"] * 9, b=[""] * 9)[["a", "b", "y"]],
        TEST[["a", "b"]],
        {},
        "a .'1' in every row",
    ),
    (
        TRAIN[["a", "a", "y"]],
        TEST,
        {},
        "train.csv: column a: duplicate column; keep one",
    ),
    (TRAIN, TEST[["a", "a"]], {}, "test.csv: column a: duplicate column; keep one"),
    (
        TRAIN.rename(columns={"a": "\udcff"}),
        TEST,
        {},
        "the name of column 2 is not UTF-8",
    ),
    (TRAIN.rename(columns={"y": "\n"}), TEST, {}, "the column to predict has no name"),
]


@pytest.mark.parametrize(("train", "test", "options", "told"), REFUSED)
def test_what_is_wrong_is_told_on_one_line(train, test, options, told):
    with pytest.raises(UserError, match=told) as error:
        infer_schema(train, test, Options(**options))
    assert str(error.value).isprintable()


CELLS = st.one_of(
    st.text(max_size=3),
    st.sampled_from(["NA", "?", "None", "other", "low", "high", "2014-01-02", "today"]),
    st.sampled_from(["0", "1", "1.5", "1e308", "-1e308", "1e-320", "inf", "007"]),
    st.integers(-3, 10**17).map(str),
)


@st.composite
def frames(draw):
    """Two frames of text, with names that may be equal and cells that repeat."""
    names = draw(st.lists(st.text(max_size=3) | st.just("id"), min_size=1, max_size=4))
    rows = draw(st.integers(0, 30))
    pool = draw(st.lists(CELLS, min_size=1, max_size=12))
    cells = st.lists(st.sampled_from(pool), min_size=rows, max_size=rows)
    data = {i: pd.Series(draw(cells), dtype=object) for i in range(len(names))}
    targets = pd.Series([str(i % 7) for i in range(rows)], dtype=object)
    train = pd.DataFrame({**data, "t": targets})
    train.columns = pd.Index([*names, "target"], dtype=object)
    return train, train.iloc[: draw(st.integers(0, rows)), : len(names)]


@settings(max_examples=150, deadline=None)
@given(frames())
def test_any_frame_gives_a_valid_schema_or_an_error_on_one_line(
    tmp_path_factory, frames
):
    try:
        inferred = infer_schema(*frames, Options())
    except UserError as error:
        assert str(error).isprintable()
        return
    path = tmp_path_factory.mktemp("any") / "schema.toml"
    path.write_text(inferred.text, encoding="utf-8")
    schema = read_schema(path)
    named = [schema.target, *schema.names, *schema.left_out, *filter(None, [schema.id])]
    assert sorted(named) == sorted(frames[0].columns)
    assert not re.search(r"[\0-\x09\x0b-\x1f\x7f]", inferred.text)
