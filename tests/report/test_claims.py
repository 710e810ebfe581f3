"""What the page and the terminal say of the errors follows from the errors."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.analysis.advice import largest_share
from pipeline.analysis.importance import Importance
from pipeline.cli.train import show_scores
from pipeline.report import error_figures, score_figures
from pipeline.report.page import draw, render

REGRESSION = "regression to the mean"


def with_errors(facts, errors):
    """Facts with these errors of logs."""
    results = facts.results
    prediction = results["actual"] * np.exp(errors)
    losses = errors**2
    return facts._replace(
        results=results.assign(
            error=errors, prediction=prediction, share=losses / losses.sum()
        )
    )


@pytest.fixture
def even(facts):
    """Errors that are all of one size, above and below by turns."""
    return with_errors(facts, 0.1 * (-1.0) ** np.arange(len(facts.results)))


@pytest.fixture
def lopsided(facts):
    """Errors that are large in ten rows."""
    sizes = np.where(np.arange(len(facts.results)) < 10, 1.0, 0.001)
    return with_errors(facts, sizes)


def test_the_share_of_the_largest_errors_is_theirs(even, lopsided):
    assert largest_share(even) == "10 of 120 rows make up 8% of the squared error"
    assert largest_share(lopsided) == "10 of 120 rows make up 100% of the squared error"


def test_no_output_says_that_a_few_rows_dominate(even, capsys):
    page = render(draw([even]), None)
    show_scores(even.run)
    assert "8% of the squared error" in page
    assert "dominate" not in page + capsys.readouterr().out


@pytest.mark.parametrize(("sign", "is_said"), [(-1, True), (1, False), (0, False)])
def test_regression_to_the_mean_is_said_where_it_is(sign, is_said, facts):
    logs = np.log(facts.results["actual"])
    found = with_errors(facts, 0.3 * sign * (logs - logs.median()) + 1e-6)
    drawing = error_figures.residuals(found, found.schema.target)
    assert (REGRESSION in drawing.desc) is is_said
    assert (REGRESSION in render(draw([found]), None)) is is_said


@pytest.mark.parametrize(
    ("increases", "text"),
    [
        ((0.1, 0.05, 0.02, 0.01), "Most important: a, b, c."),
        ((0.1, 0.0, -0.01), "Most important: a."),
        ((0.0, -0.01), "Most important: no column."),
    ],
)
def test_only_columns_that_matter_are_called_important(increases, text):
    found = [
        Importance(name, [each], each)
        for name, each in zip("abcd", increases, strict=False)
    ]
    assert score_figures.importance(found).desc == text


def test_dropout_is_named_only_where_there_is_some(facts):
    assert "with dropout" in render(draw([facts]), None)
    settings = replace(facts.run.settings, dropout=0.0)
    without = facts._replace(run=replace(facts.run, settings=settings))
    assert "with dropout" not in render(draw([without]), None)
