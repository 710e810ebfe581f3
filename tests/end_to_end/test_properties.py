"""Random frames and cells: valid ones work, invalid ones are refused."""

import csv
import itertools
import json
import shutil

import pandas as pd
import pytest
from ames_columns import AMES, CATEGORIES, COLUMNS, ID, NUMBERS, TARGET
from examples import tries
from hypothesis import assume, given
from hypothesis import strategies as st
from situations import RAW, copy_raw

from pipeline.core.errors import UserError, one_line
from pipeline.core.paths import Project
from pipeline.data.processed import FILES, SUMMARY
from pipeline.data.raw import read_train
from pipeline.data.schema import Number
from pipeline.stages.preprocess import preprocess

ROWS = 8
TINY = (
    "--model",
    "mlp",
    "--epochs",
    1,
    "--seeds",
    1,
    "--hidden",
    2,
    "--folds",
    2,
    "--jobs",
    1,
)
MISSING = st.sampled_from(["NA", ""])
IDS = st.integers(1, 10**15 - 1).map(str)
PRICES = st.floats(1, 1e9).map(repr)


def real_rows(file):
    """The first rows of a real file, as a frame of text."""
    return pd.read_csv(RAW / file, dtype=str, keep_default_na=False, nrows=ROWS)


REAL = {file: real_rows(file) for file in ("train.csv", "test.csv")}


def cells_of(column):
    """Any valid cell of a column."""
    if isinstance(column, Number):
        ends = st.sampled_from([*map(repr, column.range)])
        return MISSING | ends | st.floats(*column.range).map(repr)
    return MISSING | st.sampled_from(column.values)


@st.composite
def frames(draw, file, rows):
    """Real rows with random columns: a value per cell, or one value for all."""
    frame = REAL[file].head(draw(st.integers(*rows))).copy()
    size = len(frame)
    frame[ID] = draw(st.lists(IDS, min_size=size, max_size=size, unique=True))
    for column in COLUMNS:
        cells = cells_of(column)
        alike = cells.map(lambda cell: [cell] * size)
        every = st.lists(cells, min_size=size, max_size=size)
        real = st.just(list(frame[column.name]))
        frame[column.name] = draw(real | alike | every)
    if file == "train.csv":
        frame[TARGET] = draw(st.lists(PRICES, min_size=size, max_size=size))
        assume(len(set(frame[TARGET])) > 1)
        assume(pd.to_numeric(frame[TARGET]).median() >= 1_000)
    return frame


@pytest.fixture
def roots(tmp_path):
    """Names of new folders."""
    return (tmp_path / str(number) for number in itertools.count())


@tries(2)
@given(frames("train.csv", (2, ROWS)), frames("test.csv", (1, 4)))
def test_any_valid_frame_leads_to_a_submission(roots, pipeline, train, test):
    root = copy_raw(next(roots), rows=1)
    train.to_csv(root / "data/raw/train.csv", index=False)
    test.to_csv(root / "data/raw/test.csv", index=False)
    for command in (("preprocess",), ("train", *TINY), ("submit",)):
        result = pipeline(*command, "--root", root)
        assert result.status == 0, result.err
    (path,) = (root / "submissions").iterdir()
    submitted = pd.read_csv(path)
    assert list(submitted[ID].astype(str)) == list(test[ID])
    assert submitted[TARGET].between(0.01, 1e10).all()
    json.loads(next(root.glob("runs/*/run.json")).read_text(), parse_constant=refuse)


def refuse(constant):
    raise ValueError(f"{constant} is not JSON")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    root = copy_raw(tmp_path_factory.mktemp("sound") / "project", rows=ROWS)
    preprocess(Project(root))
    return root


ANY_CELL = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
    | st.floats().map(repr)
    | st.integers().map(str)
    | MISSING
)


@st.composite
def mutations(draw):
    """A file, a column, a line, and a new cell."""
    file = draw(st.sampled_from(list(REAL)))
    name = draw(st.sampled_from(list(REAL[file])))
    cells = ANY_CELL
    if name in NUMBERS or name in CATEGORIES:
        cells |= cells_of({**NUMBERS, **CATEGORIES}[name])
    return file, name, draw(st.integers(2, ROWS + 1)), draw(cells)


@tries(8)
@given(mutations())
def test_any_cell_is_used_or_refused_with_its_column_and_line(
    roots, sound, pipeline, mutation
):
    file, name, line, cell = mutation
    root = shutil.copytree(sound, next(roots))
    rows = REAL[file].copy()
    before = rows.loc[line - 2, name]
    rows.loc[line - 2, name] = cell
    path = root / "data" / "raw" / file
    # Python before 3.13 does not quote a carriage return by itself.
    quoting = csv.QUOTE_ALL if "\r" in cell else csv.QUOTE_MINIMAL
    rows.to_csv(path, index=False, quoting=quoting)
    result = pipeline("preprocess", "--root", root)
    if result.status == 0:
        assert outcome(root) != outcome(sound) or meant(name, cell) == meant(
            name, before
        )
        return
    assert result.status == 2
    assert result.err.startswith(f"error: {path}: column {name}, line ")
    assert result.err[:-1].isprintable()
    assert f"line {line}: " in result.err or "duplicate Id" in result.err
    assert outcome(root) == outcome(sound)


def outcome(root):
    """The files that preprocess wrote, and its findings."""
    summary = json.loads((root / SUMMARY).read_text(encoding="utf-8"))
    findings = {
        key: summary[key] for key in ("filled", "unseen_categories", "assumptions")
    }
    return [(root / file).read_text(encoding="utf-8") for file in FILES], findings


def meant(name, cell):
    """The value of a cell, however it is written."""
    if cell in ("NA", ""):
        return None
    return cell if name in CATEGORIES else float(cell)


@tries(60)
@given(st.data())
def test_random_bytes_anywhere_are_used_or_refused(tmp_path, data):
    path = tmp_path / "train.csv"
    REAL["train.csv"].head(3).to_csv(path, index=False)
    content = path.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(start + 20, len(content))))
    path.write_bytes(content[:start] + data.draw(st.binary()) + content[end:])
    try:
        houses = read_train(path, AMES)
    except UserError as error:
        assert str(error).startswith(f"{path}: ")
        assert one_line(str(error)).isprintable()
    else:
        assert len(houses) in (2, 3)
