import pytest
import torch

from pipeline.lessons import softmax_regression
from pipeline.lessons.softmax_regression import log_softmax


def test_log_softmax_equals_torch_s_and_sums_to_one():
    scores = torch.randn(20, 10) * 5
    assert torch.allclose(log_softmax(scores), torch.log_softmax(scores, 1), atol=1e-5)
    assert torch.allclose(log_softmax(scores).exp().sum(1), torch.ones(20))


def test_scores_in_the_thousands_do_not_overflow():
    assert log_softmax(torch.tensor([[5000.0, 0.0]])).tolist() == [[0.0, -5000.0]]


@pytest.mark.parametrize("impl", ["scratch", "torch"])
def test_one_epoch_on_the_real_pictures_is_worth_three_answers_in_four(
    impl, asked, clothes_folder
):
    outcome = softmax_regression.run(asked(impl, epochs=1, data=clothes_folder))
    train_row, test_row = outcome.rows
    assert 0.73 < float(train_row.measured) < 0.77
    assert 0.75 < float(test_row.measured) < 0.82


def test_ten_pictures_are_shown_with_what_they_are_and_what_was_said(
    asked, few_clothes
):
    outcome = softmax_regression.run(asked("scratch", data=few_clothes))
    curve, answers = outcome.charts
    assert len(answers.pictures) == 10
    assert answers.pictures[0].caption.startswith("true: ankle boot\nsaid: ")
    for picture in answers.pictures:
        true, said = (line.split(": ")[1] for line in picture.caption.splitlines())
        assert picture.right == (true == said)
    assert [line.dashed for line in curve.lines] == [False, False, True, True]
