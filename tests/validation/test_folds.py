"""Folds: each row is validated exactly once."""

import numpy as np
import pytest

from pipeline.core.errors import UserError
from pipeline.validation.folds import make_folds


@pytest.mark.parametrize("folds", [2, 5, 7, 1460])
def test_every_row_is_validated_once_and_trained_on_otherwise(folds):
    cut = make_folds(1460, folds, seed=3)
    valid = np.concatenate([fold.valid for fold in cut])
    assert sorted(valid) == list(range(1460))
    for fold in cut:
        assert sorted([*fold.train, *fold.valid]) == list(range(1460))


def test_another_seed_cuts_other_folds():
    first, second = (make_folds(100, 5, seed)[0].valid for seed in (0, 1))
    assert set(first) != set(second)


def test_more_folds_than_rows_are_refused():
    with pytest.raises(UserError, match="--folds 11: more folds than the 10"):
        make_folds(10, 11, seed=0)
