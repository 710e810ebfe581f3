"""Hostile tables are used as they should be, or refused in one line."""

import itertools
import json
import tomllib
import warnings

import numpy as np
import pandas as pd
import pytest
from examples import tries
from hostile_changes import hostile
from hostile_tables import FILES, NEW, TEST, TRAIN, case_of
from hypothesis import HealthCheck, given
from small_tables import files_below

from pipeline.core.errors import one_line

RIDGE = ("train", "--model", "ridge", "--folds", 2, "--jobs", 1)


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    """Names of new folders."""
    folder = tmp_path_factory.mktemp("hostile")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(scope="module")
def sound_predictions():
    """The predictions for the unchanged table, once a test has made them."""
    return []


class RefusedError(Exception):
    """A command ended with status 2."""


def write(root, case):
    for file in FILES:
        path = root / "data" / "raw" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(case.content(file))


def outcome(pipeline, root, changes):
    """Run all commands and return what they print, the case and the predictions.

    Raises:
        RefusedError: A command was refused; what it wrote and said was as it must be.
    """
    shown = []

    def run(*command):
        before = {path: path.read_bytes() for path in files_below(root)}
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            result = pipeline(*command, "--root", root)
        shown.append(result.out)
        if result.status:
            assert result.status == 2
            *_, line = result.err.splitlines()
            assert result.err.count("error: ") == 1
            assert line.startswith("error: ")
            assert line.isprintable()
            assert before == {path: path.read_bytes() for path in files_below(root)}
            raise RefusedError(line)

    case = case_of(changes)
    write(root, case)
    raw = root / "data" / "raw"
    names = case.names
    ids = ("--id", names.get("ref", "ref"), "--target", names.get("y", "y"))
    run("schema", *ids)
    case_of(changes, late=True, case=case)
    write(root, case)
    schema = raw / "schema.toml"
    schema.write_text(case.schema(schema.read_text(encoding="utf-8")), encoding="utf-8")
    for command in (("preprocess",), RIDGE, ("submit",)):
        run(*command)
    (submitted,) = (root / "submissions").iterdir()
    found = {}
    for file in (TEST, NEW):
        run("predict", raw / file, "-o", root / f"of {file}")
        found[file] = pd.read_csv(
            root / f"of {file}", dtype={0: str}, keep_default_na=False
        )
    assert submitted.read_bytes() == (root / f"of {TEST}").read_bytes()
    return "\n".join(shown), case, found


def check_columns(root, case, changes, shown):
    """Check that each column is used, or named as left out."""
    schema = tomllib.loads((root / "data/raw/schema.toml").read_text(encoding="utf-8"))
    left_out = set(schema.get("left_out", []))
    names = {name: case.names.get(name, name) for name in case.frames[TRAIN]}
    expected = {"note", *(change.left_out for change in changes if change.left_out)}
    assert left_out == {names[name] for name in expected}
    used = {*schema["columns"], schema["id"], schema["target"]}
    assert used | left_out == {*names.values()}
    for name in left_out:
        assert one_line(name)[:12].strip() in shown
    (record,) = root.glob("runs/*/run.json")
    read = json.loads(record.read_text(encoding="utf-8"))["columns"]["expanded"]
    for name in schema["columns"]:
        assert any(each.startswith(name) for each in read), name


def check_refusal(line, changes):
    """Check that the line names a file, and one of the changes."""
    assert any(file in line for file in (*FILES, "schema.toml")), line
    expected = [change.refused for change in changes if change.refused]
    for old, new in case_of(changes).names.items():
        shown = f"column {one_line(new)}"
        expected = [text.replace(f"column {old}", shown) for text in expected]
    assert any(text in line for text in expected), (line, expected)


def check_predictions(ids, predicted, changes, expected):
    """Check that each row has a finite prediction, and the right one if it is known."""
    numbers = predicted.iloc[:, 1].astype(float).to_numpy()
    assert list(predicted.iloc[:, 0]) == list(ids)
    assert np.isfinite(numbers).all()
    if all(change.same for change in changes):
        for change in changes:
            numbers = change.target(numbers) if change.target else numbers
        most = 2e-3 * np.ptp(expected)
        np.testing.assert_allclose(numbers, expected, rtol=0, atol=most)


def check(pipeline, roots, sound_predictions, changes):
    if not sound_predictions:
        _, _, found = outcome(pipeline, next(roots), [])
        sound_predictions.append(found[TEST].iloc[:, 1].astype(float).to_numpy())
    root = next(roots)
    try:
        shown, case, found = outcome(pipeline, root, changes)
    except RefusedError as error:
        check_refusal(str(error), changes)
        return
    assert not any(change.refused for change in changes)
    assert all(change.said in shown for change in changes)
    check_columns(root, case, changes, shown)
    for file, predicted in found.items():
        ids = case.frames[file]["ref"]
        check_predictions(ids, predicted, changes, sound_predictions[0])


@tries(12, suppressed=HealthCheck)
@given(hostile())
def test_a_hostile_table_is_used_or_refused(
    pipeline, roots, sound_predictions, changes
):
    check(pipeline, roots, sound_predictions, changes)


@pytest.mark.slow
@tries(300, suppressed=HealthCheck)
@given(hostile())
def test_300_hostile_tables(pipeline, roots, sound_predictions, changes):
    check(pipeline, roots, sound_predictions, changes)
