"""run.json as typed data: what is accepted, and what is refused in one line."""

import json
import math
from dataclasses import replace

import pytest
from situations import QUICK

from pipeline.core.paths import Project
from pipeline.runs.record import Run
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
    diverged = replace(run.scores[0], weight_decay=9.0, pooled=math.nan)
    changed = replace(run, scores=[*run.scores, diverged], document=None)
    document = json.loads(json.dumps(changed.to_json(), allow_nan=False))
    assert document["scores"][1]["pooled"] is None
    read = Run.from_json(run.folder, document)
    assert math.isnan(read.scores[1].pooled)
    assert (read.scored, read.excluded) == (run.scores, [9.0])


def test_keys_of_newer_versions_are_ignored_and_kept(run):
    rewrite(run, lambda document: document["scores"][0].update(model="mlp"))
    read = find_run(Project(run.folder.parent.parent))
    assert read.scores == run.scores
    assert read.to_json()["scores"][0]["model"] == "mlp"


CHANGES = {
    "no forecast": lambda document: document.pop("forecast"),
    "another id": lambda document: document.update(run_id="elsewhere"),
    "a text for a number": lambda document: document.update(seconds="1"),
    "a list for a table": lambda document: document.update(files=[]),
    "null for a number": lambda document: document.update(seconds=None),
    "true for a number": lambda document: document.update(threads=True),
    "a number too large": lambda document: document.update(seconds=10**400),
    "no score of the best": lambda document: document.update(best_lambda=3.0),
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
