"""A network that diverged is named, shown, and left out of every score."""

import numpy as np
import pandas as pd
import pytest
from situations import EDGE, QUICK, strict

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.models.mlp import name_failures
from pipeline.models.model import Failure
from pipeline.network.replicas import Trained, diverged_epochs
from pipeline.network.seeds import Replica
from pipeline.runs.store import find_run

FAR = ("--lr", 1e30, "--lambda", 0, "--lambda", 5)

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


@pytest.fixture
def at_the_edge(pipeline, trained_project):
    """The record of a run in which some networks diverged."""
    shown = pipeline("train", "--root", trained_project, *QUICK, *EDGE, "--json")
    assert shown.status == 0, shown.err
    record = strict(shown.out)
    assert record["diverged"]
    return record


def test_it_is_named_and_its_lambda_is_left_out_of_the_choice(at_the_edge):
    lost, kept = at_the_edge["scores"]
    named = at_the_edge["diverged"]
    assert {each["lambda"] for each in named} == {0.0}
    assert all(each["seed"] == 0 and 1 <= each["epoch"] <= 2 for each in named)
    without = [fold for fold, score in enumerate(lost["folds"], 1) if score is None]
    assert without == [each["fold"] for each in named]
    assert 0 < len(without) < 5
    assert [lost[name] for name in ("mean", "std", "pooled")] == [None] * 3
    assert at_the_edge["best_lambda"] == kept["lambda"] == 5
    assert at_the_edge["cv_log_rmse"] == kept["pooled"] > 0


def test_its_errors_are_empty_cells_from_the_epoch_that_is_named(
    at_the_edge, trained_project
):
    folder = trained_project / "runs" / at_the_edge["run_id"]
    history = pd.read_csv(folder / "history.csv")
    assert len(history) == 2 * 5 * 2
    empty = history[history[["train", "valid"]].isna().any(axis=1)]
    first = empty.groupby(["lambda", "fold", "seed"])["epoch"].min().reset_index()
    named = [{name: each[name] for name in first} for each in at_the_edge["diverged"]]
    assert first.to_dict("records") == named
    written = strict((folder / "run.json").read_text())
    assert written.items() <= at_the_edge.items()


def test_the_table_shows_it_and_a_line_names_the_network(
    pipeline, at_the_edge, trained_project
):
    shown = pipeline("train", "--root", trained_project, *QUICK, *EDGE)
    assert "up to date" in shown.out
    row = next(line for line in shown.out.splitlines() if "mlp, λ = 0 " in line)
    replicas = row.partition("λ = 0 ")[2].replace(" ± ", "±").split()
    folds = [score is None for score in at_the_edge["scores"][0]["folds"]]
    assert [replica == "diverged" for replica in replicas[:5]] == folds
    assert replicas[5:7] == ["–", "–"]
    first = min(at_the_edge["diverged"], key=lambda each: each["epoch"])
    assert (
        f"λ = 0 is excluded: network 1 of fold {first['fold']} "
        f"diverged in epoch {first['epoch']}"
    ) in shown.out


def test_its_run_is_listed_drawn_reported_and_submitted(
    pipeline, at_the_edge, trained_project
):
    run = at_the_edge["run_id"]
    for command in ("runs", "submit", "report", ("train", *QUICK, *EDGE)):
        words = [command] if isinstance(command, str) else command
        result = pipeline(*words, "--root", trained_project)
        assert result.status == 0, result.err
    page = (trained_project / "reports" / f"{run}.html").read_text()
    assert "since a network diverged: λ = 0." in page
    shown = find_run(Project(trained_project), run)
    assert [score.value for score in shown.scores if not score.failed] == [5]


def test_where_every_lambda_diverged_nothing_is_written(pipeline, trained_project):
    before = sorted(trained_project.rglob("*"))
    result = pipeline("train", "--root", trained_project, *QUICK, *FAR)
    assert (result.status, result.out) == (2, "")
    *progress, line = result.err.splitlines()
    assert line.startswith("error: --lr 1e+30: networks of every λ diverged")
    assert "use a lower --lr" in line
    assert "diverged" in progress[-1]
    assert sorted(trained_project.rglob("*")) == before


def trained(train, valid, transformed):
    return Trained({}, *map(np.array, (transformed, train, valid)))


def test_a_network_with_a_number_that_is_not_finite_has_diverged():
    fine, nan, inf = [1.0, 0.5, 0.2], [1.0, np.nan, np.nan], [1.0, np.inf, 0.2]
    result = trained(
        train=[[fine, nan, fine, fine]],
        valid=[[fine, fine, inf, fine]],
        transformed=[
            [[12.0, 99.0, np.nan]] * 3 + [[12.0, np.nan, -np.inf]],
        ],
    )
    unseen = np.array([[0, 1]] * 3 + [[0, 2]])
    assert diverged_epochs(result, unseen).tolist() == [[0, 2, 2, 3]]


def test_the_networks_are_named_by_lambda_fold_seed_and_epoch():
    settings = Settings(lambdas=(0.0, 5.0), folds=2, seeds=1)
    replicas = [Replica(0, 0), Replica(1, 0)]
    (named,) = name_failures(np.array([[0, 7], [0, 0]]), replicas, settings)
    assert named == Failure(0, fold=1, seed=0, epoch=7)
    with pytest.raises(
        UserError, match="the first with λ = 5, fold 1, network 1 in epoch 3"
    ):
        name_failures(np.array([[0, 7], [3, 0]]), replicas, settings)
