"""No prediction leaves what a fold's training rows allow."""

import numpy as np
import pandas as pd

from pipeline.validation.clipping import MARGIN, PriceBounds

PLACES = pd.Series(["NAmes", "NAmes", "OldTown", None])
LIMITS = PriceBounds.fit(PLACES, np.array([11.0, 12.0, 10.0, 13.0]))


def test_the_ceiling_is_a_margin_above_the_dearest_sale_of_the_neighbourhood():
    ceiling = LIMITS.ceiling_of(pd.Series(["NAmes", "OldTown"]))
    np.testing.assert_allclose(ceiling, [12 + MARGIN, 10 + MARGIN])


def test_a_neighbourhood_that_training_never_saw_has_the_highest_price_as_ceiling():
    np.testing.assert_array_equal(
        LIMITS.ceiling_of(pd.Series(["Veenker", None])), [13.0, 13.0]
    )


def test_the_floor_is_the_lowest_price():
    assert LIMITS.floor == 10.0
