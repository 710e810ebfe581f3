"""Sampled Shapley values, compared with what is known of them."""

import itertools
import math

import numpy as np
import pandas as pd

from pipeline.explain.shapley import shapley

NAMES = ["a", "b", "c", "unused"]


def frame(rows, seed=0):
    values = np.random.default_rng(seed).normal(size=(rows, len(NAMES)))
    return pd.DataFrame(values, columns=NAMES)


def test_a_linear_model_has_weight_times_distance_from_the_typical_rows():
    typical, row = frame(400), frame(1, seed=1)
    weights = np.array([1.0, -2.0, 3.0, 0.0])

    def predict(rows):
        return rows[NAMES].to_numpy() @ weights

    found = shapley(predict, row, typical, predict(typical), NAMES)
    expected = weights * (row.to_numpy()[0] - typical.to_numpy().mean(axis=0))
    assert np.all(np.abs(found.effects - expected) <= 4 * found.errors + 1e-9)
    assert found.effects[3] == 0
    assert np.isclose(found.base + found.effects.sum(), predict(row)[0])
    assert abs(found.base - predict(typical).mean()) < 0.05


def test_an_interaction_is_shared_as_all_orders_share_it():
    typical, row = frame(1, seed=2), frame(1, seed=3)

    def predict(rows):
        return (rows["a"] * rows["b"] * rows["c"] + rows["a"]).to_numpy()

    names, exact = NAMES[:3], np.zeros(3)
    for order in itertools.permutations(range(3)):
        current = typical.copy()
        for column in order:
            before = predict(current)[0]
            current[names[column]] = row[names[column]]
            exact[column] += (predict(current)[0] - before) / math.factorial(3)
    found = shapley(predict, row, typical, predict(typical), names)
    assert np.allclose(found.effects, exact, atol=5 * found.errors.max())
    assert np.isclose(found.effects.sum(), exact.sum())


def test_a_column_that_does_not_differ_is_not_predicted_and_adds_nothing():
    typical, row = frame(400), frame(1, seed=1)
    typical["a"], typical["b"] = row["a"][0], np.nan
    row["b"] = np.nan
    seen = []

    def predict(rows):
        seen.append(len(rows))
        return rows["c"].to_numpy() * rows["unused"].to_numpy()

    found = shapley(predict, row, typical, np.arange(400.0), NAMES)
    assert sum(seen) == 500 * 2 * 3  # two steps of the four, and where a path begins
    assert found.effects[:2].tolist() == found.errors[:2].tolist() == [0, 0]
    assert np.isclose(found.base + found.effects.sum(), predict(row)[0])
