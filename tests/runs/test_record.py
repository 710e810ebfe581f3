"""run.json as typed data: what is accepted, and what is refused in one line."""

import json
import math
from dataclasses import replace

import pytest
from situations import QUICK

from pipeline.core.paths import Project
from pipeline.runs.record import FORMAT, Run
from pipeline.runs.store import find_run, list_runs


@pytest.fixture
def run(trained_project):
    return find_run(Project(trained_project))


def rewrite(run, change):
    """Change the record of a run."""
    document = json.loads(json.dumps(run.document))
    change(document)
    (run.folder / "run.json").write_text(json.dumps(document), encoding="utf-8")


def test_what_train_prints_is_what_is_read_again(pipeline, trained_project):
    shown = pipeline("train", "--root", trained_project, *QUICK, "--json", "--force")
    printed = json.loads(shown.out)
    run = find_run(Project(trained_project), printed["run_id"])
    assert {name: printed[name] for name in run.document} == run.document
    assert json.dumps(replace(run, document=None).to_json()) == json.dumps(run.document)


def test_a_score_that_is_missing_is_nan_in_code_and_null_in_json(run):
    diverged = replace(run.scores[0], value=9.0, chosen=False, pooled=math.nan)
    changed = replace(run, scores=[*run.scores, diverged], document=None)
    document = json.loads(json.dumps(changed.to_json(), allow_nan=False))
    assert document["scores"][1]["pooled"] is None
    read = Run.from_json(run.folder, document)
    assert math.isnan(read.scores[1].pooled)
    assert [score.failed for score in read.scores] == [False, True]


def test_keys_of_newer_versions_are_ignored_and_kept(run):
    rewrite(run, lambda document: document["scores"][0].update(model="mlp"))
    read = find_run(Project(run.folder.parent.parent))
    assert read.scores == run.scores
    assert read.to_json()["scores"][0]["model"] == "mlp"


BASELINE = {"name": "mean", "what": "the mean", "folds": [0.4], "accuracy": None}
BASELINE |= {"mean": 0.4, "std": 0.1, "pooled": 0.4, "seconds": 0.1}

CHANGES = {
    "no forecast": lambda document: document.pop("forecast"),
    "another id": lambda document: document.update(run_id="elsewhere"),
    "a text for a number": lambda document: document.update(seconds="1"),
    "a list for a table": lambda document: document.update(files=[]),
    "null for a number": lambda document: document.update(seconds=None),
    "true for a number": lambda document: document.update(threads=True),
    "a number too large": lambda document: document.update(seconds=10**400),
    "no chosen score": lambda document: document["scores"][0].update(chosen=False),
    "a chosen score that is missing": lambda document: document["scores"][0].update(
        pooled=None
    ),
    "a model without a weight": lambda document: document["scores"].append(
        document["scores"][0] | {"model": "blend", "weights": {}}
    ),
    "a weight of another model": lambda document: document["scores"].append(
        document["scores"][0] | {"model": "blend", "weights": {"ridge": 1.0}}
    ),
    "a weight below 0": lambda document: document["scores"].append(
        document["scores"][0] | {"model": "blend", "weights": {"mlp": -1.0}}
    ),
    "weights that do not sum to one": lambda document: document["scores"].append(
        document["scores"][0] | {"model": "blend", "weights": {"mlp": 0.5}}
    ),
    "a baseline outside": lambda document: document.update(
        baselines=[BASELINE | {"name": "../../x"}]
    ),
    "a baseline that is the folder above": lambda document: document.update(
        baselines=[BASELINE | {"name": ".."}]
    ),
    "a baseline without a name": lambda document: document.update(
        baselines=[BASELINE | {"name": ""}]
    ),
    "a baseline on another drive": lambda document: document.update(
        baselines=[BASELINE | {"name": "C:x"}]
    ),
    "a file outside": lambda document: document["files"].update({"../../x": None}),
    "a file of the system": lambda document: document["files"].update({"/x": None}),
    "a file beyond Windows": lambda document: document["files"].update({"..\\x": None}),
    "no scores": lambda document: document.update(scores=[]),
    "a bad score": lambda document: document["scores"][0].update(folds=[[1]]),
    "a fold without a score": lambda document: document["scores"][0]["folds"].pop(),
    "a bad setting": lambda document: document["settings"].update(folds=0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_record_that_train_did_not_write_is_refused_and_not_listed(
    change, pipeline, run, trained_project
):
    rewrite(run, CHANGES[change])
    assert list_runs(Project(trained_project)) == []
    result = pipeline("submit", "--root", trained_project)
    assert (result.status, result.err.count("\n")) == (2, 1)
    assert f"{run.folder / 'run.json'}: not the record of this run (" in result.err


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(None, "train again"), (0, "train again"), (99, "update this package")],
)
def test_a_record_of_another_format_is_refused_in_one_line(
    number, remedy, pipeline, run, trained_project
):
    rewrite(run, lambda document: document.update(format=number))
    if number is None:
        rewrite(run, lambda document: document.pop("format"))
    assert list_runs(Project(trained_project)) == []
    result = pipeline("submit", "--root", trained_project)
    assert (result.status, result.err.count("\n")) == (2, 1)
    assert f"run.json: format {number or 0} instead of {FORMAT}" in result.err
    assert remedy in result.err


KEYS = """format run_id created fingerprint inputs settings metric cv cv_corrected
scores diverged forecast largest_errors seconds schema own_columns units unseen_words
history_of columns headers target_bounds threads versions files digest best_lambda
cv_log_rmse steps weights"""
FILES = """history.csv oof.csv predictions.csv run.json test_by_fold.csv
weights.safetensors"""


def test_another_key_or_file_needs_another_format(run):
    """If this fails, raise `FORMAT` in runs/record.py, and change the lists."""
    assert FORMAT == 4
    assert set(run.document) == set(KEYS.split())
    assert {path.name for path in run.folder.iterdir()} == set(FILES.split())
