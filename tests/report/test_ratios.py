"""The measures of assessors, compared with tables whose measures are known."""

import re

import numpy as np
import pytest
from scipy.stats import linregress

from pipeline.analysis.ratios import Ratios
from pipeline.report.page import draw, render

PRICES = np.array([100.0, 200, 300, 400])


def test_dispersion_and_differential_are_those_worked_out_by_hand():
    predicted = PRICES * [1.2, 1.1, 1.0, 0.9]
    found = Ratios.of(predicted, PRICES)
    assert found.median == pytest.approx(1.05)
    # The ratios are .15, .05, .05 and .15 away from the median.
    assert found.cod == pytest.approx(100 * 0.1 / 1.05)
    # Their mean is 1.05, and all predictions together are 1,000 for prices of 1,000.
    assert found.prd == pytest.approx(1.05)


@pytest.mark.parametrize("bias", [-0.08, 0.0, 0.03])
def test_the_bias_of_a_table_that_is_made_with_it_is_found(bias):
    doublings = np.linspace(-2, 2, 41)
    value, ratio = 100 * 2**doublings, 1 + bias * doublings
    prices = 2 * value / (1 + ratio)  # so that value is the mean of both
    found = Ratios.of(ratio * prices, prices)
    assert found.median == pytest.approx(1)
    assert found.prb == pytest.approx(bias, abs=1e-12)
    assert found.prb_error == pytest.approx(0, abs=1e-9)


def test_the_bias_and_its_error_are_those_of_an_ordinary_regression():
    generator = np.random.default_rng(0)
    prices = np.exp(generator.normal(12, 0.4, 300))
    predicted = prices**0.95 * np.exp(0.6 + generator.normal(0, 0.1, 300))
    median = np.median(predicted / prices)
    value = np.log((prices + predicted / median) / 2) / np.log(2)
    expected = linregress(value, (predicted / prices - median) / median)
    found = Ratios.of(predicted, prices)
    assert found.prb == pytest.approx(expected.slope)
    assert found.prb_error == pytest.approx(expected.stderr)


def test_exact_predictions_have_no_dispersion_and_no_bias():
    found = Ratios.of(PRICES, PRICES)
    assert (found.cod, found.prd, found.prb, found.prb_error) == (0, 1, 0, 0)
    assert Ratios.of(np.full(4, 7.0), np.full(4, 7.0)).prb == 0


@pytest.mark.parametrize("lowest", [0.0, -1.0])
def test_targets_or_predictions_that_are_not_above_0_have_no_ratios(lowest):
    other = np.array([lowest, 200, 300, 400])
    assert Ratios.of(PRICES, other) is None
    assert Ratios.of(other, PRICES) is None


def test_the_sentences_follow_from_the_values():
    cod, prd, prb = Ratios(1.05, 16.2, 0.97, -0.061, 0.02).measures()
    assert cod.meaning == (
        "On average a ratio is 16.2% above or below the median ratio, 1.050. "
        "It is above the usual range."
    )
    assert "expensive rows have the higher ratios. It is below" in prd.meaning
    assert prb.meaning == (
        "At twice the price the ratio is 6.1% lower. It is below the usual range."
    )
    assert (prb.value, prb.usual) == ("−0.061 ± 0.020", "−0.05 to 0.05")
    _, prd, _ = Ratios(1.0, 8.0, 1.0002, 0.01, 0.02).measures()
    assert prd.meaning.endswith("cheap and expensive rows have about the same ratios.")
    _, prd, prb = Ratios(1.0, 8.0, 1.01, 0.01, 0.02).measures()
    assert prd.meaning.endswith("cheap rows have the higher ratios.")
    assert prb.meaning == (
        "At twice the price the ratio is 1.0% higher, not told apart from no "
        "difference."
    )


def test_the_page_has_them_for_positive_targets_alone(facts):
    found = facts.ratios
    page = render(draw([facts]), None)
    assert "Standard on Ratio Studies" in page
    cells = re.findall(
        r'<th scope="row">PR.</th><td>.*?</td><td class="n">(.*?)<', page
    )
    expected = [f"{found.prd:.3f}", f"{found.prb:.3f} ± {found.prb_error:.3f}"]
    assert cells == [text.replace("-", "−") for text in expected]
    below = facts.results.assign(actual=facts.results["actual"] * 0.0)
    assert "Ratio Studies" not in render(draw([facts._replace(results=below)]), None)
