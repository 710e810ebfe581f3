"""The page of a blend compares its models; a run without networks has a page too."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.analysis.advice import candidate_advice, compared
from pipeline.analysis.facts import read_facts
from pipeline.core.numbers import weights_text
from pipeline.report import score_figures as scores
from pipeline.report.page import draw, render
from pipeline.runs.store import find_run, list_runs

pytestmark = pytest.mark.usefixtures("few_columns")


@pytest.fixture
def boosted(blended):
    """A run of boosting alone."""
    return list_runs(blended)[1]


@pytest.fixture
def blend(blended):
    """A blend that was asked for as boosting first, with three λ."""
    return find_run(blended)


def page_of(*facts):
    return render(draw(facts), None)


def section(page, name):
    """The text of a section, without its markup."""
    found = re.search(rf'<section id="{name}">(.*?)</section>', page, re.DOTALL)
    return " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", found[1], flags=re.S).split())


def test_each_correlation_is_under_the_name_of_its_model(blended, blend):
    assert blend.models == ("mlp", "boosting")
    oof = pd.read_csv(blend.folder / "oof.csv").rename(columns={"prediction": "blend"})
    names = ["mlp", "boosting", "blend"]
    errors = np.log(oof[names]).sub(np.log(oof["SalePrice"]), axis=0)
    alike = errors.corr()
    (view,) = draw([read_facts(blended, blend)])
    others = [head.removeprefix("correlation with ") for head in view.correlation_heads]
    assert sorted(others) == ["boosting", "mlp"]
    assert [row[0] for row in view.models] == names
    for name, weight, pooled, _, typical, *correlations in view.models:
        assert weight == f"{blend.weights.get(name, 1):.2f}"
        assert correlations == [f"{alike.loc[name, other]:.2f}" for other in others]
        assert typical == f"{np.expm1(errors[name].abs().median()):.1%}"
        assert pooled == f"{np.sqrt((errors[name] ** 2).mean()):.4f}"
    assert len(set(view.models[-1][5:])) == 2


def test_the_difference_to_the_blend_is_that_of_the_pooled_scores(blended, blend):
    *models, last = draw([read_facts(blended, blend)])[0].models
    assert last[3] == ""
    for _, _, pooled, text, *_ in models:
        difference, error = text.replace("−", "-").split(" ± ")
        gap = float(pooled) - float(last[2])
        assert float(difference) == pytest.approx(gap, abs=2e-4)
        assert float(error) > 0


def test_models_without_any_spread_of_errors_have_no_correlation(blended, blend):
    facts = read_facts(blended, blend)
    exact = facts.results.assign(**{"by boosting": facts.results["actual"]})
    mlp, boosting, last = draw([facts._replace(results=exact)])[0].models
    assert mlp[5:] == ["1.00", "–"]
    assert boosting[5:] == ["–", "–"]
    assert last[6] == "–"


def test_the_page_of_a_blend_says_whose_curves_and_importance_it_shows(blended, blend):
    page = page_of(read_facts(blended, blend))
    assert '<a href="#models">' in page
    assert "Of the networks, one of the models of a blend" in page
    assert "Permutation importance for what the run predicts" in page
    corrected = f"{blend.cv_corrected:.4f}"
    assert f"Corrected for the choice among candidates: {corrected}." in page
    assert "which choices people made after seeing these rows" in page


def test_the_table_of_folds_has_every_lambda_every_model_and_the_blend(blended, blend):
    text = section(page_of(read_facts(blended, blend)), "folds")
    for score in blend.scores:
        pooled = f"{score.pooled:.4f}"
        gap = score.difference
        if gap is not None:
            signed = f"{gap:+.4f} ± {score.difference_error:.4f}".replace("-", "−")
            pooled += f" {signed}"
        assert pooled in text
    assert [score.model for score in blend.scores] == [
        *["mlp"] * 3,
        "boosting",
        "blend",
    ]


def with_differences(run, difference):
    """The run with all λ but the best that far from it, ± .01."""
    scores = [
        replace(score, difference=difference, difference_error=0.01)
        if not score.chosen
        else score
        for score in run.scores
    ]
    return replace(run, scores=scores)


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (0.02, "As good within two standard errors: {others}."),
        (0.021, "Worse by more than that: {others}."),
    ],
)
def test_the_lambdas_within_two_standard_errors_are_as_good(
    blended, blend, difference, words
):
    run = with_differences(blend, difference)
    others = ", ".join(each.label for each in run.scores if not each.chosen)
    facts = read_facts(blended, blend)._replace(run=run)
    text = section(page_of(facts), "folds")
    best = f"λ = {run.best_value:g} has the lowest score and is used."
    assert candidate_advice(run) == f"{best} {words.format(others=others)}"
    assert candidate_advice(run) in text


def test_the_figure_has_each_lambda_at_its_difference_to_the_best(blend):
    run = with_differences(blend, 0.02)
    ((chosen, others),) = compared(run)
    drawn = scores.candidates(run, chosen, others)
    (dots,) = [path.d for path in drawn.paths if path.kind == "value"]
    heights = [float(y) for y in re.findall(r"M[\d.]+ ([\d.]+)h0", dots)]
    (zero,) = [path.d for path in drawn.paths if path.kind == "zero"]
    at_zero = float(re.match(r"M[\d.]+ ([\d.]+)", zero)[1])
    best = [each.label for each in run.scores].index(chosen.label)
    assert heights.pop(best) == pytest.approx(at_zero, abs=0.1)
    assert len(set(heights)) == 1
    assert heights[0] < at_zero


def test_a_run_without_networks_has_a_page_that_says_so(blended, boosted):
    facts = read_facts(blended, boosted)
    assert facts.history is None
    assert len(facts.importance) == 3
    page = page_of(facts)
    learning = section(page, "learning")
    assert learning == "Learning curves This run has no networks of its own."
    assert "Permutation importance" in section(page, "columns")
    assert 'id="models"' not in page
    assert "#models" not in page
    assert "Residuals over YearBuilt" in page
    assert "Corrected for the choice" not in page


def test_a_blend_beside_a_single_model_shows_the_models_of_the_blend(blended, pipeline):
    blend, boosted = (run.run_id for run in list_runs(blended)[:2])
    shown = pipeline("report", boosted, blend, "--root", blended.root)
    assert shown.status == 0, shown.err
    path = blended.reports / f"{boosted}_{blend}.html"
    page = path.read_text(encoding="utf-8")
    models = section(page, "models")
    assert f"{boosted} Go to {blend} This run has one model." in models
    assert f"{blend} Go to {boosted} The models of the blend" in models
    assert f"{boosted} Go to {blend} This run has no networks" in section(
        page, "learning"
    )
    assert f"weights boosting {weights_text(find_run(blended).weights)}" in section(
        page, "summary"
    )


@pytest.mark.parametrize(
    "cell", ["-1", "0", "", "inf", "nan", "1e999", "<script>", "ten"]
)
def test_a_cell_of_a_model_that_is_no_price_is_a_line(blended, blend, pipeline, cell):
    path = blend.folder / "oof.csv"
    oof = pd.read_csv(path, dtype=str)
    oof.loc[3, "boosting"] = cell
    oof.to_csv(path, index=False)
    refused(pipeline("report", "--root", blended.root), blended)


@pytest.mark.parametrize("name", ["boosting", "mlp"])
def test_a_missing_column_of_a_model_is_a_line(blended, blend, pipeline, name):
    path = blend.folder / "oof.csv"
    pd.read_csv(path, dtype=str).drop(columns=name).to_csv(path, index=False)
    refused(pipeline("report", "--root", blended.root), blended)


def refused(result, project):
    """One line names the file, and no page is left behind."""
    assert result.status == 2
    assert "oof.csv: not as `pipeline train` writes it" in result.err
    assert result.err.count("\n") == 1
    assert not project.reports.exists()
