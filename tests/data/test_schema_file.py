"""A schema that is broken, or does not fit the files, ends a command with one line."""

import json
import math
import time
from pathlib import Path

import pandas as pd
import pytest
from small_tables import (
    SCHEMA,
    files_below,
    plain,
    plain_project,
    refused_in_one_line,
    write_project,
)

from pipeline.data.schema import Category, Date, Number
from pipeline.data.schema_file import parse_schema, read_schema

SIZE = 'size = { kind = "number", range = [0, 100] }'
COLOUR = 'colour = { kind = "word", vocabulary = ["blue", "red"] }'
GRADE = 'grade = { kind = "ordered", vocabulary = ["low", "high"] }'
DAY = 'day = { kind = "date", format = "%Y-%m-%d" }'
TARGET = 'target = "y"'
LEFT_OUT = 'left_out = ["note"]'
TABLE = SCHEMA[SCHEMA.index("[columns]") :]


def number(keys):
    return SIZE, f'size = {{ kind = "number", {keys} }}'


def words(keys):
    return COLOUR, f'colour = {{ kind = "word", {keys} }}'


def after_target(line):
    return TARGET, f"{TARGET}\n{line}"


# Each has what is replaced, by what, and what the line tells, after schema.toml.
BROKEN = {
    "a quote that is not closed": ('id = "id"', 'id = "id', "line 1: "),
    "a bracket that is not closed": (LEFT_OUT, 'left_out = ["note"', "line 6: "),
    "a line without a value": (TARGET, "target =", "line 2: "),
    "a text without quotes": ('"rmse"', "rmse", "line 3: "),
    "a key that is there twice": (*after_target(TARGET), "line 3: "),
    "a line without a key": (*after_target("what is this?"), "line 3: "),
    "a column that is there twice": (SIZE, f"{SIZE}\n{SIZE}", "line 8: "),
    "an unknown escape": ('id = "id"', r'id = "\id"', "line 1: "),
    "an integer of 401 digits": (
        *number(f"range = [0, {'9' * 401}]"),
        "range: '[0, 999999999999999999999999999999999…' is not right; give the low",
    ),
    "a blank of 401 digits": (*number(f"blank = {'9' * 401}"), "blank: '9999"),
    "an integer of 5,001 digits": (
        *number(f"range = [0, {'9' * 5001}]"),
        "Exceeds the limit (4300 digits)",
    ),
    "a hexadecimal integer of 5,000 digits": (
        *words(f"vocabulary = [0x{'f' * 5000}]"),
        "Exceeds the limit (4300 digits)",
    ),
    "a kind of 5,000 digits": ('"number"', f"0x{'f' * 5000}", "Exceeds the limit"),
    "a directive twice": ('"%Y-%m-%d"', '"%Y-%m-%d %Y"', "%Y' is not right; give year"),
    "nothing but years": ('"%Y-%m-%d"', f'"{"%Y" * 3000}"', "month and day once each"),
    "a zone": ('"%Y-%m-%d"', '"%Y-%m-%d %z"', "once each, without a zone, like"),
    "the name of a zone": ('"%Y-%m-%d"', '"%Y-%m-%d %Z"', "without a zone, like"),
    "parts that are lists": (
        '"%Y-%m-%d"',
        '"%Y-%m-%d", parts = [["year"]]',
        "is not a text; write it in quotes",
    ),
    "parts that are tables": (
        '"%Y-%m-%d"',
        '"%Y-%m-%d", parts = [{ a = 1 }]',
        "is not a text; write it in quotes",
    ),
    "an unknown key": (*after_target('competitoin = "x"'), "is competition meant?"),
    "a key that is like no other": (*after_target("zzz = 1"), "known: id, id_kind"),
    "an unknown key of a column": (*number("rang = [0, 1]"), "is range meant?"),
    "a key of another kind": (*number('vocabulary = ["a"]'), "not a key of the kind"),
    "a wrong kind": ('"number"', '"numeric"', "give one of number, word"),
    "a kind that is no text": ('"number"', "3", "give one of number, word"),
    "a kind that is a list": ('"number"', '["number"]', "give one of number, word"),
    "no kind": (SIZE, "size = { range = [0, 1] }", "column size: kind: missing"),
    "no target": (TARGET, "", "target: missing"),
    "an empty target": (TARGET, 'target = " "', "target: ' ' is not right"),
    "a target that is a number": (TARGET, "target = 3", "give a text in quotes"),
    "no metric": ('metric = "rmse"', "", "metric: missing"),
    "an unknown metric": ('"rmse"', '"r2"', "give one of log-rmse, rmse, mae"),
    "an unknown kind of id": (*after_target('id_kind = "uuid"'), "id_kind: 'uuid'"),
    "an id that is a column": ('id = "id"', 'id = "size"', "id size: also in columns"),
    "an id that is left out": ('id = "id"', 'id = "note"', "note: also in left_out"),
    "an id that is the target": ('id = "id"', 'id = "y"', "used for another column"),
    "a target in columns": (TARGET, 'target = "size"', "size: also in columns"),
    "a target in left_out": (TARGET, 'target = "note"', "note: also in left_out"),
    "a column in left_out": ('["note"]', '["note", "size"]', "size: also in left_out"),
    "a column left out twice": ('["note"]', '["note", "note"]', "listed twice"),
    "a name that is no text": ('["note"]', '["note", 3]', "3 is not a text"),
    "left_out that is no list": ('["note"]', '"note"', "give a list"),
    "no vocabulary": (COLOUR, 'colour = { kind = "word" }', "give a list"),
    "an empty vocabulary": (*words("vocabulary = []"), "give a list"),
    "a vocabulary that is no list": (*words('vocabulary = "red"'), "give a list"),
    "a number in a vocabulary": (*words('vocabulary = ["red", 3]'), "is not a text"),
    "a word twice": (*words('vocabulary = ["red", "red"]'), "'red' is listed twice"),
    "an empty word": (*words('vocabulary = ["red", "blue", ""]'), "is a blank cell"),
    "the word of a blank": (
        *words('vocabulary = ["red", "blue", "None"], blank = "none"'),
        "None is the name of another category",
    ),
    "the word of other words": (
        *words('vocabulary = ["red", "other"], others = true'),
        "other is the name of another category",
    ),
    "a blank word of no meaning": (
        *words('vocabulary = ["red", "blue"], blank = 0'),
        "blank: '0' is not right; give one of missing, none",
    ),
    "others that is no truth value": (
        *words('vocabulary = ["red", "blue"], others = "yes"'),
        "give true or false",
    ),
    "others of an ordered column": (GRADE, GRADE[:-2] + ", others = true }", "others"),
    "a range reversed": (*number("range = [9, 1]"), "give the lowest and the highest"),
    "a range of one value": (*number("range = [9, 9]"), "the lowest and the highest"),
    "a range of one number": (*number("range = [9]"), "the lowest and the highest"),
    "a range of text": (*number('range = ["a", "b"]'), "the lowest and the highest"),
    "a range that is a number": (*number("range = 9"), "the lowest and the highest"),
    "a range of truth values": (*number("range = [false, true]"), "range: "),
    "a range without a number": (*number("range = [nan, 3]"), "range: "),
    "a log of numbers below 0": (*number("range = [-5, 9], log = true"), "from 0"),
    "a log of any number": (*number("log = true"), "log needs a range from 0"),
    "log that is no truth value": (*number("range = [0, 9], log = 1"), "true or false"),
    "knots that fall": (*number("knots = [5, 3]"), "give rising numbers"),
    "a knot twice": (*number("knots = [5, 5]"), "give rising numbers"),
    "a knot below the range": (*number("range = [0, 9], knots = [-1, 3]"), "rising"),
    "a knot that is text": (*number('knots = ["3"]'), "give rising numbers"),
    "a knot that is infinite": (*number("knots = [inf]"), "give rising numbers"),
    "a knot beyond float32": (*number("knots = [1e39]"), "give rising numbers"),
    "knots that are a number": (*number("knots = 3"), "give rising numbers"),
    "a blank number of text": (*number('blank = "none"'), "give a number, or"),
    "a blank that is infinite": (*number("blank = inf"), "give a number, or"),
    "a blank with too many digits": (*number(f"blank = 1{'0' * 400}"), "give a number"),
    "a blank that is a truth value": (*number("blank = true"), "give a number, or"),
    "a form that is none": (*number('form = "$5"'), "give the number 1234.5 with its"),
    "a form with one mark twice": (*number('form = "1,234,5"'), "give the number"),
    "a form of the target": (*after_target('target_form = "dollars"'), "target_form: "),
    "a date without a format": (DAY, 'day = { kind = "date" }', "format: missing"),
    "a date without a year": ("%Y-%m-%d", "%m-%d", "give year, month and day"),
    "a date without a month": ("%Y-%m-%d", "%Y", "give year, month and day"),
    "a part that the format lacks": (
        'format = "%Y-%m-%d"',
        'format = "%Y-%m-%d", parts = ["year", "hour"]',
        "column day: format: has no hour; give",
    ),
    "an unknown part": (
        'format = "%Y-%m-%d"',
        'format = "%Y-%m-%d", parts = ["second"]',
        "parts: \"['second']\" is not right; give some of year, month, day of year",
    ),
    "a format that is none": ("%Y-%m-%d", "%Q", "give year, month and day"),
    "a date with a range": (DAY, DAY[:-2] + ", range = [0, 1] }", "of the kind date"),
    "a column that is no table": (SIZE, 'size = "number"', "column size: not a table"),
    "no columns": (TABLE, "", "columns: there are none"),
    "empty columns": (TABLE, "[columns]", "columns: there are none"),
    "columns that are a list": (TABLE, "", "give a table"),
    "unknown features": (*after_target('features = "boston"'), "give one of ames"),
    "features without their columns": (
        *after_target('features = "ames"'),
        "features ames: needs the column",
    ),
    "missing that is no list": (*after_target('missing = "NA"'), "give a list"),
    "a number in missing": (*after_target('missing = ["NA", -1]'), "is not a text"),
    "an unknown group": (*after_target('group = "siez"'), "is size meant?"),
    "a group that is the target": (*after_target('group = "y"'), "not a column"),
    "an unknown ceiling": (*after_target('ceiling = "zzz"'), "a column of the kind"),
    "a ceiling of numbers": (*after_target('ceiling = "size"'), "the kind word"),
    "an unknown interaction": (
        *after_target('interactions = [["color", "size"]]'),
        "is colour meant?",
    ),
    "an interaction with an unknown column": (
        *after_target('interactions = [["colour", "siez"]]'),
        "interactions siez: not a number; is size meant?",
    ),
    "an interaction with a word": (
        *after_target('interactions = [["colour", "colour"]]'),
        "interactions colour: not a number",
    ),
    "an interaction with a column left out": (
        *after_target('interactions = [["colour", "note"]]'),
        "interactions note: not a number",
    ),
    "an interaction of one": (*after_target('interactions = [["size"]]'), "pairs"),
    "an unknown column to show": (*after_target('shown = ["grad"]'), "grade meant?"),
    "a column left out to show": (*after_target('shown = ["note"]'), "not a column"),
    "a target range of text": (*after_target('target_range = ["a", 2]'), "the lowest"),
    "a median of one number": (*after_target("target_median = [1]"), "the lowest"),
}
BROKEN["columns that are a list"] = (
    SCHEMA,
    'target = "y"\nmetric = "rmse"\ncolumns = ["size"]\n',
    "columns: \"['size']\" is not right; give a table",
)


def check_refused(pipeline, root, *told):
    """Check that `preprocess` tells this on one line, and writes nothing."""
    before = files_below(root)
    result = pipeline("preprocess", "--root", root)
    for text in told:
        refused_in_one_line(result, text)
    assert files_below(root) == before
    assert not (root / "data" / "processed").exists()


@pytest.mark.parametrize(("old", "new", "told"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_schema_is_refused_in_one_line(pipeline, tmp_path, old, new, told):
    assert SCHEMA.count(old) == 1
    root = plain_project(tmp_path, SCHEMA.replace(old, new))
    check_refused(pipeline, root, "schema.toml: ", told)


NO_TEXT = {
    "an empty file": (b"", "metric: missing"),
    "a binary file": (b"\x7fELF\x00\x01\x02", "line 1: "),
    "a NUL in a text": (SCHEMA.encode().replace(b"rmse", b"rm\0se"), "line 3: "),
    "a file that is not UTF-8": (
        SCHEMA.encode().replace(b"red", b"r\xe9d"),
        "not UTF-8; save it as UTF-8",
    ),
    "UTF-16": (SCHEMA.encode("utf-16"), "not UTF-8"),
    "brackets without an end": (b"id = " + b"[" * 100_000, "fix"),
    "more than any schema": (b"#" * 10_000_001, "larger than 10,000,000 bytes"),
}


@pytest.mark.parametrize(("content", "told"), NO_TEXT.values(), ids=NO_TEXT.keys())
def test_a_file_that_is_no_schema_is_refused_in_one_line(
    pipeline, tmp_path, content, told
):
    root = plain_project(tmp_path)
    (root / "data" / "raw" / "schema.toml").write_bytes(content)
    check_refused(pipeline, root, "schema.toml: ", told)


def test_a_folder_in_the_place_of_the_schema_is_refused_in_one_line(pipeline, tmp_path):
    root = plain_project(tmp_path, schema=None)
    (root / "data" / "raw" / "schema.toml").mkdir()
    check_refused(pipeline, root, "schema.toml: ", "not a file")


def with_cells(frame, name, *cells):
    """The frame with other first cells of a column, all as text."""
    texts = frame[name].astype(str)
    texts.iloc[: len(cells)] = list(cells)
    return frame.assign(**{name: texts})


# Each has the change of train.csv, that of test.csv, and what the line tells.
UNFIT = {
    "a column missing in train.csv": (
        lambda train: train.drop(columns="grade"),
        None,
        ("train.csv: column grade: missing",),
    ),
    "a column missing in test.csv": (
        None,
        lambda test: test.drop(columns="grade"),
        ("test.csv: column grade: missing",),
    ),
    "a column that the schema lacks": (
        lambda train: train.assign(width=1),
        None,
        ("train.csv: column 'width': unknown", "add it to schema.toml"),
    ),
    "a column that the schema spells in another way": (
        lambda train: train.rename(columns={"size": "Size"}),
        None,
        ("train.csv: column size: missing; rename the unknown column 'Size'",),
    ),
    "the target in test.csv": (
        None,
        lambda test: test.assign(y=1),
        ("test.csv: column y: in the test file",),
    ),
    "the target missing in train.csv": (
        lambda train: train.drop(columns="y"),
        None,
        ("train.csv: column y: missing from the training file",),
    ),
    "the id missing in train.csv": (
        lambda train: train.drop(columns="id"),
        None,
        ("train.csv: column id: missing",),
    ),
    "an id that is repeated": (
        lambda train: with_cells(train, "id", "r1", "r1"),
        None,
        ("train.csv: column id, line 3: duplicate",),
    ),
    "an id that is repeated in test.csv": (
        None,
        lambda test: with_cells(test, "id", "t1", "t2", "t1"),
        ("test.csv: column id, line 4: duplicate",),
    ),
    "an id that is blank": (
        lambda train: with_cells(train, "id", "r1", "NA"),
        None,
        ("train.csv: column id, line 3: 'NA' is not an id",),
    ),
    "a word that the vocabulary lacks": (
        lambda train: with_cells(train, "colour", "red", "green"),
        None,
        ("train.csv: column colour, line 3: 'green'", "schema.toml"),
    ),
    "a word in other letters": (
        lambda train: with_cells(train, "colour", "red", "RED"),
        None,
        ("train.csv: column colour, line 3: 'RED'", "restore red"),
    ),
    "words of test.csv that are all others": (
        None,
        lambda test: pd.concat([test] * 2).assign(
            colour=[f"c{n}" for n in range(16)], id=[f"t{n}" for n in range(16)]
        ),
        ("test.csv: column colour, line 2: 'c0'", "schema.toml"),
    ),
    "a cell that is no number": (
        lambda train: with_cells(train, "size", "1", "2", "3 m"),
        None,
        ("train.csv: column size, line 4: '3 m' is not a number",),
    ),
    "an infinite cell": (
        lambda train: with_cells(train, "size", "inf"),
        None,
        ("train.csv: column size, line 2: 'inf'",),
    ),
    "a number below the range": (
        lambda train: with_cells(train, "size", "1", "-0.5"),
        None,
        ("train.csv: column size, line 3: '-0.5' is outside 0 to 100",),
    ),
    "a number above the range in test.csv": (
        None,
        lambda test: with_cells(test, "size", "101"),
        ("test.csv: column size, line 2: '101' is outside 0 to 100",),
    ),
    "a cell that is no date": (
        lambda train: with_cells(train, "day", "2024-02-30"),
        None,
        ("train.csv: column day, line 2: '2024-02-30' is not a date",),
    ),
    "a date in another format": (
        None,
        lambda test: with_cells(test, "day", "2024-02-03", "03.02.2024"),
        ("test.csv: column day, line 3: '03.02.2024'", "%Y-%m-%d"),
    ),
    "a target that is missing": (
        lambda train: with_cells(train, "y", "1", "NA"),
        None,
        ("train.csv: column y, line 3: 'NA' is missing",),
    ),
    "a target that is no number": (
        lambda train: with_cells(train, "y", "1", "many"),
        None,
        ("train.csv: column y, line 3: 'many' is not a number",),
    ),
    "a target that is constant": (
        lambda train: train.assign(y=3),
        None,
        ("train.csv: column y: all values are 3",),
    ),
    "a single row": (lambda train: train.head(1), None, ("train.csv: only one row",)),
    "no rows": (None, lambda test: test.head(0), ("test.csv: a header but no rows",)),
}


@pytest.mark.parametrize(
    ("of_train", "of_test", "told"), UNFIT.values(), ids=UNFIT.keys()
)
def test_data_that_does_not_fit_the_schema_is_refused_in_one_line(
    pipeline, tmp_path, of_train, of_test, told
):
    train, test = plain(), plain(8, first=101).drop(columns="y")
    root = write_project(
        tmp_path,
        of_train(train) if of_train else train,
        of_test(test) if of_test else test,
        schema=SCHEMA,
    )
    check_refused(pipeline, root, *told)


# Each has what is replaced in the schema, by what, and what the line tells.
LIMITS = {
    "a target of 0 that has no log": (
        '"rmse"',
        '"log-rmse"',
        "column y, line 4: '0.0'",
    ),
    "a target below its range": (
        *after_target("target_range = [0.5, 200]"),
        "column y, line 4: '0.0' is outside 0.5 to 200",
    ),
    "targets in another unit": (
        *after_target("target_median = [1000, 9000]"),
        "their median must be 1,000 to 9,000",
    ),
    "an id that is no integer": (
        *after_target('id_kind = "integer"'),
        "column id, line 2: 'r1' is not a positive integer",
    ),
    "an id that is in no file": ('id = "id"', 'id = "nr"', "column nr: missing"),
    "a group that is missing": (
        *after_target('group = "note"'),
        "column note, line 2: 'NA' is missing; every training row needs a group",
    ),
    "columns that are encoded alike": (
        SIZE,
        SIZE + '\n"colour=red" = { kind = "number" }',
        "schema.toml: two columns would be encoded as 'colour=red'",
    ),
}


@pytest.mark.parametrize(("old", "new", "told"), LIMITS.values(), ids=LIMITS.keys())
def test_a_schema_that_the_data_does_not_fit_is_refused_in_one_line(
    pipeline, tmp_path, old, new, told
):
    train, test = plain(), plain(8, first=101).drop(columns="y")
    train = with_cells(train, "y", "1.0", "2.0", "0.0")
    frames = [
        each.assign(note="NA", **({"colour=red": 1} if "colour=red" in new else {}))
        for each in (train, test)
    ]
    assert SCHEMA.count(old) == 1
    root = write_project(tmp_path, *frames, schema=SCHEMA.replace(old, new))
    check_refused(pipeline, root, told)


@pytest.mark.parametrize(
    "cell",
    ["1234", "€1,234", "$1,23", "$1.234,5", "$$5", "--$5", "$", "$1,234.", "$0,123"],
)
def test_a_cell_without_the_marks_of_the_form_is_refused(pipeline, tmp_path, cell):
    schema = SCHEMA.replace(*number('form = "$1,234.5"'))
    train, test = plain(), plain(8, first=101).drop(columns="y")
    train["size"], test["size"] = "$1,234.50", "-$5"
    root = write_project(
        tmp_path, train, with_cells(test, "size", "$7", cell), schema=schema
    )
    told = f"test.csv: column size, line 3: {cell!r} is not a number like $1,234.5"
    check_refused(pipeline, root, told)


def test_numbers_with_marks_are_read(pipeline, tmp_path):
    marked = SCHEMA.replace(*number('form = "$1,234.5"'))
    marked = marked.replace(TARGET, f'{TARGET}\ntarget_form = "1234,5 %"')
    train, test = plain(), plain(8, first=101).drop(columns="y")
    train["size"], test["size"] = "$1,234.50", "-$5"
    train["y"] = [f"{n},5%" for n in range(24)]
    root = write_project(tmp_path, train, test, schema=marked)
    assert pipeline("preprocess", "--root", root).status == 0
    found = [
        pd.read_csv(root / "data" / "processed" / name)
        for name in ("train.csv", "test.csv")
    ]
    assert set(found[0]["size"]) == {1234.5}
    assert set(found[1]["size"]) == {-5}
    assert list(found[0]["y"]) == [n + 0.5 for n in range(24)]


def test_a_schema_gives_the_columns_their_types(tmp_path):
    path = tmp_path / "schema.toml"
    path.write_text(
        SCHEMA.replace(*number("range = [0, inf], log = true, blank = 2, knots = [3]"))
        .replace(*words('vocabulary = ["red"], blank = "none", others = true'))
        .replace(*after_target('missing = ["?"]\ngroup = "note"\nceiling = "colour"'))
    )
    schema = read_schema(path)
    assert schema.columns == (
        Number("size", (0.0, math.inf), log=True, blank=2.0, knots=(3.0,)),
        Category("colour", ("red",), blank="none", others=True),
        Category("grade", ("low", "high"), ordered=True),
        Date("day", "%Y-%m-%d"),
    )
    assert schema.categories["colour"].vocabulary == ("None", "red", "other")
    assert (schema.id, schema.target, schema.metric) == ("id", "y", "rmse")
    assert (schema.group, schema.ceiling) == ("note", "colour")
    assert (schema.missing, schema.left_out) == (("?",), ("note",))


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_a_minimal_schema_is_enough(pipeline, tmp_path, mark, end):
    train = pd.DataFrame({"a": [1.5, 2, None, 4], "y": [-1, 0, 2, 3]})
    root = write_project(tmp_path, train, train[["a"]])
    text = f'{mark}target = "y"{end}metric = "mae"{end}columns.a.kind = "number"{end}'
    (root / "data" / "raw" / "schema.toml").write_bytes(text.encode())
    assert pipeline("preprocess", "--root", root).status == 0
    written = pd.read_csv(root / "data" / "processed" / "train.csv")
    expected = train.assign(row=[1, 2, 3, 4])[["row", "a", "y"]]
    pd.testing.assert_frame_equal(written, expected, check_dtype=False)


def test_what_a_blank_means_is_as_the_schema_tells(pipeline, tmp_path):
    root = plain_project(
        tmp_path,
        SCHEMA.replace(*number("blank = 2"))
        .replace(*words('vocabulary = ["blue", "red"], blank = "none"'))
        .replace(*after_target('missing = ["?"]')),
    )
    path = root / "data" / "raw" / "train.csv"
    train = with_cells(with_cells(plain(), "size", "?"), "colour", "?", "blue")
    train = with_cells(
        with_cells(train, "grade", "high", "?"), "day", "2024-01-01", "?"
    )
    train.to_csv(path, index=False, lineterminator="\n")
    assert pipeline("preprocess", "--root", root).status == 0
    written = pd.read_csv(
        root / "data" / "processed" / "train.csv", keep_default_na=False
    )
    assert [written["size"][0], written["colour"][0]] == [2, "None"]
    assert [written["colour"][1], written["grade"][0]] == ["blue", "2.0"]
    assert [written["grade"][1], written["day year"][1]] == ["", ""]


def test_20_000_words_beside_as_many_texts_of_blanks_are_read_fast():
    texts = [f"w{number}" for number in range(20_000)]
    blanks = [f"b{number}" for number in range(20_000)]
    text = f"missing = {json.dumps(blanks)}\n" + SCHEMA.replace(
        '["blue", "red"]', json.dumps(texts)
    )
    start = time.process_time()
    schema = parse_schema(text, Path("schema.toml"))
    assert time.process_time() - start < 2
    assert schema.categories["colour"].vocabulary == tuple(texts)


OTHERS = SCHEMA.replace('["blue", "red"]', '["blue", "red"], others = true')


@pytest.mark.parametrize(
    ("colours", "told"),
    [
        (
            ["BLUE"],
            "test.csv: column colour, line 2: 'BLUE' is blue in another spelling",
        ),
        (
            ["pink", "lime"],
            "test.csv: column colour, line 2: 'pink' is not listed, and",
        ),
    ],
)
def test_a_column_none_of_whose_cells_is_listed_is_refused(
    pipeline, tmp_path, colours, told
):
    test = plain(12, first=101).drop(columns="y")
    test["colour"] = (colours * 12)[:12]
    root = write_project(tmp_path, plain(), test, schema=OTHERS)
    result = pipeline("preprocess", "--root", root)
    refused_in_one_line(result, told)
    refused_in_one_line(result, "no cell is a word of")


def test_other_words_of_test_rows_are_named(pipeline, tmp_path):
    test = plain(12, first=101).drop(columns="y")
    test["colour"] = ["red"] * 9 + ["Red", "lime\n", "pink"]
    root = write_project(tmp_path / "none", plain(), test, schema=OTHERS)
    shown = pipeline("preprocess", "--root", root).out
    assert "Categories only in test.csv: colour = Red, lime, pink\n" in shown
    train = plain().replace({"colour": {"blue": "green"}})  # has others: they are known
    root = write_project(tmp_path / "some", train, test, schema=OTHERS)
    shown = pipeline("preprocess", "--root", root).out
    assert "Categories only in test.csv: colour = Red\n" in shown
