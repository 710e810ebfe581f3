"""What a page says of a run, against the run's own files."""

import math

import numpy as np
import pandas as pd
import pytest

from pipeline.kaggle import receipts
from pipeline.kaggle.receipts import COMPLETE, Sent
from pipeline.report.advice import advise
from pipeline.report.compare import compare
from pipeline.report.facts import read_facts
from pipeline.report.figures import residuals, scores
from pipeline.runs.record import LambdaScore, newest_ladder, read_record
from pipeline.runs.store import find_run, list_runs


def test_the_houses_that_cost_most_are_those_of_the_record(folders, facts):
    worst = facts.houses.nlargest(residuals.LARGEST_ERRORS, "share")
    kept = pd.DataFrame(find_run(folders)["costliest"])
    assert list(worst["Id"]) == list(kept["Id"])
    np.testing.assert_allclose(worst["share"], kept["share"], rtol=1e-4)
    assert list(worst["Neighborhood"]) == list(kept["Neighborhood"])


def record_of(folders, *scores_of):
    """The run's record with other scores, the first the best."""
    scored = [
        LambdaScore(value, [mean - 0.02, mean + 0.02], mean, 0.02, mean, 1.0)
        for value, mean in scores_of
    ]
    record = read_record(folders, find_run(folders))
    return record._replace(best=scored[0], scores=sorted(scored))


def test_the_simplest_is_the_largest_decay_within_a_standard_error(folders):
    error = 0.02 / math.sqrt(2)
    inside, outside = 0.1 + error - 1e-9, 0.1 + error + 1e-9
    record = record_of(folders, (1, 0.1), (0, inside), (5, inside), (20, outside))
    assert record.simplest.value == 5
    assert record_of(folders, (1, 0.1), (5, outside)).simplest.value == 1


@pytest.mark.parametrize(
    ("scores_of", "words"),
    [
        ([(5, 0.1)], "Only one λ"),
        ([(5, 0.1), (1, 0.2)], "larger"),
        ([(1, 0.1), (5, 0.2)], "smaller"),
    ],
)
def test_advice_looks_beyond_the_edge_of_the_grid(folders, facts, scores_of, words):
    record = record_of(folders, *scores_of)
    texts = [advice.text for advice in advise(facts._replace(record=record))]
    assert any(words in text for text in texts)
    assert len(texts) == 3


def test_a_decay_of_zero_or_amid_the_grid_needs_no_advice(folders, facts):
    for values in ([(0, 0.1), (5, 0.2)], [(1, 0.1), (0, 0.2), (5, 0.2)]):
        record = record_of(folders, *values)
        assert len(advise(facts._replace(record=record))) == 2


@pytest.mark.usefixtures("few_columns")
def test_what_kaggle_gave_is_shown_and_no_longer_advised(folders, facts):
    path = folders.submissions / f"{facts.record.run_id}.csv"
    sent = Sent("", "", "", "", COMPLETE, public_score=0.25)
    receipts.write(path, sent)
    found = read_facts(folders, find_run(folders))
    assert found.leaderboard == 0.25
    assert not any("submit" in advice.command for advice in advise(found))
    assert "0.2500 got" in scores.forecast(found.record, 0.25).desc


def test_of_many_folds_the_best_the_median_and_the_worst_are_drawn(folders, facts):
    folds = [0.1 + 0.01 * (7 * fold % 11) for fold in range(11)]
    best = facts.record.best._replace(folds=folds)
    history = pd.concat(
        [facts.history[facts.history["fold"] == 0].assign(fold=n) for n in range(11)]
    )
    drawn = scores.curves(facts.record._replace(best=best), history)
    order = np.argsort(folds)
    assert list(drawn) == [order[0], order[5], order[10]]


@pytest.mark.usefixtures("few_columns")
def test_a_run_is_worse_than_another_by_the_difference_of_their_scores(folders):
    older, newer = (read_facts(folders, each) for each in list_runs(folders)[1::-1])
    rows = {row.name: row for row in compare([older, newer])}
    first, other = (facts.record.best.pooled for facts in (older, newer))
    behind, error = rows["worse than the first"].cells[1].split(" ± ")
    behind = float(behind.replace("−", "-"))
    assert behind == pytest.approx(other - first, abs=1e-4)
    assert float(error) > 0
    assert rows["lambdas"].cells == ["5", "0, 5, 20"]
    assert rows["lambdas"].differs
    assert not rows["epochs"].differs


def test_the_ladder_is_the_newest_one_or_none(folders):
    assert [rung.name for rung in newest_ladder(folders).rungs][-1] == "train"
    (folders.runs / "0" / "run.json").unlink()
    assert newest_ladder(folders) is None
