import torch

from pipeline.lessons import vectorization


def test_both_ways_of_adding_give_the_same_sum():
    a, b = torch.randn(2, 50)
    assert torch.equal(
        vectorization.add_elements(a, b), vectorization.add_at_once(a, b)
    )


def test_both_ways_of_predicting_give_the_same_prices(make_config):
    X, prices = vectorization.houses(make_config("both"))
    assert len(X) == len(prices) == 1460
    w = torch.linalg.lstsq(X, prices).solution
    each, at_once = (
        vectorization.predict_each(X, w),
        vectorization.predict_at_once(X, w),
    )
    assert torch.allclose(each, at_once)
    assert torch.corrcoef(torch.stack([at_once, prices]))[0, 1] > 0.85


def test_one_operation_is_faster_than_the_loop_and_more_so_for_longer_vectors(
    make_config, monkeypatch
):
    monkeypatch.setattr(vectorization, "SIZES", (1_000, 10_000))
    outcome = vectorization.run(make_config("both"))
    ratios = [each for each in outcome.measurements if each.quantity.endswith("ratio")]
    assert [each.within_tolerance for each in ratios] == [True, True, True]
    assert ratios[1].measured > ratios[0].measured
    (chart,) = outcome.charts
    assert chart.log_x and chart.log_y


def test_a_time_is_the_best_of_several_for_quick_operations():
    calls = []
    took = vectorization.seconds(lambda a, b: calls.append(a) or a, *torch.ones(2, 1))
    assert len(calls) > 5
    assert took < 0.01
