"""Cross-validation: no validation row influences the networks that predict it."""

import numpy as np
import pytest
from ames_columns import ames_dataset

from pipeline.core.settings import Settings
from pipeline.network.partition import even_cut
from pipeline.validation.cross_validate import cross_validate, replicas_of

QUICK = {"epochs": 2, "seeds": 2, "hidden": (8,), "lambdas": (0.0, 2.0)}


def run(train, test, jobs=1, callback=lambda *_: None, **settings):
    own = Settings(**{**QUICK, **settings})
    return cross_validate(ames_dataset(train, test), own, callback, jobs)


@pytest.fixture(scope="module")
def houses(train_features, test_features):
    return train_features.head(200), test_features.head(50)


def test_validated_rows_change_nothing_that_their_own_networks_learn(houses):
    train, test = houses
    before = run(train, test)
    rows = before.fold_of == 0
    changed = train.copy()
    changed.loc[rows, "SalePrice"] *= 7
    changed.loc[rows, "Neighborhood"] = "Blueste"
    numbers = changed.columns.drop(["Id", "SalePrice"]).difference(
        train.select_dtypes(exclude="number").columns
    )
    changed.loc[rows, numbers] *= 5
    after = run(changed, test)
    # Test rows only, which did not change: candidates × replicas × rows.
    first, second = (
        run.trained.transformed[..., len(train) :] for run in (before, after)
    )
    own = np.array([replica.fold == 0 for replica in before.replicas])
    np.testing.assert_array_equal(first[:, own], second[:, own])
    assert (first[:, ~own] != second[:, ~own]).all()


def test_every_house_is_predicted_out_of_fold_and_the_scores_are_of_those(houses):
    result = run(*houses)
    price = houses[0]["SalePrice"].to_numpy()
    for score, predicted in zip(result.scores, result.out_of_fold, strict=True):
        errors = np.log(predicted / price)
        assert score.pooled == pytest.approx(np.sqrt(np.mean(errors**2)))
        for number, value in enumerate(score.folds):
            fold = errors[result.fold_of == number]
            assert value == pytest.approx(np.sqrt(np.mean(fold**2)))


def test_the_submission_averages_the_networks_of_all_folds_in_log_price(houses):
    result = run(*houses)
    by_fold = result.trained.transformed[1].reshape(5, 2, -1).mean(axis=1)
    clipped = result.fold_data.row_bounds.clip(by_fold)
    expected = np.exp(clipped[:, len(houses[0]) :].mean(axis=0))
    np.testing.assert_allclose(result.test[1], expected)


def test_no_price_is_predicted_far_above_the_highest_of_its_neighbourhood(houses):
    train, test = houses
    result = run(train, test)
    for number, fold in enumerate(result.fold_data.folds):
        seen = train.iloc[fold.train]
        prices = np.log(seen["SalePrice"]).groupby(seen["Neighborhood"])
        gaps = [own.max() - sorted(own)[-2] for _, own in prices if len(own) > 1]
        margin = np.quantile(gaps, Settings().margin_quantile)
        highest = seen.groupby("Neighborhood")["SalePrice"].max()
        valid = train.iloc[fold.valid]
        known = valid["Neighborhood"].isin(highest.index).to_numpy()
        top = valid["Neighborhood"][known].map(highest) * np.exp(margin)
        assert (result.out_of_fold[0][fold.valid][known] <= top * 1.000001).all()
        assert (result.fold_of[fold.valid] == number).all()


def test_jobs_change_no_bit(houses):
    one, three = run(*houses, jobs=1), run(*houses, jobs=3)
    np.testing.assert_array_equal(one.trained.transformed, three.trained.transformed)
    np.testing.assert_array_equal(one.trained.valid, three.trained.valid)


def test_predicting_with_a_few_networks_at_a_time_changes_no_bit(houses, monkeypatch):
    at_once = run(*houses)
    monkeypatch.setattr("pipeline.network.inference.BLOCK_NETWORKS", 3)
    few = run(*houses)
    np.testing.assert_array_equal(few.trained.transformed, at_once.trained.transformed)


def test_a_lambda_alone_gives_the_row_it_has_in_a_grid(houses):
    grid, alone = run(*houses), run(*houses, lambdas=(2.0,))
    np.testing.assert_array_equal(grid.out_of_fold[1], alone.out_of_fold[0])
    assert grid.scores[1].folds == alone.scores[0].folds


def test_the_callback_gets_each_epoch_of_each_network(houses):
    seen = []
    run(*houses, callback=lambda _, steps, errors: seen.append((steps, len(errors))))
    assert seen == [(20, 20), (20, 20)]


def test_replicas_are_every_fold_and_seed():
    replicas = replicas_of(Settings(folds=3, seeds=2))
    assert replicas == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]


def test_the_learning_curve_ends_in_the_error_of_each_network(houses):
    result = run(*houses)
    transformed = np.log(houses[0]["SalePrice"].to_numpy())
    for index, replica in enumerate(result.replicas):
        rows = result.fold_data.folds[replica.fold].valid
        for candidate in range(2):
            errors = (
                result.trained.transformed[candidate, index, rows] - transformed[rows]
            )
            curve = result.trained.valid[candidate, index]
            assert curve[-1] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-4)


def test_folds_of_unequal_size_do_not_depend_on_the_cut_either(houses):
    one, three = (run(*houses, folds=7, seeds=1, jobs=jobs) for jobs in (1, 3))
    np.testing.assert_array_equal(one.trained.transformed, three.trained.transformed)


def test_shuffled_prices_cannot_be_predicted_better_than_by_their_mean(
    train_features, test_features
):
    # Any leak from the validation rows would show here, through the price bounds, the
    # encoders or the target's scale as well.
    shuffled = train_features.copy()
    order = np.random.default_rng(0).permutation(len(shuffled))
    shuffled["SalePrice"] = train_features["SalePrice"].to_numpy()[order]
    result = run(shuffled, test_features, lambdas=(5.0,), epochs=10, jobs=2)
    spread = np.log(shuffled["SalePrice"]).std()
    assert result.scores[0].pooled > 0.995 * spread


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
    one, many = (run(*houses, folds=5, seeds=1, jobs=n) for n in (1, jobs))
    for name, weights in one.trained.weights.items():
        np.testing.assert_array_equal(weights, many.trained.weights[name])
    np.testing.assert_array_equal(one.trained.transformed, many.trained.transformed)
    np.testing.assert_array_equal(one.trained.valid, many.trained.valid)
