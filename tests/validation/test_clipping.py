"""Predictions stay within the bounds fitted on a fold's training rows."""

import numpy as np
import pandas as pd

from pipeline.validation.clipping import RowBounds, TargetBounds

# The gaps between the two highest prices are .1 and .3; OldTown has one house.
WHERE = pd.Series(["NAmes", "NAmes", "Sawyer", "Sawyer", "Sawyer", "OldTown", None])
PRICES = np.array([11.9, 12.0, 10.5, 10.8, 10.0, 9.0, 13.0])
MARGIN = 0.2  # the median gap
BOUNDS = TargetBounds.fit(WHERE, PRICES, 0.5)


def test_the_ceiling_is_a_margin_above_the_highest_price_of_the_neighbourhood():
    ceiling = BOUNDS.ceiling_of(pd.Series(["NAmes", "OldTown"]))
    np.testing.assert_allclose(ceiling, [12 + MARGIN, 9 + MARGIN])


def test_the_margin_is_a_quantile_of_the_gaps_between_the_two_highest_prices():
    widest = TargetBounds.fit(WHERE, PRICES, 1.0)
    np.testing.assert_allclose(widest.ceiling["OldTown"], 9.3)


def test_where_no_neighbourhood_has_two_houses_the_margin_is_zero():
    bounds = TargetBounds.fit(
        pd.Series(["NAmes", "Sawyer"]), np.array([9.0, 10.0]), 0.9
    )
    assert bounds.ceiling == {"NAmes": 9.0, "Sawyer": 10.0}


def test_an_unseen_neighbourhood_has_the_highest_price_of_all_as_ceiling():
    np.testing.assert_array_equal(
        BOUNDS.ceiling_of(pd.Series(["Veenker", None])), [13.0, 13.0]
    )


def test_the_floor_is_the_lowest_price():
    assert BOUNDS.floor == 9.0


def test_log_prices_are_clipped_by_the_bounds_of_their_fold_and_row():
    lower = TargetBounds.fit(WHERE, PRICES - 8, 0.5)
    bounds = RowBounds.of([BOUNDS, lower], pd.Series(["NAmes", None, "OldTown"]))
    transformed = np.array([[99.0, 12.5, 0.0], [99.0, 99.0, 0.6]])
    expected = [[12 + MARGIN, 12.5, 9.0], [4 + MARGIN, 5.0, 1.0]]
    np.testing.assert_allclose(bounds.clip(transformed), expected)
