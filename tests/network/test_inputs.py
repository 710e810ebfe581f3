"""One shared matrix read by a fold equals what its encoder makes of it."""

import numpy as np
import pandas as pd
import torch

from pipeline.data.encoder import Encoder, to_matrix
from pipeline.network.inputs import Inputs, pad_columns, padded_matrix
from pipeline.validation.folds import make_folds


def test_rows_are_read_as_the_encoder_of_each_fold_transforms_them(train_features):
    matrix = to_matrix(train_features)
    folds = make_folds(len(train_features), 5, seed=0)
    encoders = [Encoder.fit(matrix, fold.train) for fold in folds]
    inputs = Inputs.of(pad_columns(matrix.entries), encoders, "cpu")
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


def test_memory_does_not_grow_with_the_folds(train_features):
    matrix = to_matrix(train_features)
    encoder = Encoder.fit(matrix, np.arange(len(train_features)))
    entries = pad_columns(matrix.entries)
    few, many = (Inputs.of(entries, [encoder] * n, "cpu") for n in (2, 50))
    assert few.entries.shape == many.entries.shape
    assert many.slope.numel() < few.entries.numel() / 20


def test_lines_filled_frame_by_frame_are_those_of_the_whole_matrix(
    train_features, test_features
):
    every = pd.concat([train_features, test_features], ignore_index=True)
    lines = padded_matrix([train_features, test_features])
    torch.testing.assert_close(
        lines, pad_columns(to_matrix(every).entries), rtol=0, atol=0, equal_nan=True
    )
