"""The page of one run explains its largest errors."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from pipeline.analysis.facts import EXPLAINED, read_facts
from pipeline.core.metrics import METRICS
from pipeline.explain.explanation import BOUNDS, Contribution, Explanation
from pipeline.report.page import draw, render
from pipeline.runs.store import find_run, list_runs

pytestmark = pytest.mark.usefixtures("few_columns")


def section(page):
    """The text of the section of the largest errors, without its markup."""
    found = re.search(r'<section id="largest-errors">(.*?)</section>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def page_of(folders, run):
    return render(draw([read_facts(folders, run, explained=True)]), None)


def test_the_largest_errors_are_explained_by_what_predicted_them(blended):
    run = find_run(blended)
    oof = pd.read_csv(run.folder / "oof.csv").set_index("Id")
    facts = read_facts(blended, run, explained=True)
    explained = facts.explanations
    assert [each.id for each in explained] == list(facts.largest_errors["id"])[:5]
    for each in explained:
        assert each.prediction == oof.loc[each.id, "prediction"]
        assert each.base + sum(each.steps()) == pytest.approx(each.prediction, abs=1)
        for similar in each.similar:
            assert similar.target == oof.loc[similar.id, "SalePrice"]
    text = section(render(draw([facts]), None))
    assert f"The {EXPLAINED} largest errors explained" in text
    assert text.count("What each column multiplies the target by") == EXPLAINED
    assert text.count("The most similar training rows") == EXPLAINED
    for each in explained:
        start = text.index(f"Id {each.id} Predicted {each.prediction:,.0f}, actual")
        inside = each.low <= oof.loc[each.id, "SalePrice"] <= each.high
        outside = "; the actual SalePrice is outside." in text[start : start + 150]
        assert outside is not inside


def test_a_run_without_trees_says_once_that_similar_rows_need_boosting(folders):
    text = section(page_of(folders, find_run(folders)))
    assert text.count("Similar rows need boosting: pipeline train") == 1
    assert "The most similar training rows" not in text
    assert text.count("typical rows") == 2 * EXPLAINED


def test_a_blend_of_runs_is_explained_as_long_as_these_runs_are_there(
    blended, pipeline
):
    ids = [run.run_id for run in list_runs(blended)]
    assert pipeline("blend", *ids, "--root", blended.root).status == 0
    run = find_run(blended)
    assert "largest errors explained" in section(page_of(blended, run))
    (blended.runs / ids[0] / "weights.safetensors").unlink()
    text = section(page_of(blended, run))
    assert "Not explained: data/raw has changed" in text
    assert "a run that it blends is missing or has changed" in text


def test_runs_side_by_side_are_not_explained(pair_path):
    text = section(pair_path.read_text(encoding="utf-8"))
    assert "xplained" not in text


def table_of(effects, metric="log-rmse", *, base=100.0, most=1):
    contributions = [Contribution(name, 1, each, 0.01) for name, each in effects]
    scale = METRICS[metric]
    found = Explanation(7, 0.0, 0, 0, None, base, contributions, scale)
    found = replace(found, prediction=base + sum(found.steps()))
    return found.table("price", most)


def test_the_target_bounds_have_a_line_however_many_columns_there_are():
    effects = [("size", 2.0), ("age", 0.5), ("colour", 1.1), (BOUNDS, 0.5)]
    texts, numbers, lines = table_of(effects)
    assert [*texts, *numbers] == ["column", "value", "×", "± error", "change of price"]
    assert [[line[0], line[-1]] for line in lines] == [
        ["typical rows", "100"],
        ["size", "+100"],
        ["2 others", "−90"],  # 200 × .5 × 1.1 = 110
        [BOUNDS, "−55"],
        ["prediction", "55"],
    ]
    assert lines[1][2:4] == ["2.000", "0.010"]


def test_effects_that_are_added_are_the_changes_themselves():
    _, numbers, lines = table_of([("size", 20.0), ("age", -5.0)], "rmse", most=9)
    assert numbers == ["± error", "change of price"]
    assert [line[-1] for line in lines] == ["100", "+20", "−5", "115"]
