import torch
from lesson_results import axes_of

from pipeline.core.paths import Project
from pipeline.lessons import vectorization


def test_both_ways_of_adding_give_the_same_sum():
    a, b = torch.randn(2, 50)
    assert torch.equal(
        vectorization.add_elements(a, b), vectorization.add_at_once(a, b)
    )


def test_both_ways_of_predicting_give_the_same_prices(root):
    X, prices = vectorization.houses(Project(root))
    assert len(X) == len(prices) == 1460
    w = torch.linalg.lstsq(X, prices).solution
    by_row = vectorization.predict_each(X, w)
    at_once = vectorization.predict_at_once(X, w)
    assert torch.allclose(by_row, at_once)
    assert torch.corrcoef(torch.stack([at_once, prices]))[0, 1] > 0.85


def test_one_operation_is_faster_than_the_loop_and_more_so_for_longer_vectors(run_one):
    result = run_one("vectorization", SIZES=(1_000, 10_000))
    ratios = [row for row in result.rows if row.quantity.endswith("ratio")]
    assert [row.inside for row in ratios] == [True, True, True]
    assert ratios[1].measured > ratios[0].measured
    axes = axes_of(result, "time")
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_a_time_is_the_best_of_several_for_quick_operations():
    calls = []
    took = vectorization.seconds(lambda a, b: calls.append(a) or a, *torch.ones(2, 1))
    assert len(calls) > 5
    assert took < 0.01
