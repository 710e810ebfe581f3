"""Dropout (section 3.13): hidden units are set to zero at random during training.

This prevents co-adaptation of units. Inverted dropout divides the kept units by the
probability of keeping them, so their mean is unchanged and evaluation needs no scaling.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from pipeline.core.errors import UserError
from pipeline.lessons import (
    classification,
    classification_charts,
    dropout_checks,
    overfitting,
)
from pipeline.lessons.classification import Curve
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.fashion_mnist import FashionMnist
from pipeline.lessons.mlp import LOSS, LR, init_params, relu
from pipeline.lessons.result import LessonOutcome
from pipeline.lessons.training import SGD, Learner, Loss, init_normal

SIZES = (784, 256, 256, 10)
RATES = (0.2, 0.5)  # lower closer to the input; further layers have the last one
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
    """Train on Fashion-MNIST with and without dropout, shortly and long."""
    builds = networks(config)
    data = classification.load_images(config)
    curves = [_train(config, data, name, build) for name, build in builds.items()]
    fits = overfitting.fit_all(config, data, builds)
    is_scratch = config.impl == "scratch"
    drop = dropper(config.generator()) if is_scratch else nn.functional.dropout
    title = f"Dropout ({config.impl})"
    measurements = [
        *dropout_checks.mean_of_ones(drop),
        *dropout_checks.compare(config, *curves),
        *overfitting.measurements(fits),
    ]
    charts = [
        classification_charts.accuracy_chart(title, *curves),
        overfitting.chart(title, fits),
    ]
    seen = [*map(classification_charts.gap_sentence, curves), *overfitting.seen(fits)]
    return LessonOutcome(measurements, charts, seen)


def networks(config: LessonConfig) -> dict[str, Callable[..., Learner]]:
    """Return functions that make the network, with dropout and without it.

    Raises:
        UserError: The rates given are not as many as the hidden layers.
    """
    hidden = config.hidden or SIZES[1:-1]
    rates = config.rates or (*RATES, *RATES[-1:] * len(hidden))[: len(hidden)]
    if len(rates) != len(hidden):
        raise UserError(
            f"--rate: {len(rates)} for {len(hidden)} hidden layers; give one for each"
        )
    network = scratch if config.impl == "scratch" else with_torch
    build = partial(network, (SIZES[0], *hidden, SIZES[-1]), loss=LOSS[config.impl])
    both = {"dropout": rates, "no dropout": (0.0,) * len(hidden)}
    return {name: partial(build, rates=each) for name, each in both.items()}


def _train(
    config: LessonConfig, data: FashionMnist, name: str, build: Callable[..., Learner]
) -> Curve:
    generator = config.generator()
    learner = build(lr=config.lr or LR[config.impl], generator=generator)
    epochs = classification.train_on(
        data.train, learner, config=config, generator=generator
    )
    return classification.measure(name, epochs, learner, data.test, say=config.say)
