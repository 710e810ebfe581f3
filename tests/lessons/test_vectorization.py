import torch

from pipeline.lessons import vectorization


def test_both_ways_of_adding_give_the_same_sum():
    a, b = torch.randn(2, 50)
    assert torch.equal(vectorization.add_elements(a, b), vectorization.add_whole(a, b))


def test_all_real_houses_are_predicted_alike_both_ways(asked):
    X, prices = vectorization.houses(asked("both"))
    assert len(X) == len(prices) == 1460
    w = torch.linalg.lstsq(X, prices).solution
    each, whole = vectorization.predict_each(X, w), vectorization.predict_whole(X, w)
    assert torch.allclose(each, whole)
    assert torch.corrcoef(torch.stack([whole, prices]))[0, 1] > 0.85


def test_one_operation_beats_the_loop_and_more_so_for_longer_vectors(
    asked, monkeypatch
):
    monkeypatch.setattr(vectorization, "SIZES", (1_000, 10_000))
    outcome = vectorization.run(asked("both"))
    ratios = [row for row in outcome.rows if row.quantity.endswith("ratio")]
    assert [row.inside for row in ratios] == [True, True, True]
    assert ratios[1].measured > ratios[0].measured
    (chart,) = outcome.charts
    assert chart.log_x and chart.log_y


def test_a_time_is_the_best_of_several_for_quick_operations():
    calls = []
    took = vectorization.seconds(lambda a, b: calls.append(a) or a, *torch.ones(2, 1))
    assert len(calls) > 5
    assert took < 0.01
