import re

import numpy as np
import pytest
import torch
from lesson_results import axes_of, curves_of

from pipeline.lessons import fashion_mnist, softmax_regression
from pipeline.lessons.softmax_regression import cross_entropy, log_softmax


def test_log_softmax_equals_torch_s_and_its_probabilities_sum_to_one():
    logits = torch.randn(20, 10) * 5
    assert torch.allclose(log_softmax(logits), torch.log_softmax(logits, 1), atol=1e-5)
    assert torch.allclose(log_softmax(logits).exp().sum(1), torch.ones(20))


def test_the_derivative_of_the_loss_is_the_probability_minus_the_truth():
    logits, labels = torch.randn(20, 10, requires_grad=True), torch.arange(20) % 10
    cross_entropy(logits, labels).sum().backward()
    truth = torch.eye(10)[labels]
    assert torch.allclose(logits.grad, logits.softmax(1).detach() - truth, atol=1e-6)


def test_logits_in_the_thousands_do_not_overflow():
    assert log_softmax(torch.tensor([[5000.0, 0.0]])).tolist() == [[0.0, -5000.0]]


@pytest.mark.parametrize("impl", ["scratch", "torch"])
def test_one_epoch_on_the_real_images_classifies_three_of_four(
    impl, run_one, images_folder
):
    result = run_one("softmax-regression", impl, EPOCHS=1, DATA=images_folder)
    train, test = result.rows
    assert 0.73 < float(train.measured) < 0.77
    assert 0.75 < float(test.measured) < 0.82


def test_the_training_accuracy_is_that_of_predictions_made_before_each_step(
    few_images, monkeypatch
):
    images = fashion_mnist.load(few_images)
    one_batch = images._replace(
        train=fashion_mnist.Images(*(part[:256] for part in images.train))
    )
    weights = torch.randn(784, 10, generator=torch.Generator().manual_seed(0))
    before = fashion_mnist.accuracy(
        one_batch.train.images @ weights, one_batch.train.labels
    )
    weights.requires_grad_()

    def net(X):
        return X @ weights

    def forget():
        with torch.no_grad():
            weights.zero_()

    monkeypatch.setattr(softmax_regression, "EPOCHS", 1)
    (train,), _ = softmax_regression.train(
        one_batch, torch.Generator(), net, cross_entropy, forget
    )
    assert train == pytest.approx(before)


def test_the_most_confident_mistakes_are_shown(run_one, few_images):
    result = run_one("softmax-regression", "scratch", DATA=few_images)
    insets = axes_of(result, "mistakes").child_axes
    assert len(insets) == 10
    probabilities = []
    for inset in insets:
        true, predicted, probability = inset.get_title().splitlines()
        assert true.removeprefix("true: ") != predicted.removeprefix("predicted: ")
        probabilities.append(float(probability.removeprefix("probability ")))
    assert probabilities == sorted(probabilities, reverse=True)
    shares = np.asarray(axes_of(result, "confusion").get_images()[0].get_array())
    assert shares.sum(1) == pytest.approx([100] * 10, abs=1e-3)
    curves = axes_of(result, "accuracy").get_lines()
    assert [line.get_linestyle() for line in curves] == ["-", "--", "-", "--"]
    assert curves_of(axes_of(result, "accuracy")).keys() == {
        "train, measured",
        "train, section 3.6",
        "test, measured",
        "test, section 3.6",
    }


def test_each_epoch_is_printed_as_the_book_does(run_one, few_images):
    lines = []
    run_one("softmax-regression", "torch", DATA=few_images, EPOCHS=2, say=lines.append)
    for number, line in enumerate(lines, 1):
        pattern = rf"epoch {number}, loss [\d.]+, train accuracy 0\.\d+, test accuracy"
        assert re.match(pattern, line), line
    assert len(lines) == 2
