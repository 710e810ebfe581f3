"""Encoding is fitted on training rows only, and equals scikit-learn's pipeline."""

import numpy as np
import pytest
from ames_columns import CATEGORIES, ID, LAYOUT, TARGET, to_matrix
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pipeline.core.settings import Settings
from pipeline.data.encoder import Encoder
from pipeline.validation.folds import make_folds

RARE_SHARE = Settings.rare_share


@pytest.fixture(scope="module")
def fold(train_features):
    return make_folds(len(train_features), 5, seed=0)[0].train


@pytest.fixture(scope="module")
def matrix(train_features):
    return to_matrix(train_features, LAYOUT)


def test_the_encoder_is_a_column_transformer_that_scales_rare_columns_down(
    train_features, matrix, fold
):
    train = train_features.iloc[fold]
    categories = [c.name for c in CATEGORIES.values() if not c.ordered]
    numbers = list(train.columns.drop([*categories, ID, TARGET]))
    vocabularies = [list(CATEGORIES[name].vocabulary) for name in categories]
    one_hot = OneHotEncoder(
        categories=vocabularies, handle_unknown="ignore", sparse_output=False
    )
    peer = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median")), numbers),
        (one_hot, categories),
    )
    imputed = peer.fit_transform(train)
    expected = StandardScaler().fit_transform(imputed)
    expected *= np.minimum(1, off_mode(imputed) / RARE_SHARE)
    encoded = Encoder.fit(matrix, fold, RARE_SHARE).transform(matrix.entries)[fold]
    np.testing.assert_allclose(
        encoded[:, : expected.shape[1]], expected, atol=1e-4, rtol=1e-4
    )


def off_mode(imputed):
    """The share of rows that differ from the mode, for each column."""
    counts = [np.unique(column, return_counts=True)[1].max() for column in imputed.T]
    return 1 - np.array(counts) / len(imputed)


def test_no_column_is_exempt_from_the_scaling_of_rare_values(matrix, fold):
    encoder = Encoder.fit(matrix, fold, RARE_SHARE)
    filled = np.where(np.isnan(matrix.entries), encoder.fill, matrix.entries)[fold]
    share = off_mode(filled)
    rare = (share < RARE_SHARE) & (share > 0)
    deviation = encoder.transform(matrix.entries)[fold].std(axis=0)
    np.testing.assert_allclose(deviation[rare], share[rare] / RARE_SHARE, rtol=1e-3)
    assert rare.sum() > 200  # one-hot columns, interactions and numbers like PoolArea
    assert rare[matrix.names.index("PoolArea")]
    assert "CommercialZone" not in matrix.names


def test_rows_outside_the_training_rows_do_not_change_the_encoder(train_features, fold):
    outside = np.setdiff1d(np.arange(len(train_features)), fold)
    changed = train_features.copy()
    changed.loc[outside, ["GrLivArea", "LotFrontage", "Size"]] = 1e6
    changed.loc[outside, "Neighborhood"] = "Blueste"
    before = Encoder.fit(to_matrix(train_features, LAYOUT), fold, RARE_SHARE)
    after = Encoder.fit(to_matrix(changed, LAYOUT), fold, RARE_SHARE)
    for name in ("fill", "mean", "scale"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))


def test_an_unseen_category_is_all_zero(train_features, test_features, matrix):
    encoder = Encoder.fit(matrix, np.arange(len(train_features)), RARE_SHARE)
    column = matrix.names.index("MSSubClass=150")
    house = test_features["MSSubClass"] == "150"
    assert house.sum() == 1
    cells = to_matrix(test_features[house], LAYOUT).entries
    assert cells[0, column] == 1
    assert encoder.transform(cells)[0, column] == 0


def test_test_rows_are_encoded_without_missing_values(
    train_features, test_features, matrix
):
    encoder = Encoder.fit(matrix, np.arange(len(train_features)), RARE_SHARE)
    assert np.isfinite(
        encoder.transform(to_matrix(test_features, LAYOUT).entries)
    ).all()


def test_the_interaction_of_neighbourhood_and_size_is_the_size_there_and_zero_elsewhere(
    train_features, matrix
):
    product = matrix.entries[:, matrix.names.index("Neighborhood=NAmes×Size")]
    there = (train_features["Neighborhood"] == "NAmes").to_numpy()
    np.testing.assert_array_equal(product[there], train_features["Size"][there])
    assert (product[~there] == 0).all()


def test_a_column_that_is_missing_in_all_rows_is_constant(train_features):
    empty = train_features.assign(LotFrontage=np.nan)
    matrix = to_matrix(empty, LAYOUT)
    encoded = Encoder.fit(matrix, np.arange(len(empty)), RARE_SHARE).transform(
        matrix.entries
    )
    assert np.isfinite(encoded).all()
    assert np.ptp(encoded[:, matrix.names.index("LotFrontage")]) == 0


def test_a_column_that_hardly_varies_in_training_stays_finite_elsewhere(
    train_features,
):
    areas = np.zeros(len(train_features))
    areas[0], areas[-1] = 1e-39, 1e6
    matrix = to_matrix(train_features.assign(MiscVal=areas), LAYOUT)
    encoder = Encoder.fit(matrix, np.arange(len(areas) - 1), RARE_SHARE)
    assert np.isfinite(encoder.transform(matrix.entries)).all()


def test_fitting_a_few_columns_at_a_time_gives_the_same_encoder(train_features):
    features = train_features.assign(Size=train_features["Size"].mask(lambda x: x > 1))
    matrix = to_matrix(features, LAYOUT)
    parts = [fold.train for fold in make_folds(len(features), 3, seed=0)]
    for rows, encoder in zip(
        parts, Encoder.fit_each(features, LAYOUT, parts, RARE_SHARE), strict=True
    ):
        whole = Encoder.fit(matrix, rows, RARE_SHARE)
        for name in ("fill", "mean", "scale"):
            ours, theirs = getattr(encoder, name), getattr(whole, name)
            np.testing.assert_array_equal(ours, theirs)


def test_missing_values_are_imputed_as_by_scikit_learn(train_features, fold):
    cells = to_matrix(train_features.assign(LotArea=np.nan), LAYOUT).entries[fold]
    imputer = SimpleImputer(strategy="median", keep_empty_features=True).fit(cells)
    encoder = Encoder.fit(
        to_matrix(train_features.assign(LotArea=np.nan), LAYOUT), fold, RARE_SHARE
    )
    np.testing.assert_array_equal(encoder.fill, imputer.statistics_)
