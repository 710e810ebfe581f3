import re

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix

from pipeline.lessons import classification_charts, softmax_regression
from pipeline.lessons.softmax_regression import log_softmax


def test_log_softmax_equals_torch_s_and_its_probabilities_sum_to_one():
    logits = torch.randn(20, 10) * 5
    assert torch.allclose(log_softmax(logits), torch.log_softmax(logits, 1), atol=1e-5)
    assert torch.allclose(log_softmax(logits).exp().sum(1), torch.ones(20))


def test_logits_in_the_thousands_do_not_overflow():
    assert log_softmax(torch.tensor([[5000.0, 0.0]])).tolist() == [[0.0, -5000.0]]


@pytest.mark.parametrize("impl", ["scratch", "torch"])
def test_one_epoch_on_the_real_images_classifies_three_of_four(
    impl, make_config, images_folder
):
    outcome = softmax_regression.run(make_config(impl, epochs=1, data=images_folder))
    train, test = outcome.measurements
    assert 0.73 < float(train.measured) < 0.77
    assert 0.75 < float(test.measured) < 0.82


def test_the_most_confident_mistakes_are_shown(make_config, few_images):
    outcome = softmax_regression.run(make_config("scratch", data=few_images))
    curve, mistakes, matrix = outcome.charts
    assert len(mistakes.pictures) == 10
    probabilities = []
    for picture in mistakes.pictures:
        true, predicted, probability = picture.caption.splitlines()
        assert true.removeprefix("true: ") != predicted.removeprefix("predicted: ")
        probabilities.append(float(probability.removeprefix("probability ")))
    assert probabilities == sorted(probabilities, reverse=True)
    assert [sum(row) for row in matrix.values] == pytest.approx([100] * 10, abs=1e-3)
    assert [line.dashed for line in curve.lines] == [False, False, True, True]


def test_the_confusion_matrix_is_scikit_learn_s(all_images):
    images, labels = all_images.test.images[:500], all_images.test.labels[:500]
    logits = images[:, 300:310]  # any numbers
    expected = confusion_matrix(labels, logits.argmax(1), normalize="true")
    matrix = classification_charts.confusion_matrix("", logits, labels)
    np.testing.assert_allclose(matrix.values, 100 * expected, atol=1e-3)


def test_each_epoch_is_said_as_the_book_does(make_config, few_images):
    lines = []
    config = make_config("torch", data=few_images, epochs=2, say=lines.append)
    softmax_regression.run(config)
    for number, line in enumerate(lines, 1):
        pattern = rf"epoch {number}, loss [\d.]+, train accuracy 0\.\d+, test accuracy"
        assert re.match(pattern, line), line
    assert len(lines) == 2
