import pytest
import torch

from pipeline.lessons import mlp, mlp_schedule
from pipeline.lessons.training import Epoch


def test_relu_keeps_what_is_positive():
    assert mlp.relu(torch.tensor([-1.0, 0.0, 2.0])).tolist() == [0.0, 0.0, 2.0]


def test_init_params_give_each_layer_small_weights_and_zero_biases():
    params = mlp.init_params((784, 256, 10), torch.Generator().manual_seed(0))
    assert [list(p.shape) for p in params] == [[784, 256], [256], [256, 10], [10]]
    assert params[0].std().item() == pytest.approx(0.01, rel=0.01)
    assert params[1].abs().max() == params[3].abs().max() == 0
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in params)


def test_the_learning_rate_is_constant_for_five_epochs_and_then_decays():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    rates = []

    def epochs():
        for number in range(1, 8):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            yield Epoch(number, torch.zeros(1), torch.zeros(1))

    assert [epoch.number for epoch in mlp_schedule.decay_lr(epochs(), optimizer)] == [
        *range(1, 8)
    ]
    assert rates == pytest.approx([0.5] * 5 + [0.35, 0.245])


@pytest.mark.parametrize("impl", ["scratch", "torch"])
def test_two_epochs_on_the_real_images_reproduce_the_published_training(
    impl, make_config, images_folder
):
    outcome = mlp.run(make_config(impl, epochs=2, data=images_folder))
    published = mlp.PUBLISHED[impl].train
    first, second = map(float, outcome.measurements[0].measured.split())
    assert first == pytest.approx(published[0], abs=0.03)
    assert second == pytest.approx(published[1], abs=0.02)


def test_torch_s_ten_epochs_are_compared_with_the_original_tutorial(
    make_config, few_images
):
    outcome = mlp.run(make_config("torch", data=few_images))
    measurements = {each.quantity: each for each in outcome.measurements}
    per_epoch = measurements["test accuracy per epoch, original tutorial"]
    assert per_epoch.published == ".804 .805 .832 .848 .847 .867 .853 .844 .858 .860"
    assert len(per_epoch.measured.split()) == 10
    recipe = measurements["test accuracy, last epoch, the tutorial's recipe"]
    assert recipe.published == "0.860"
    assert recipe.tolerance == pytest.approx((0.824, 0.887))
    ours = measurements["test accuracy, last epoch, falling learning rate (ours)"]
    assert (ours.published, ours.tolerance) == ("", None)


def test_the_tutorials_recipe_and_ours_are_equal_until_the_rate_falls(
    make_config, few_images
):
    outcome = mlp.run(make_config("torch", data=few_images))
    (schedule,) = [each for each in outcome.charts if each.name == "schedule"]
    constant, falling = (line.y for line in schedule.lines)
    assert constant[:5] == falling[:5]
    assert constant[5:] != falling[5:]


def test_the_width_of_the_hidden_layer_can_be_changed(make_config, few_images):
    wide, narrow = (
        mlp.run(make_config("scratch", data=few_images, epochs=1, hidden=hidden))
        for hidden in ((256,), (4,))
    )
    assert wide.measurements != narrow.measurements
    book = mlp.run(make_config("scratch", data=few_images, epochs=1))
    assert wide.measurements == book.measurements
