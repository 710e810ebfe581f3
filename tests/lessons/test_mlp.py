import pytest
import torch
from lesson_results import axes_of, curves_of, measured

from pipeline.lessons import mlp


def test_relu_keeps_what_is_positive():
    assert mlp.relu(torch.tensor([-1.0, 0.0, 2.0])).tolist() == [0.0, 0.0, 2.0]


def test_the_learning_rate_is_constant_for_five_epochs_and_then_falls(
    few_images, monkeypatch
):
    rates = []
    images = mlp.fashion_mnist.load(few_images)
    net = mlp.torch_mlp((784, 8, 10), torch.Generator().manual_seed(0))
    optimizer = torch.optim.SGD(net.parameters(), 0.5)
    step = optimizer.step

    def recording_step():
        rates.append(optimizer.param_groups[0]["lr"])
        step()

    monkeypatch.setattr(optimizer, "step", recording_step)
    monkeypatch.setattr(mlp, "EPOCHS", 7)
    mlp.train(net, mlp.torch_step(optimizer), images, torch.Generator(), 0.5, 0.7)
    per_epoch = rates[::2]  # 512 images are two batches
    assert per_epoch == pytest.approx([0.5] * 5 + [0.35, 0.245])


def test_softmax_regression_stands_beside_the_perceptron(run_one, few_images):
    result = run_one("mlp", "scratch", DATA=few_images)
    found = measured(result)["test accuracy, last epoch, softmax regression"]
    assert found != measured(result)["test accuracy, last epoch, perceptron"]
    assert f"Softmax regression has a test accuracy of {found:.3f}." in result.seen


def test_torch_s_ten_epochs_are_compared_with_the_original_tutorial(
    run_one, few_images
):
    rows = {row.quantity: row for row in run_one("mlp", "torch", DATA=few_images).rows}
    per_epoch = rows["test accuracy per epoch, original tutorial"]
    assert per_epoch.published == ".804 .805 .832 .848 .847 .867 .853 .844 .858 .860"
    assert len(per_epoch.measured.split()) == 10
    recipe = rows["test accuracy, last epoch, the tutorial's recipe"]
    assert recipe.published == "0.860"
    assert recipe.band == pytest.approx((0.824, 0.887))
    ours = rows["test accuracy, last epoch, falling learning rate (ours)"]
    assert (ours.published, ours.band) == ("", None)


def test_the_tutorials_recipe_and_ours_are_equal_until_the_rate_falls(
    run_one, few_images
):
    result = run_one("mlp", "torch", DATA=few_images)
    curves = curves_of(axes_of(result, "schedule")).values()
    (_, constant), (_, falling) = curves
    assert constant[:5] == falling[:5]
    assert constant[5:] != falling[5:]


def test_the_width_of_the_hidden_layer_can_be_changed(run_one, few_images):
    wide, narrow, book = (
        measured(run_one("mlp", "scratch", DATA=few_images, EPOCHS=1, **hidden))
        for hidden in ({"HIDDEN": (256,)}, {"HIDDEN": (4,)}, {})
    )
    assert wide != narrow
    assert wide == book
