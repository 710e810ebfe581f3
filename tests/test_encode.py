"""Encoding is fitted on training rows only, and equals scikit-learn's own pipeline."""

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pipeline.encode import Encoder
from pipeline.folds import make_folds
from pipeline.schema import CATEGORIES


def test_the_encoder_equals_a_column_transformer(train_features):
    fold = make_folds(len(train_features), 5, seed=0)[0]
    train = train_features.iloc[fold.train]
    encoder = Encoder.fit(train)
    layout = encoder.layout
    vocabularies = [list(CATEGORIES[name].vocabulary) for name in layout.words]
    peer = make_column_transformer(
        (
            make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
            layout.numbers,
        ),
        (OneHotEncoder(categories=vocabularies, handle_unknown="ignore"), layout.words),
        sparse_threshold=0,
    )
    expected = peer.fit_transform(train)
    np.testing.assert_allclose(encoder.transform(train), expected, atol=1e-5)


def test_training_columns_are_standardised_and_nothing_is_missing(train_features):
    encoder = Encoder.fit(train_features)
    encoded = encoder.transform(train_features)[:, : len(encoder.layout.numbers)]
    varied = encoded.std(axis=0) > 0
    np.testing.assert_allclose(encoded.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(encoded[:, varied].std(axis=0), 1, atol=1e-4)


def test_a_word_that_training_never_saw_is_all_zero(train_features, test_features):
    encoder = Encoder.fit(train_features)
    place = encoder.layout.encoded.index("MSSubClass=150")
    house = test_features["MSSubClass"] == "150"
    assert house.sum() == 1
    assert encoder.transform(test_features[house])[0, place] == 0


def test_test_rows_are_encoded_without_gaps(train_features, test_features):
    assert np.isfinite(Encoder.fit(train_features).transform(test_features)).all()
