import pytest
import torch

from pipeline.lessons import softmax_regression
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


def test_ten_images_are_shown_with_their_true_and_predicted_classes(
    make_config, few_images
):
    outcome = softmax_regression.run(make_config("scratch", data=few_images))
    curve, images = outcome.charts
    assert len(images.pictures) == 10
    assert images.pictures[0].caption.startswith("true: ankle boot\npredicted: ")
    for picture in images.pictures:
        true, predicted = (line.split(": ")[1] for line in picture.caption.splitlines())
        assert picture.correct == (true == predicted)
    assert [line.dashed for line in curve.lines] == [False, False, True, True]
