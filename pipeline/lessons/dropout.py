"""Dropout (section 3.13): hidden units are set to zero at random during training.

This prevents co-adaptation of units. Inverted dropout divides the kept units by the
probability of keeping them, so their mean is unchanged and evaluation needs no scaling.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from pipeline.lessons import classification
from pipeline.lessons.classification import Curve
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.mlp import LOSS, LR, init_params, relu
from pipeline.lessons.result import LessonOutcome, Measurement
from pipeline.lessons.training import SGD, Learner, Loss, init_normal

SIZES = (784, 256, 256, 10)
RATES = (0.2, 0.5)  # lower for the first hidden layer, which is closer to the input
PUBLISHED = {
    "scratch": Curve(
        "section 3.13",
        (0.574, 0.786, 0.826, 0.839, 0.849),
        (0.648, 0.786, 0.825, 0.831, 0.850),
    ),
    "torch": Curve(
        "section 3.13",
        (0.553, 0.784, 0.822, 0.837, 0.848),
        (0.715, 0.793, 0.817, 0.830, 0.839),
    ),
}
# Of all published runs of section 3.13, after epoch 5.
TRAIN_RANGE, TEST_RANGE = (0.848, 0.849), (0.809, 0.850)

Drop = Callable[[Tensor, float], Tensor]


def draw_mask(X: Tensor, rate: float, generator: torch.Generator) -> Tensor:
    """Return a mask of ones, with zeros at random with probability `rate`."""
    return (torch.rand(X.shape, generator=generator) >= rate).float()


def dropout(X: Tensor, rate: float, mask: Tensor) -> Tensor:
    """Return X after inverted dropout with a mask; zeros if the rate is 1."""
    return X * mask / (1 - rate) if rate < 1 else torch.zeros_like(X)


def dropper(generator: torch.Generator) -> Drop:
    """Return a dropout function that draws a new mask at every call."""
    return lambda X, rate: dropout(X, rate, draw_mask(X, rate, generator))


def net(
    params: Sequence[Tensor], rates: Sequence[float], drop: Drop, X: Tensor
) -> Tensor:
    """Return a perceptron's outputs, with dropout after each hidden layer's ReLU."""
    *hidden, (W, b) = zip(params[::2], params[1::2], strict=True)
    for (W_hidden, b_hidden), rate in zip(hidden, rates, strict=True):
        X = drop(relu(X @ W_hidden + b_hidden), rate)
    return X @ W + b


def scratch(
    sizes: Sequence[int],
    rates: Sequence[float],
    *,
    loss: Loss,
    lr: float,
    generator: torch.Generator,
) -> Learner:
    """Return the model built from tensors and arithmetic."""
    params = init_params(sizes, generator)
    train_net = partial(net, params, rates, dropper(generator))
    predict_net = partial(net, params, rates, lambda X, _: X)
    return Learner(train_net, loss, SGD(params, lr), params, predict_net)


def with_torch(
    sizes: Sequence[int],
    rates: Sequence[float],
    *,
    loss: Loss,
    lr: float,
    generator: torch.Generator,
) -> Learner:
    """Return the same model of torch's classes; masks come from torch's global seed."""
    *hidden, last = pairwise(sizes)
    layers: list[nn.Module] = []
    for pair, rate in zip(hidden, rates, strict=True):
        layers += [nn.Linear(*pair), nn.ReLU(), nn.Dropout(rate)]
    module = nn.Sequential(*layers, nn.Linear(*last))
    init_normal(module, sd=0.01, generator=generator)
    params = list(module.parameters())

    def predict_net(X: Tensor) -> Tensor:
        module.eval()
        outputs: Tensor = module(X)
        module.train()
        return outputs

    return Learner(module, loss, torch.optim.SGD(params, lr), params, predict_net)


def run(config: LessonConfig) -> LessonOutcome:
    """Train on Fashion-MNIST with and without dropout."""
    data = classification.load_images(config)
    build = scratch if config.impl == "scratch" else with_torch
    loss, lr = LOSS[config.impl], LR[config.impl]
    curves = []
    for source, rates in (("dropout", RATES), ("no dropout", (0.0, 0.0))):
        generator = config.generator()
        learner = build(SIZES, rates, loss=loss, lr=lr, generator=generator)
        epochs = classification.train_on(
            data.train, learner, config=config, generator=generator
        )
        curves.append(classification.measure(source, epochs, learner, data.test))
    measurements = [
        *mean_of_ones(config),
        *classification.compare_epochs(PUBLISHED[config.impl], curves[0]),
        *classification.compare_at_five(config, curves[0], TRAIN_RANGE, TEST_RANGE),
    ]
    chart = classification.accuracy_chart(f"Dropout ({config.impl})", *curves)
    return LessonOutcome(measurements, [chart])


def mean_of_ones(config: LessonConfig) -> list[Measurement]:
    """Measure the mean of a million ones after dropout: 1, or 0 if the rate is 1."""
    ones = torch.ones(1000, 1000)
    drop = dropper(config.generator())
    if config.impl == "torch":
        drop = nn.functional.dropout
    return [
        Measurement(
            f"mean of ones, p = {rate:g}", mean, drop(ones, rate).mean().item(), ends
        )
        for rate, mean, ends in (
            (0.0, "1", (1.0, 1.0)),
            (0.5, "1", (0.996, 1.004)),  # four standard deviations of the mean
            (1.0, "0", (0.0, 0.0)),
        )
    ]
