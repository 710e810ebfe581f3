"""How alike rows are, compared with the formula on trees made by hand."""

import numpy as np

from pipeline.models.boosting import MODEL
from pipeline.models.oblivious_trees import KINDS, check, shared_leaves


def stumps(*nodes):
    """Trees of one level over two columns of numbers: (column, border, leaves)."""
    columns, borders, leaves = zip(*nodes, strict=True)
    return {
        "column": np.array(columns, np.int32)[:, None],
        "border": np.array(borders, np.float32)[:, None],
        "leaf": np.array(leaves),
        "bias": np.zeros(1),
        "codes": np.zeros(2, np.int32),
        "statistics": np.zeros((KINDS, 0), np.float32),
    }


ROWS = np.array([[1, 0], [1, 9], [5, 0], [5, 9]], np.float32)
TARGET = np.array([-2.0, 0.0, 0.0, 2.0])
ROW = np.array(
    [[0, 8]], np.float32
)  # the low leaf of the first, the high of the second


def test_a_tree_weighs_its_share_of_the_reduction_of_the_squared_error():
    trees = stumps((0, 3, [-1.0, 1.0]), (1, 5, [-0.5, 0.5]))
    check(trees, 2)
    # The sum of squares is 8, after the first tree that of [-1, 1, -1, 1], which is
    # 4, and after the second that of [-.5, .5, -.5, .5], which is 1.
    first, second = 4 / 7, 3 / 7
    expected = [first, first + second, 0, second]
    assert np.allclose(shared_leaves(trees, ROW, ROWS, TARGET), expected)


def test_a_tree_that_reduces_nothing_does_not_count():
    trees = stumps((0, 3, [1.0, -1.0]), (1, 5, [-0.5, 0.5]))
    assert np.allclose(shared_leaves(trees, ROW, ROWS, TARGET), [0, 1, 0, 1])


def test_each_fold_is_weighed_by_its_own_trees_and_targets():
    folds = [
        stumps((0, 3, [-1.0, 1.0]), (1, 5, [-0.5, 0.5])),
        stumps((1, 5, [-0.5, 0.5]), (0, 3, [0.0, 0.0])),
    ]
    arrays = {
        name: np.stack([trees[name] for trees in folds])[:, None] for name in folds[0]
    }
    found = MODEL.alike(arrays, ROW, ROWS, np.stack([TARGET, TARGET]))
    assert np.allclose(found, [[4 / 7, 1, 0, 3 / 7], [0, 1, 0, 1]])
