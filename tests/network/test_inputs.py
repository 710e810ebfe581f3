"""The shared matrix, read for a fold, equals the transform of its encoder."""

import numpy as np
import pandas as pd
import torch
from ames_columns import LAYOUT, to_matrix

from pipeline.core.settings import Settings
from pipeline.data.encoder import EXPANDED, Encoder, padded_columns
from pipeline.network.inputs import Inputs
from pipeline.validation.folds import make_folds


def test_rows_are_read_as_the_encoder_of_each_fold_transforms_them(train_features):
    matrix = to_matrix(train_features, LAYOUT)
    folds = make_folds(len(train_features), 5, seed=0)
    encoders = [Encoder.fit(matrix, fold.train, Settings.rare_share) for fold in folds]
    inputs = Inputs.of(padded_columns(matrix.entries), encoders, "cpu")
    assert np.isnan(matrix.entries).any()
    for number, encoder in enumerate(encoders):
        expected = torch.from_numpy(encoder.transform(matrix.entries))
        torch.testing.assert_close(
            inputs.of_fold(number), expected, atol=1e-4, rtol=1e-4
        )
    index = torch.tensor([[3, 949, 8], [7, 8, 7]])
    picked = inputs.gather(torch.tensor([4, 1]), index)[..., : inputs.d_in]
    torch.testing.assert_close(picked[0], inputs.of_fold(4)[index[0]])
    torch.testing.assert_close(picked[1], inputs.of_fold(1)[index[1]])


def test_rows_that_are_ready_are_the_same_to_the_last_bit(train_features, monkeypatch):
    matrix = to_matrix(train_features, LAYOUT)
    folds = make_folds(len(train_features), 3, seed=0)
    encoders = [Encoder.fit(matrix, fold.train, Settings.rare_share) for fold in folds]
    plain = Inputs.of(padded_columns(matrix.entries), encoders, "cpu")
    fold, index = torch.tensor([2, 0, 2]), torch.randint(len(train_features), (4, 3, 7))
    ready = plain.made_ready()
    assert ready.ready is not None
    assert torch.equal(ready.gather(fold, index), plain.gather(fold, index))
    monkeypatch.setattr("pipeline.network.inputs.READY", 3 * plain.entries.numel() - 1)
    assert plain.made_ready() is plain  # a longer table is standardised when read


def test_memory_does_not_grow_with_the_folds(train_features):
    matrix = to_matrix(train_features, LAYOUT)
    encoder = Encoder.fit(matrix, np.arange(len(train_features)), Settings.rare_share)
    entries = padded_columns(matrix.entries)
    few, many = (Inputs.of(entries, [encoder] * n, "cpu") for n in (2, 50))
    assert few.entries.shape == many.entries.shape
    assert many.slope.numel() < few.entries.numel() / 20


def test_a_matrix_filled_frame_by_frame_equals_the_padded_matrix_of_all_rows(
    train_features, test_features
):
    every = pd.concat([train_features, test_features], ignore_index=True)
    matrix = EXPANDED.read([train_features, test_features], LAYOUT)
    expected = to_matrix(every, LAYOUT)
    np.testing.assert_array_equal(matrix.entries, padded_columns(expected.entries))
    assert matrix.names == expected.names
