"""Columns of the user's own: built in every command, and refused if they could leak."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from situations import QUICK, copy_raw
from sklearn.metrics import root_mean_squared_error
from small_tables import (
    SCHEMA,
    files_below,
    plain,
    plain_project,
    refused_in_one_line,
)

from pipeline.ames.table import project_table
from pipeline.analysis.importance import importances
from pipeline.core.metrics import METRICS
from pipeline.core.paths import Project
from pipeline.data.encoder import EXPANDED
from pipeline.data.features import layout
from pipeline.data.raw import read_train

TRAIN = ("--folds", 3, *QUICK)
GOOD = """\
def columns(rows):
    rows["area"] = rows["size"] ** 2
    rows["kind"] = rows["colour"].astype(str) + rows["grade"].astype(str)
    return rows
"""


def function(*lines):
    return "\n    ".join(["def columns(rows):", *lines, "return rows"]) + "\n"


def as_column(expression):
    return function(f'rows["own"] = {expression}')


def write(root, text):
    (root / "data" / "raw" / "columns.py").write_text(text, encoding="utf-8")


@pytest.fixture
def with_columns(tmp_path):
    return plain_project(tmp_path / "own", columns=GOOD)


@pytest.fixture
def trained(pipeline, with_columns):
    assert pipeline("preprocess", "--root", with_columns).status == 0
    assert pipeline("train", "--root", with_columns, *TRAIN).status == 0
    return with_columns


def test_a_number_and_a_word_are_built_row_by_row(pipeline, with_columns):
    shown = pipeline("preprocess", "--root", with_columns, "--json")
    record = json.loads(shown.out)
    assert record["columns"]["own"] == 2
    kinds = {"area": None, "kind": ["blue1.0", "blue2.0", "red1.0", "red2.0"]}
    assert record["own_columns"] == kinds
    written = pd.read_csv(with_columns / "data" / "processed" / "train.csv")
    rows = plain()
    ranks = rows["grade"].map({"low": "1.0", "high": "2.0"})
    assert list(written["area"]) == list(rows["size"] ** 2)
    assert list(written["kind"]) == list(rows["colour"] + ranks)


def test_preprocess_shows_the_number_of_own_columns(pipeline, with_columns):
    (line,) = (
        each
        for each in pipeline("preprocess", "--root", with_columns).out.splitlines()
        if "own columns" in each
    )
    assert line.split()[-2:] == ["2", "2"]


def test_predict_builds_them_again_to_the_last_byte(pipeline, trained, tmp_path):
    assert pipeline("submit", "--root", trained).status == 0
    (submission,) = (trained / "submissions").iterdir()
    path = tmp_path / "predicted.csv"
    source = trained / "data" / "raw" / "test.csv"
    assert pipeline("predict", source, "-o", path, "--root", trained).status == 0
    assert path.read_bytes() == submission.read_bytes()


def test_models_read_them_and_the_report_is_written(pipeline, trained):
    (record,) = (trained / "runs").glob("*/run.json")
    columns = json.loads(record.read_text())["columns"]["expanded"]
    assert {"area", "kind=red1.0", "kind=blue2.0"} <= {*columns}
    shown = pipeline("report", "--root", trained)
    assert (shown.status, shown.err) == (0, "")


def test_the_importance_of_a_column_is_also_that_of_what_is_built_from_it(trained):
    table = project_table(Project(trained))
    rows = read_train(trained / "data" / "raw" / "train.csv", table)
    rows = rows.assign(y=rows["size"] ** 2)

    kinds = {"area": None, "kind": ["blue1.0", "blue2.0", "red1.0", "red2.0"]}
    names = []

    def read(features):
        matrix = EXPANDED.read([features], layout(table, kinds))
        names[:] = matrix.names
        return {EXPANDED.name: matrix.entries}

    def of_area(entries, places, fold):
        (rows,) = entries.values()
        assert len(places) == len(rows)
        return rows[:, names.index("area")]

    stub = SimpleNamespace(
        table=table,
        layout=layout(table, kinds),
        metric=METRICS["rmse"],
        views=[EXPANDED],
        read=read,
        positions=lambda _, wanted: [names.index(name) for name in wanted],
        predict_by_fold=of_area,
    )
    found = {e.column: e for e in importances(stub, rows, np.zeros(len(rows), int))}
    generator, area = np.random.default_rng(0), rows["y"].to_numpy()
    for name in table.schema.names:
        orders = [generator.permutation(len(rows)) for _ in found[name].increases]
        of_size = [root_mean_squared_error(area, area[order]) for order in orders]
        expected = of_size if name == "size" else [0.0] * len(orders)
        assert found[name].increases == pytest.approx(expected)


def test_words_may_be_multiplied_by_own_columns(pipeline, tmp_path):
    pairs = 'target = "y"\ninteractions = [["colour", "area"]]'
    schema = SCHEMA.replace('target = "y"', pairs)
    root = plain_project(tmp_path, schema=schema, columns=GOOD)
    for command in (("preprocess",), ("train", *TRAIN), ("report",)):
        assert pipeline(*command, "--root", root).status == 0
    (record,) = (root / "runs").glob("*/run.json")
    assert "colour=red×area" in json.loads(record.read_text())["columns"]["expanded"]


def test_a_run_folder_holds_no_code(trained):
    (folder,) = (trained / "runs").iterdir()
    assert [p for p in folder.rglob("*") if p.suffix == ".py"] == []
    assert "def columns" not in (folder / "run.json").read_text(encoding="utf-8")


def test_another_function_makes_preprocess_run_again(pipeline, with_columns):
    assert pipeline("preprocess", "--root", with_columns).status == 0
    assert "up to date" in pipeline("preprocess", "--root", with_columns).out
    write(with_columns, GOOD.replace("** 2", "** 3"))
    refused_in_one_line(
        pipeline("train", "--root", with_columns, *TRAIN),
        "columns.py: changed since it was preprocessed",
    )
    assert "up to date" not in pipeline("preprocess", "--root", with_columns).out
    written = pd.read_csv(with_columns / "data" / "processed" / "test.csv")
    expected = plain(8, first=101)["size"] ** 3
    assert list(written["area"]) == pytest.approx(list(expected))


@pytest.mark.parametrize("change", ["another function", "no function", "no file"])
def test_a_run_is_not_used_with_another_function(pipeline, trained, tmp_path, change):
    path = trained / "data" / "raw" / "columns.py"
    if change == "no file":
        path.unlink()
    else:
        write(trained, GOOD.replace("** 2", "** 3") if "another" in change else "")
    source = trained / "data" / "raw" / "test.csv"
    before = files_below(trained)
    for command in (
        ("predict", source, "-o", tmp_path / "predicted.csv"),
        ("submit",),
    ):
        refused = pipeline(*command, "--root", trained, "--json")
        refused_in_one_line(refused, "columns.py: changed since")
    assert files_below(trained) == before
    assert not (tmp_path / "predicted.csv").exists()


REFUSED = {
    "the mean of a column": (
        as_column('rows["size"] - rows["size"].mean()'),
        "column own: row",
        "compute each value from its row alone",
    ),
    "a maximum": (as_column('rows["size"] / rows["size"].max()'), "row alone"),
    "a rank": (as_column('rows["size"].rank()'), "row alone"),
    "the row before": (as_column('rows["size"].shift()'), "row alone"),
    "the order of the rows": (as_column("range(len(rows))"), "row alone"),
    "the index of the rows": (as_column("rows.index"), "row alone"),
    "the number of rows": (as_column("float(len(rows))"), "row alone"),
    "codes of words": (as_column('pd.factorize(rows["day"])[0]'), "row alone"),
    "a mean of each word": (
        as_column('rows.groupby("colour")["size"].transform("mean")'),
        "row alone",
    ),
    "random numbers": (
        as_column("np.random.default_rng().random(len(rows))"),
        "row alone",
    ),
    "words of other rows": (
        as_column('rows["colour"].astype(str).shift().fillna("first")'),
        "row alone",
    ),
    "a minimum that is 0 in nearly all sets of rows": (
        function(
            'large = (rows["size"] > 38) * 1.0', 'rows["own"] = large - large.min()'
        ),
        "row alone",
    ),
    "a maximum that is 0 in nearly all sets of rows": (
        function(
            'large = (rows["size"] > 38) * 1.0', 'rows["own"] = large / large.max()'
        ),
        "row alone",
    ),
    "the mode of words": (
        as_column('rows["colour"] == rows["colour"].mode()[0]'),
        "row alone",
    ),
    "rows that are there twice": (as_column("rows.duplicated()"), "row alone"),
    "a number that is remembered": (
        "seen = {}\ndef columns(rows):\n    rows['own'] = rows['size'] - "
        "seen.setdefault('low', rows['size'].min())\n    return rows\n",
        "row alone",
    ),
    "a default that is remembered": (
        "def columns(rows, seen=[]):\n    seen.extend(rows['size'])\n"
        "    rows['own'] = rows['size'] - seen[0]\n    return rows\n",
        "row alone",
    ),
    "a function that is remembered": (
        "import functools\n@functools.cache\ndef first(): return held[0]\nheld = []\n"
        "def columns(rows):\n    held.append(rows['size'].mean())\n"
        "    rows['own'] = rows['size'] > first()\n    return rows\n",
        "row alone",
    ),
    "columns that depend on the rows": (
        function('rows[f"own {len(rows)}"] = rows["size"]'),
        "adds other columns for other rows",
    ),
    "a column changed": (
        function('rows["own"] = 1', 'rows["size"] *= 2'),
        "changes or drops the column size",
    ),
    "a word changed": (
        function('rows["own"] = 1', 'rows["colour"] = "red"'),
        "changes or drops the column colour",
    ),
    "a column dropped": (
        function('rows["own"] = 1', 'rows = rows.drop(columns="grade")'),
        "changes or drops the column grade",
    ),
    "only the new column": (
        'def columns(rows):\n    return rows[["size"]].rename(columns={"size": "own"})',
        "changes or drops the column size",
    ),
    "fewer rows": (
        function('rows["own"] = 1', 'rows = rows[rows["size"] > 9]'),
        "returns other rows",
    ),
    "more rows": (
        function('rows["own"] = 1', "rows = pd.concat([rows, rows])"),
        "returns other rows",
    ),
    "sorted rows": (
        function('rows["own"] = 1', 'rows = rows.sort_values("size")'),
        "returns other rows",
    ),
    "nothing returned": (
        'def columns(rows):\n    rows["own"] = 1',
        "returns NoneType; return the frame",
    ),
    "a column returned": (
        'def columns(rows):\n    return rows["size"]',
        "returns Series; return the frame",
    ),
    "no column added": (function("pass"), "adds no column"),
    "an error": (
        function('rows["own"] = 1', 'rows["b"] = rows["siez"]'),
        "columns.py, line 5: KeyError: 'siez'; fix the file",
    ),
    "an error of several lines": (
        function("raise ValueError('one\\ntwo')"),
        "columns.py, line 4: ValueError: one two; fix the file",
    ),
    "an exit": (
        function("raise SystemExit(0)"),
        "columns.py, line 4: SystemExit: 0; fix the file",
    ),
    "an exit outside the function": (
        "import sys\nsys.exit()\n",
        "columns.py, line 4: SystemExit",
    ),
    "a function without an argument": (
        "def columns():\n    return 1",
        "columns.py: TypeError: ",
    ),
    "a syntax error": (
        "def columns(rows):\n    return rows +\n",
        "columns.py, line 4: SyntaxError: invalid syntax; fix",
    ),
    "an error outside the function": (
        "1 / 0\n",
        "columns.py, line 3: ZeroDivisionError: ",
    ),
    "a module that there is not": (
        "import no_such_module\n",
        "columns.py, line 3: ModuleNotFoundError: ",
    ),
    "an infinite value": (
        as_column('1 / (rows["size"] - 7.5)'),
        "column own: infinite in row 1",
    ),
    "dates": (as_column('rows["day"]'), "column own: dates"),
    "lists": (as_column("[[1] for _ in range(len(rows))]"), "column own: has a list"),
    "numbers among words": (
        as_column('[1 if size > 9 else "few" for size in rows["size"]]'),
        "column own: has a int; numbers or texts are needed",
    ),
    "a name that is no text": (
        function('rows[3] = rows["size"]'),
        "adds a column named 3",
    ),
    "a name twice": (
        function(
            'rows["own"] = 1.0', 'rows = pd.concat([rows, rows[["own"]]], axis=1)'
        ),
        "adds the column own twice",
    ),
    "complex numbers": (
        as_column('rows["size"] + 1j'),
        "column own: complex numbers; take .real or abs()",
    ),
    "complex numbers without an imaginary part": (
        as_column('rows["size"].astype(complex)'),
        "column own: complex numbers",
    ),
    "lengths of time": (
        as_column('pd.to_timedelta(rows["size"], unit="D")'),
        "column own: has a Timedelta",
    ),
    "an exception of its own": (
        function('raise type("Stop", (BaseException,), {})("enough")'),
        "columns.py, line 4: Stop: enough; fix the file",
    ),
    "a closed generator": (function("raise GeneratorExit"), "line 4: GeneratorExit"),
    "an exception as it is read": (
        "raise BaseException('enough')\n" + GOOD,
        "columns.py, line 3: BaseException: enough",
    ),
    "no function": ("x = 1\n", "columns.py: no function columns"),
    "a function of another name": (
        GOOD.replace("columns", "colums"),
        "no function columns",
    ),
    "the name of the target": (
        function('rows["y"] = 1.0'),
        "columns adds y, which there is already",
    ),
    "the name of the id": (function('rows["id"] = 1.0'), "adds id, which there is"),
    "the name of a part of a date": (
        function('rows["day year"] = 1.0'),
        "adds day year, which there is already",
    ),
    "the name of an encoded word": (
        function('rows["colour=red"] = 1.0'),
        "two columns would be encoded as 'colour=red'",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_a_function_that_could_leak_or_fails_is_refused_in_one_line(
    pipeline, tmp_path, case
):
    text, *told = case
    root = plain_project(
        tmp_path, columns=f"import numpy as np\nimport pandas as pd\n{text}"
    )
    before = files_below(root)
    result = pipeline("preprocess", "--root", root)
    for each in told:
        refused_in_one_line(result, each)
    assert files_below(root) == before


def test_words_that_are_mostly_in_one_row_are_refused(pipeline, tmp_path):
    root = plain_project(tmp_path, columns=as_column('"w" + rows["size"].astype(str)'))
    many = plain(150).assign(size=lambda rows: rows.index / 2)
    many.to_csv(root / "data" / "raw" / "train.csv", index=False)
    refused_in_one_line(
        pipeline("preprocess", "--root", root),
        "column own: 150 words in one row only; put",
    )


def test_a_file_that_is_no_text_is_refused_in_one_line(pipeline, tmp_path):
    for number, content in enumerate((b"\xff\xfe", b"x = 1\0")):
        root = plain_project(tmp_path / str(number))
        (root / "data" / "raw" / "columns.py").write_bytes(content)
        refused_in_one_line(pipeline("preprocess", "--root", root), "columns.py")


def test_a_word_that_only_test_rows_have_is_no_category(pipeline, tmp_path):
    own = as_column('rows["size"].round().astype(int).astype(str)')
    root = plain_project(tmp_path, columns=own)
    assert pipeline("preprocess", "--root", root).status == 0
    assert pipeline("train", "--root", root, *TRAIN).status == 0
    test = plain(3, first=200).drop(columns="y").assign(size=[99, 98.2, 97])
    test.to_csv(tmp_path / "new.csv", index=False)
    path = tmp_path / "predicted.csv"
    shown = pipeline(
        "predict", tmp_path / "new.csv", "-o", path, "--root", root, "--json"
    )
    assert json.loads(shown.out)["unseen_categories"] == {"own": ["97", "98", "99"]}
    assert len(pd.read_csv(path)) == 3


def test_missing_values_of_own_columns_are_imputed(pipeline, tmp_path):
    own = function(
        'rows["a"] = rows["size"].where(rows["size"] > 20)',
        'rows["b"] = rows["colour"].astype(object).where(rows["size"] > 20)',
    )
    root = plain_project(tmp_path, columns=own)
    record = json.loads(pipeline("preprocess", "--root", root, "--json").out)
    filled = {each["column"]: each for each in record["filled"]}
    size = plain()["size"]
    assert filled["a"]["train"] == filled["b"]["train"] == int((size <= 20).sum())
    assert filled["a"]["value"] == size[size > 20].median()
    assert filled["b"]["value"] is None


def test_houses_may_have_own_columns_which_do_not_see_id_and_price(pipeline, tmp_path):
    root = copy_raw(tmp_path / "ames", rows=120)
    write(
        root,
        function(
            'assert "SalePrice" not in rows and "Id" not in rows, list(rows)',
            'rows["Poor"] = (rows["OverallQual"] - 5).clip(upper=0) ** 2',
        ),
    )
    record = json.loads(pipeline("preprocess", "--root", root, "--json").out)
    assert record["own_columns"] == {"Poor": None}
    assert pipeline("train", "--root", root, *TRAIN).status == 0
    assert pipeline("submit", "--root", root).status == 0
    quality = pd.read_csv(root / "data" / "raw" / "train.csv")["OverallQual"]
    written = pd.read_csv(root / "data" / "processed" / "train.csv")
    assert list(written["Poor"]) == [min(each - 5, 0) ** 2 for each in quality]


def test_the_name_of_a_built_column_of_houses_is_refused(pipeline, tmp_path):
    root = copy_raw(tmp_path / "ames", rows=20)
    write(root, function('rows["Size"] = 1.0'))
    refused_in_one_line(
        pipeline("preprocess", "--root", root), "adds Size, which there is already"
    )


def test_an_empty_text_of_an_own_column_is_missing(pipeline, tmp_path):
    own = function('rows["b"] = ["" if n > 20 else "few" for n in rows["size"]]')
    root = plain_project(tmp_path, columns=own)
    record = json.loads(pipeline("preprocess", "--root", root, "--json").out)
    assert record["own_columns"] == {"b": ["few"]}
    (filled,) = (each for each in record["filled"] if each["column"] == "b")
    assert filled["train"] == int((plain()["size"] > 20).sum())


def test_a_column_may_not_have_the_name_of_the_group(pipeline, tmp_path):
    schema = SCHEMA.replace('id = "id"', 'id = "id"\ngroup = "note"')
    text = function('rows["note"] = 1.0')
    root = plain_project(tmp_path, schema=schema, columns=text)
    refused_in_one_line(
        pipeline("preprocess", "--root", root), "adds note, which there is already"
    )
