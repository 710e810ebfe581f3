import pytest
import torch
from lesson_results import axes_of, curves_of, measured

from pipeline.lessons import mlp


def new(seed=0):
    return torch.Generator().manual_seed(seed)


def test_relu_keeps_what_is_positive():
    assert mlp.relu(torch.tensor([-1.0, 0.0, 2.0])).tolist() == [0.0, 0.0, 2.0]


def test_the_learning_rate_is_constant_for_five_epochs_and_then_falls(
    few_images, monkeypatch
):
    rates = []
    images = mlp.fashion_mnist.load(few_images)
    net = mlp.torch_mlp((784, 8, 10), new())
    optimizer = torch.optim.SGD(net.parameters(), 0.5)
    schedule = mlp.falling(optimizer, 0.7)

    def after_epoch():
        rates.append(optimizer.param_groups[0]["lr"])
        schedule.step()

    monkeypatch.setattr(mlp, "EPOCHS", 7)
    mlp.train(net, optimizer, images, torch.Generator(), after_epoch)
    assert rates == pytest.approx([0.5] * 5 + [0.35, 0.245])


def test_sgd_steps_like_torch_s_and_zeroes_the_gradients():
    ours, theirs = (torch.ones(3, requires_grad=True) for _ in range(2))
    for w, optimizer in (
        (ours, mlp.SGD([ours], 0.1)),
        (theirs, torch.optim.SGD([theirs], 0.1)),
    ):
        for _ in range(5):
            optimizer.zero_grad()
            (w**3).sum().backward()
            optimizer.step()
    assert torch.allclose(ours, theirs)
    assert ours[0] < 0.8


def test_init_params_give_each_layer_small_weights_and_zero_biases():
    params = mlp.init_params((784, 256, 10), new())
    assert [list(p.shape) for p in params] == [[784, 256], [256], [256, 10], [10]]
    assert params[0].std().item() == pytest.approx(0.01, rel=0.01)
    assert params[1].abs().max() == params[3].abs().max() == 0
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in params)


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
