"""Predictions stay within the bounds fitted on a fold's training rows."""

import numpy as np
import pandas as pd

from pipeline.validation.clipping import PriceBounds, RowBounds

MARGIN = 0.2

WHERE = pd.Series(["NAmes", "NAmes", "OldTown", None])
BOUNDS = PriceBounds.fit(WHERE, np.array([11.0, 12.0, 10.0, 13.0]), MARGIN)


def test_the_ceiling_is_a_margin_above_the_highest_price_of_the_neighbourhood():
    ceiling = BOUNDS.ceiling_of(pd.Series(["NAmes", "OldTown"]))
    np.testing.assert_allclose(ceiling, [12 + MARGIN, 10 + MARGIN])


def test_an_unseen_neighbourhood_has_the_highest_price_of_all_as_ceiling():
    np.testing.assert_array_equal(
        BOUNDS.ceiling_of(pd.Series(["Veenker", None])), [13.0, 13.0]
    )


def test_the_floor_is_the_lowest_price():
    assert BOUNDS.floor == 10.0


def test_log_prices_are_clipped_by_the_bounds_of_their_fold_and_row():
    lower = PriceBounds.fit(WHERE, np.array([1.0, 2.0, 0.5, 3.0]), MARGIN)
    bounds = RowBounds.of([BOUNDS, lower], pd.Series(["NAmes", None, "OldTown"]))
    log_price = np.array([[99.0, 12.5, 0.0], [99.0, 99.0, 0.6]])
    expected = [[12 + MARGIN, 12.5, 10.0], [2 + MARGIN, 3.0, 0.6]]
    np.testing.assert_allclose(bounds.clip(log_price), expected)
