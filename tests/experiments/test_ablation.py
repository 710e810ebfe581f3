"""Every variant of the ablation changes the predictions."""

from dataclasses import replace

import numpy as np
import pytest
from ames_columns import ames_dataset

from experiments.ablation import VARIANTS, predicted


@pytest.fixture(scope="module")
def prices_of(train_features, test_features):
    """Return a function: a variant's out-of-fold prices on few houses."""
    dataset = ames_dataset(train_features.head(200), test_features.head(20))

    def prices(variant):
        usual = variant.settings
        epochs = (usual.epochs or 60) // 10
        short = replace(usual, folds=2, epochs=epochs, batch_size=16)
        return predicted(dataset, variant._replace(settings=short), seed=0)

    return prices


@pytest.fixture(scope="module")
def default(prices_of):
    return prices_of(VARIANTS[0])


@pytest.mark.parametrize("variant", VARIANTS[1:], ids=lambda variant: variant.name)
def test_a_variant_changes_the_prices(variant, prices_of, default):
    without = prices_of(variant)
    assert without.shape == default.shape
    assert not np.array_equal(without, default)


def test_no_variant_changes_the_default(prices_of, default):
    np.testing.assert_array_equal(prices_of(VARIANTS[0]), default)
