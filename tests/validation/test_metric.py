"""The metrics equal scikit-learn's, and what depends on them follows the metric."""

import copy
import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import sem
from sklearn.metrics import (
    mean_absolute_error,
    root_mean_squared_error,
    root_mean_squared_log_error,
)
from sklearn.model_selection import GroupKFold, KFold

from pipeline.core.errors import UserError
from pipeline.core.metrics import METRICS
from pipeline.core.settings import Settings
from pipeline.network.replicas import FoldTensors, new_trainer
from pipeline.network.schedule import Schedule
from pipeline.network.seeds import Replica
from pipeline.network.trainer import Candidate
from pipeline.notebook import load
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import dataset_folds, make_folds
from pipeline.validation.uncertainty import bias_corrected, forecast, paired_difference

RMSE, MAE, LOG_RMSE = (METRICS[name] for name in ("rmse", "mae", "log-rmse"))
SKLEARN = {
    "rmse": root_mean_squared_error,
    "mae": mean_absolute_error,
    "log-rmse": lambda actual, predicted: root_mean_squared_error(
        np.log(actual), np.log(predicted)
    ),
    "rmsle": root_mean_squared_log_error,
}
TRANSFORMS = {"log-rmse": np.log, "rmsle": np.log1p}


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def table(tmp_path, rows, metric="log-rmse", **columns):
    """A dataset of some rows; `columns` are words, of which `shop` is the group."""
    generator = np.random.default_rng(3)
    train = pd.DataFrame(
        {"a": generator.normal(size=rows), "b": generator.normal(size=rows), **columns}
    )
    if "y" not in columns:
        train["y"] = np.exp(train["a"] + generator.normal(0, 0.1, rows))
    path = tmp_path / f"{metric}-{rows}.toml"
    group = 'group = "shop"\nleft_out = ["shop"]\n' if "shop" in columns else ""
    path.write_text(
        f'target = "y"\nmetric = "{metric}"\n{group}'
        'columns.a.kind = "number"\ncolumns.b.kind = "number"\n'
    )
    test = train.head(5).drop(columns="y")
    return load(train, test, schema=path).dataset


@pytest.mark.parametrize("name", METRICS)
def test_a_score_equals_scikit_learns(generator, name):
    actual = generator.lognormal(3, 1, 500)
    predicted = actual * generator.lognormal(0, 0.3, 500)
    expected = SKLEARN[name](actual, predicted)
    assert METRICS[name].score(predicted, actual) == pytest.approx(expected, rel=1e-12)


def test_log_rmse_is_that_of_scikit_learn_for_numbers_far_above_one(generator):
    actual = generator.lognormal(3, 1, 500)
    predicted = actual * generator.lognormal(0, 0.3, 500)
    expected = root_mean_squared_log_error(actual - 1, predicted - 1)
    assert LOG_RMSE.score(predicted, actual) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("metric", METRICS.values())
def test_a_metric_in_another_process_has_the_same_scores(generator, metric):
    actual, predicted = generator.uniform(1, 9, (2, 50))
    sent = copy.deepcopy(metric)  # as joblib and Dask send it
    assert sent.score(predicted, actual) == metric.score(predicted, actual)
    losses = metric.losses(np.array([actual, predicted]), np.full(50, 5.0))
    assert paired_difference(*losses, sent) == paired_difference(*losses, metric)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_what_is_transformed_and_undone_is_what_it_was(generator, metric):
    target = generator.lognormal(3, 1, 100) * (1 if metric.log else -1)
    np.testing.assert_allclose(metric.undo(metric.transform(target)), target)
    transformed = metric.transform(target)
    expected = TRANSFORMS.get(metric.name, np.asarray)(target)
    np.testing.assert_array_equal(transformed, expected)


def test_a_paired_difference_of_mae_is_the_mean_gap_and_its_standard_error(generator):
    first = generator.exponential(2, 3000)
    second = first + generator.normal(0.1, 1, 3000)
    found = paired_difference(first, second, MAE)
    assert found.value == pytest.approx(second.mean() - first.mean(), rel=1e-12)
    assert found.standard_error == pytest.approx(sem(second - first), rel=1e-12)
    assert found.is_told_apart
    noise = generator.normal(0, 1, 3000)
    alike = paired_difference(first, first + noise - noise.mean(), MAE)
    assert alike.standard_error > 0
    assert not alike.is_told_apart


def test_a_paired_difference_of_rmse_is_that_of_the_roots(generator):
    first = generator.normal(0, 30, 4000) ** 2
    second = first * generator.uniform(0.9, 1.2, 4000)
    found = paired_difference(first, second, RMSE)
    roots = math.sqrt(second.mean()) - math.sqrt(first.mean())
    assert found.value == pytest.approx(roots, rel=1e-9)


@pytest.mark.parametrize("metric", [RMSE, MAE], ids=["rmse", "mae"])
def test_a_forecast_brackets_the_score_of_new_rows(generator, metric):
    errors = generator.laplace(0, 50, 2000)
    found = forecast(metric.losses_of(errors), 200, metric=metric, draws=1000)
    expected = SKLEARN[metric.name](np.zeros(2000), errors)
    assert found.estimate == pytest.approx(expected, rel=1e-12)
    assert found.low < found.estimate < found.high
    new = generator.laplace(0, 50, (2000, 200))
    scores = np.array([metric.score(each, np.zeros(200)) for each in new])
    inside = ((found.low < scores) & (scores < found.high)).mean()
    assert 0.84 < inside < 0.96


def test_the_lowest_mae_of_many_equal_candidates_is_corrected_to_their_mean(generator):
    losses = np.abs(generator.normal(0, 30, (200, 400)))
    scores = losses.mean(axis=1)
    corrected = bias_corrected(losses, losses, metric=MAE)
    assert scores.min() < scores.mean() - 2
    assert corrected == pytest.approx(scores.mean(), abs=0.6)


def deltas(dataset):
    return FoldTensors.of(FoldData.fit(dataset, Settings(folds=4))).delta


def test_the_threshold_for_logs_is_in_proportion_to_the_spread_of_the_errors(tmp_path):
    """The logs of these targets have normal errors, besides a column they follow."""
    noise, signal = np.random.default_rng(0).normal(size=(2, 4000))
    for spread in (0.5, 1.0, 2.0):
        logs = signal + spread * noise
        dataset = table(tmp_path, 4000, a=signal, y=np.exp(logs))
        expected = torch.full((4,), 1.345 * spread / logs.std(), dtype=torch.float64)
        torch.testing.assert_close(deltas(dataset), expected, rtol=0.06, atol=0)


def test_the_threshold_of_other_metrics_makes_the_loss_nearly_the_metric(tmp_path):
    errors = torch.linspace(-4, 4, 81, dtype=torch.float64)
    low, high = (float(deltas(table(tmp_path, 90, m))[0]) for m in ("mae", "rmse"))
    loss = torch.nn.functional.huber_loss
    zeros = torch.zeros_like(errors)
    squares = loss(errors, zeros, reduction="none", delta=high)
    torch.testing.assert_close(squares, errors**2 / 2)
    absolute = loss(errors, zeros, reduction="none", delta=low) / low
    far = errors.abs() > low
    assert (absolute - errors.abs())[far].abs().max() <= low / 2 + 1e-9


@pytest.mark.parametrize("rows", [300, 2304])
def test_weights_decay_by_lambda_times_the_decay_of_their_fold(tmp_path, rows):
    # With a threshold of nothing the loss has no slope, so that weights only decay.
    settings = Settings(folds=2, seeds=1, epochs=3, hidden=(4,), dropout=0.0)
    dataset = table(tmp_path, rows)
    data = FoldTensors.of(FoldData.fit(dataset, settings))
    settings = data.data.settings
    of_fold = torch.tensor([0.5, 3.0])
    data = data._replace(delta=torch.full((2,), 1e-30), decay=of_fold)
    candidates = [Candidate(decay, 0.01, 0.0) for decay in (0.0, 2.0)]
    trainer = new_trainer(data, [Replica(0, 0), Replica(1, 0)], candidates, settings)
    before = trainer.stack.layers[0].clone()
    for _ in trainer.run():
        pass
    batches = rows // 2 // 128 or 1
    schedule = Schedule(settings.epochs, batches, settings.warm_up)
    undecayed, decayed = trainer.stack.layers[0].split(2)
    torch.testing.assert_close(undecayed, before[:2])
    for fold, own in enumerate(of_fold.tolist()):
        weights = torch.nn.Parameter(before[2 + fold].clone())
        weights.grad = torch.zeros_like(weights)
        optimizer = torch.optim.AdamW([weights], weight_decay=2.0 * own)
        for epoch in range(settings.epochs):
            for batch in range(batches):
                optimizer.param_groups[0]["lr"] = 0.01 * schedule.lr_scale(epoch, batch)
                optimizer.step()
        close = {"rtol": 1e-5, "atol": 1e-8}
        torch.testing.assert_close(decayed[fold], weights.detach(), **close)
        assert not torch.allclose(decayed[fold], undecayed[fold])


def test_folds_of_groups_are_those_of_scikit_learn(generator):
    groups = generator.choice(list("abcdefghij"), 200)
    found = make_folds(200, 4, 7, groups)
    splitter = GroupKFold(4, shuffle=True, random_state=7)
    expected = splitter.split(np.zeros(200), groups=groups)
    for fold, (train, valid) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(fold.train, train)
        np.testing.assert_array_equal(fold.valid, valid)
        assert not {*groups[train]} & {*groups[valid]}
    assert sorted(np.concatenate([fold.valid for fold in found])) == [*range(200)]


def test_folds_without_groups_are_those_of_scikit_learn():
    splitter = KFold(5, shuffle=True, random_state=3)
    expected = [valid.tolist() for _, valid in splitter.split(np.zeros(101))]
    assert [fold.valid.tolist() for fold in make_folds(101, 5, 3)] == expected


def test_the_groups_of_a_dataset_stay_together_also_if_they_are_numbers(tmp_path):
    shop = np.arange(90) * 7 % 11
    dataset = table(tmp_path, 90, shop=shop)
    folds = dataset_folds(dataset, Settings(folds=4))
    for fold in folds:
        assert not {*shop[fold.train]} & {*shop[fold.valid]}
    assert "shop" in dataset.layout.skipped


def test_fewer_groups_than_folds_are_refused():
    with pytest.raises(UserError, match="--folds 3: more folds than the 2 groups"):
        make_folds(10, 3, 0, np.array(["a", "b"] * 5))
    assert len(make_folds(10, 2, 0, np.array(["a", "b"] * 5))) == 2
