import torch
from lesson_results import axes_of, curves_of

from pipeline.core.paths import Project
from pipeline.lessons import vectorization


def test_all_ways_of_adding_give_the_same_sum():
    a, b = torch.randn(2, 50)
    lists = vectorization.add_lists(a.tolist(), b.tolist())
    assert torch.allclose(torch.tensor(lists), a + b)
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


def test_both_loops_are_compared_with_one_operation_without_a_tolerance(run_one):
    result = run_one("vectorization", SIZES=(1_000, 2_000))
    rows = {row.quantity: row for row in result.rows}
    elements = rows["adding 1,000 numbers: elements / at once"]
    lists = rows["adding 1,000 numbers: lists / at once"]
    assert (elements.published, lists.published) == ("24 and 246", "")
    assert elements.measured > lists.measured
    assert elements.measured > 1
    banded = [name for name, row in rows.items() if row.band]
    assert banded == ["largest price difference, row by row and at once ($)"]
    assert rows[banded[0]].inside
    axes = axes_of(result, "time")
    assert axes.get_xscale() == axes.get_yscale() == "log"
    curves = curves_of(axes)
    assert [*curves] == ["lists", "elements of tensors", "at once"]
    times = [curve[1][0] for curve in curves.values()]
    assert elements.measured == times[1] / times[2]
    assert f"{times[1] / times[2]:,.0f} times." in result.seen[0]


def test_a_time_is_the_best_of_several_for_quick_operations():
    calls = []
    took = vectorization.seconds(lambda a, b: calls.append(a) or a, *torch.ones(2, 1))
    assert len(calls) > 5
    assert took < 0.01
