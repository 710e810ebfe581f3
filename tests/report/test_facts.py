"""The facts of a page, compared with the run's own files."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.analysis.advice import advise
from pipeline.analysis.compare import compare
from pipeline.analysis.facts import read_facts
from pipeline.core.settings import train_command
from pipeline.kaggle import receipts
from pipeline.kaggle.receipts import COMPLETE, Receipt
from pipeline.report import score_figures as scores
from pipeline.runs.record import ModelScore
from pipeline.runs.store import find_run, list_runs, newest_baselines


def test_the_largest_errors_are_those_of_the_record(facts):
    shown, recorded = facts.largest_errors, facts.run.largest_errors
    assert list(shown["id"]) == [each.id for each in recorded]
    shares = [each.share for each in recorded]
    np.testing.assert_allclose(shown["share"], shares, rtol=1e-4)
    where = facts.rows.loc[shown.index, "Neighborhood"]
    assert list(where) == [each.place for each in recorded]


def run_of(facts, *scores_of):
    """The run with other scores, the first the best."""
    scored = [
        ModelScore(
            model="mlp",
            value=value,
            label=f"λ = {value:g}",
            chosen=(value, mean) == scores_of[0],
            folds=[mean - 0.02, mean + 0.02],
            mean=mean,
            std=0.02,
            pooled=mean,
            seconds=1.0,
        )
        for value, mean in scores_of
    ]
    return replace(facts.run, scores=sorted(scored, key=lambda score: score.value))


@pytest.mark.parametrize(
    ("scores_of", "words"),
    [
        ([(5, 0.1)], "Only one λ"),
        ([(5, 0.1), (1, 0.2)], "larger"),
        ([(1, 0.1), (5, 0.2)], "smaller"),
    ],
)
def test_advice_looks_beyond_the_edge_of_the_grid(facts, scores_of, words):
    run = run_of(facts, *scores_of)
    texts = [advice.text for advice in advise(facts._replace(run=run))]
    assert any(words in text for text in texts)
    assert len(texts) == 3


def test_a_decay_of_zero_or_inside_the_grid_needs_no_advice(facts):
    for values in ([(0, 0.1), (5, 0.2)], [(1, 0.1), (0, 0.2), (5, 0.2)]):
        run = run_of(facts, *values)
        assert len(advise(facts._replace(run=run))) == 2


def test_the_advice_on_lambda_keeps_all_other_settings(facts):
    settings = replace(facts.run.settings, folds=10, hidden=(128, 64), epochs=9)
    run = replace(run_of(facts, (3, 0.1)), settings=settings)
    (command,) = [
        each.command for each in advise(facts._replace(run=run)) if "λ" in each.text
    ]
    expected = replace(settings, lambdas=(0, 1, 2, 3, 5, 10, 20))
    assert command == train_command(expected)
    assert "--folds 10" in command
    assert "--hidden 128,64" in command


@pytest.mark.usefixtures("few_columns")
def test_the_score_on_kaggle_is_shown_and_submitting_no_longer_advised(folders, facts):
    path = folders.submissions / f"{facts.run.run_id}.csv"
    receipt = Receipt("", "", "", "", COMPLETE, public_score=0.25)
    receipts.write(path, receipt)
    found = read_facts(folders, find_run(folders))
    assert found.leaderboard == 0.25
    assert not any("submit" in advice.command for advice in advise(found))
    assert "actual 0.2500" in scores.forecast(found, scores.shared_axes([found])).desc


def test_of_many_folds_the_best_the_median_and_the_worst_are_drawn(facts):
    folds = [0.1 + 0.01 * (7 * fold % 11) for fold in range(11)]
    best = replace(facts.run.learner, folds=folds)
    history = pd.concat(
        [facts.history[facts.history["fold"] == 0].assign(fold=n) for n in range(11)]
    )
    run = replace(facts.run, scores=[best])
    found = facts._replace(run=run, history=history)
    drawn = scores.curves(found, scores.shared_axes([found]))
    order = np.argsort(folds)
    assert list(drawn) == [order[0], order[5], order[10]]


@pytest.mark.usefixtures("few_columns")
def test_two_runs_differ_by_the_difference_of_their_scores(folders):
    older, newer = (read_facts(folders, each) for each in list_runs(folders)[1::-1])
    rows = {row.name: row for row in compare([older, newer])}
    first, other = (facts.run.final.pooled for facts in (older, newer))
    difference, error = rows["difference to the first run"].cells[1].split(" ± ")
    difference = float(difference.replace("−", "-"))
    assert difference == pytest.approx(other - first, abs=1e-4)
    assert float(error) > 0
    assert rows["lambda"].cells == ["1", "0, 5, 20"]
    assert rows["lambda"].differs
    assert not rows["epochs"].differs


def test_the_baselines_are_those_of_the_newest_run_that_has_any(folders):
    assert newest_baselines(folders).baselines[-1].name == "train"
    (folders.runs / "0" / "run.json").unlink()
    assert newest_baselines(folders) is None
