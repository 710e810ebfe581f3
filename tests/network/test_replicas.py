"""Cross-validation: no validation row influences the networks that predict it."""

from dataclasses import replace

import numpy as np
import pytest
from ames_columns import ames_dataset

from pipeline.core.settings import Settings
from pipeline.models.ensemble import cross_validate_models
from pipeline.network.partition import even_cut
from pipeline.network.replicas import (
    FoldTensors,
    candidates_of,
    train_replicas,
)
from pipeline.network.seeds import replicas_of
from pipeline.validation.fold_data import FoldData

QUICK = {"epochs": 2, "seeds": 2, "hidden": (8,), "lambdas": (0.0, 2.0)}


def settings_of(**settings):
    return Settings(models=("mlp",), **{**QUICK, **settings})


def networks(train, test, jobs=1, after_epoch=lambda *_: None, **given):
    """Train all networks; return them with the folds."""
    data = FoldData.fit(ames_dataset(train, test), settings_of(**given))
    settings = data.settings
    stack = replicas_of(settings), candidates_of(settings), settings
    return data, train_replicas(FoldTensors.of(data), *stack, after_epoch, jobs)


def member(train, test, jobs=1, **settings):
    """Cross-validate the networks as a model; return it with the folds."""
    result = cross_validate_models(
        ames_dataset(train, test), settings_of(**settings), lambda *_: None, jobs
    )
    return result.data, result.members[0]


@pytest.fixture(scope="module")
def houses(train_features, test_features):
    return train_features.head(200), test_features.head(50)


def test_validated_rows_change_nothing_that_their_own_networks_learn(houses):
    train, test = houses
    data, before = networks(train, test)
    rows = data.fold_of == 0
    changed = train.copy()
    changed.loc[rows, "SalePrice"] *= 7
    changed.loc[rows, "Neighborhood"] = "Blueste"
    numbers = changed.columns.drop(["Id", "SalePrice"]).difference(
        train.select_dtypes(exclude="number").columns
    )
    changed.loc[rows, numbers] *= 5
    _, after = networks(changed, test)
    # Test rows only, which did not change: candidates × replicas × rows.
    first, second = (each.predicted[..., len(train) :] for each in (before, after))
    own = np.array([replica.fold == 0 for replica in replicas_of(data.settings)])
    np.testing.assert_array_equal(first[:, own], second[:, own])
    assert (first[:, ~own] != second[:, ~own]).all()


def test_every_house_is_predicted_out_of_fold_and_the_scores_are_of_those(houses):
    data, mlp = member(*houses)
    price = houses[0]["SalePrice"].to_numpy()
    out_of_fold = mlp.predictions.out_of_fold
    for score, predicted in zip(mlp.scores, out_of_fold, strict=True):
        errors = predicted - np.log(price)
        assert score.pooled == pytest.approx(np.sqrt(np.mean(errors**2)))
        for number, value in enumerate(score.folds):
            fold = errors[data.fold_of == number]
            assert value == pytest.approx(np.sqrt(np.mean(fold**2)))


def test_the_submission_averages_the_networks_of_all_folds_in_log_price(houses):
    data, trained = networks(*houses)
    by_fold = trained.predicted[1].reshape(5, 2, -1).mean(axis=1)
    transformed = by_fold * data.scale.deviation + data.scale.mean
    clipped = data.row_bounds.clip(transformed)[:, len(houses[0]) :]
    _, mlp = member(*houses)
    np.testing.assert_allclose(mlp.predictions.test[1], clipped)


def test_no_price_is_predicted_far_above_the_highest_of_its_neighbourhood(houses):
    train, test = houses
    data, mlp = member(train, test)
    predicted = np.exp(mlp.predictions.out_of_fold[0])
    for number, fold in enumerate(data.folds):
        seen = train.iloc[fold.train]
        prices = np.log(seen["SalePrice"]).groupby(seen["Neighborhood"])
        gaps = [own.max() - sorted(own)[-2] for _, own in prices if len(own) > 1]
        margin = np.quantile(gaps, Settings().margin_quantile)
        highest = seen.groupby("Neighborhood")["SalePrice"].max()
        valid = train.iloc[fold.valid]
        known = valid["Neighborhood"].isin(highest.index).to_numpy()
        top = valid["Neighborhood"][known].map(highest) * np.exp(margin)
        assert (predicted[fold.valid][known] <= top * 1.000001).all()
        assert (data.fold_of[fold.valid] == number).all()


def test_jobs_change_no_bit(houses):
    (_, one), (_, three) = networks(*houses, jobs=1), networks(*houses, jobs=3)
    np.testing.assert_array_equal(one.predicted, three.predicted)
    np.testing.assert_array_equal(one.valid, three.valid)


def test_predicting_with_a_few_networks_at_a_time_changes_no_bit(houses, monkeypatch):
    _, at_once = networks(*houses)
    monkeypatch.setattr("pipeline.network.inference.BLOCK_NETWORKS", 3)
    _, few = networks(*houses)
    np.testing.assert_array_equal(few.predicted, at_once.predicted)


def test_a_lambda_alone_gives_the_row_it_has_in_a_grid(houses):
    (_, grid), (_, alone) = member(*houses), member(*houses, lambdas=(2.0,))
    np.testing.assert_array_equal(
        grid.predictions.out_of_fold[1], alone.predictions.out_of_fold[0]
    )
    assert grid.scores[1].folds == alone.scores[0].folds


def test_the_errors_of_each_network_are_reported_after_each_epoch(houses):
    seen = []
    networks(*houses, after_epoch=lambda part, errors: seen.append((part, len(errors))))
    assert seen == [(0, 20), (0, 20)]


def test_replicas_are_every_fold_and_seed():
    replicas = replicas_of(Settings(folds=3, seeds=2))
    assert replicas == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]


def test_the_learning_curve_ends_in_the_error_of_each_network(houses):
    data, trained = networks(*houses)
    for index, replica in enumerate(replicas_of(data.settings)):
        rows = data.folds[replica.fold].valid
        targets = data.targets[replica.fold, rows]
        deviation = data.scale.deviation[replica.fold, 0]
        for candidate in range(2):
            gaps = trained.predicted[candidate, index, rows] - targets
            errors = gaps * deviation
            curve = trained.valid[candidate, index]
            assert curve[-1] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-4)


def test_folds_of_unequal_size_do_not_depend_on_the_cut_either(houses):
    (_, one), (_, three) = (
        networks(*houses, folds=7, seeds=1, jobs=jobs) for jobs in (1, 3)
    )
    np.testing.assert_array_equal(one.predicted, three.predicted)


def test_shuffled_prices_cannot_be_predicted_better_than_by_their_mean(
    train_features, test_features
):
    # Any leak from the validation rows would show here, through the price bounds, the
    # encoders or the target's scale as well.
    shuffled = train_features.copy()
    order = np.random.default_rng(0).permutation(len(shuffled))
    shuffled["SalePrice"] = train_features["SalePrice"].to_numpy()[order]
    _, mlp = member(shuffled, test_features, lambdas=(5.0,), epochs=10, jobs=2)
    spread = np.log(shuffled["SalePrice"]).std()
    assert mlp.scores[0].pooled > 0.995 * spread


@pytest.mark.parametrize(
    ("candidates", "replicas", "jobs", "cut"),
    [
        (1, 10, 2, (1, 2)),
        (4, 5, 2, (2, 1)),  # 10 networks each; cutting replicas would give 12 and 8
        (4, 10, 2, (1, 2)),
        (4, 5, 8, (4, 2)),
        (1, 3, 8, (1, 1)),  # no part has a single replica
    ],
)
def test_the_stack_is_cut_into_even_parts(candidates, replicas, jobs, cut):
    assert even_cut(candidates, replicas, jobs) == cut


@pytest.mark.parametrize("jobs", [2, 8])
def test_a_cut_through_the_grid_changes_no_number(houses, jobs):
    (_, one), (_, many) = (
        networks(*houses, folds=5, seeds=1, jobs=n) for n in (1, jobs)
    )
    for name, weights in one.weights.items():
        np.testing.assert_array_equal(weights, many.weights[name])
    np.testing.assert_array_equal(one.predicted, many.predicted)
    np.testing.assert_array_equal(one.valid, many.valid)


def test_the_learning_curves_are_in_the_metric(houses):
    """A table scored by its mean absolute error shows that, not another error."""
    train, test = houses
    dataset = ames_dataset(train, test)
    schema = replace(dataset.schema, metric="mae")
    data = FoldData.fit(replace(dataset, schema=schema), settings_of())
    settings = data.settings
    stack = replicas_of(settings), candidates_of(settings), settings
    trained = train_replicas(FoldTensors.of(data), *stack, lambda *_: None, 1)
    rows = data.folds[0].valid
    gaps = trained.predicted[0, 0, rows] - data.targets[0, rows]
    expected = np.abs(gaps).mean() * data.scale.deviation[0, 0]
    assert trained.valid[0, 0, -1] == pytest.approx(expected, rel=1e-4)
