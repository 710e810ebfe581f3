"""Dropout (section 3.13): while training, units are left out at random.

No unit can then lean on another. The inverted form divides what is kept by the share
kept: the mean stays what it was, and in use the net needs no change at all.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from pipeline.lessons import classification
from pipeline.lessons.classification import Curve
from pipeline.lessons.config import Setting
from pipeline.lessons.mlp import LOSS, LR, init_params, relu
from pipeline.lessons.result import Row, StageResult
from pipeline.lessons.training import SGD, Learner, Loss, redraw

SIZES = (784, 256, 256, 10)
RATES = (0.2, 0.5)  # less of the first hidden layer, which reads the pixels
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
# Every published run of section 3.13, at epoch 5.
TRAIN_RANGE, TEST_RANGE = (0.848, 0.849), (0.809, 0.850)

Drop = Callable[[Tensor, float], Tensor]


def draw_mask(X: Tensor, rate: float, generator: torch.Generator) -> Tensor:
    """One where a unit stays, zero where it goes; each goes with chance `rate`."""
    return (torch.rand(X.shape, generator=generator) >= rate).float()


def dropout(X: Tensor, rate: float, mask: Tensor) -> Tensor:
    """Inverted dropout by a mask; at rate 1 nothing is kept, and nothing divided."""
    return X * mask / (1 - rate) if rate < 1 else torch.zeros_like(X)


def dropper(generator: torch.Generator) -> Drop:
    """Dropout that draws a mask at every call."""
    return lambda X, rate: dropout(X, rate, draw_mask(X, rate, generator))


def net(
    params: Sequence[Tensor], rates: Sequence[float], drop: Drop, X: Tensor
) -> Tensor:
    """A perceptron that drops after the ReLU of each hidden layer."""
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
    """The learner out of tensors and arithmetic."""
    params = init_params(sizes, generator)
    training = partial(net, params, rates, dropper(generator))
    in_use = partial(net, params, rates, lambda X, _: X)
    return Learner(training, loss, SGD(params, lr), params, in_use)


def with_torch(
    sizes: Sequence[int],
    rates: Sequence[float],
    *,
    loss: Loss,
    lr: float,
    generator: torch.Generator,
) -> Learner:
    """The same learner out of torch's parts; nn.Dropout draws from torch's own seed."""
    *hidden, last = pairwise(sizes)
    layers: list[nn.Module] = []
    for pair, rate in zip(hidden, rates, strict=True):
        layers += [nn.Linear(*pair), nn.ReLU(), nn.Dropout(rate)]
    module = nn.Sequential(*layers, nn.Linear(*last))
    redraw(module, sd=0.01, generator=generator)
    params = list(module.parameters())

    def in_use(X: Tensor) -> Tensor:
        module.eval()
        answer: Tensor = module(X)
        module.train()
        return answer

    return Learner(module, loss, torch.optim.SGD(params, lr), params, in_use)


def run(setting: Setting) -> StageResult:
    """Train on Fashion-MNIST with dropout and without."""
    data = classification.clothes(setting)
    build = scratch if setting.impl == "scratch" else with_torch
    loss, lr = LOSS[setting.impl], LR[setting.impl]
    curves = []
    for source, rates in (("dropout", RATES), ("no dropout", (0.0, 0.0))):
        generator = setting.generator()
        learner = build(SIZES, rates, loss=loss, lr=lr, generator=generator)
        epochs = classification.epochs_on(
            data.train, learner, setting=setting, generator=generator
        )
        curves.append(classification.follow(source, epochs, learner, data.test))
    title = f"Dropout ({setting.impl}): accuracy on Fashion-MNIST"
    return StageResult(
        [
            *mean_rows(setting),
            *classification.rows_of_epochs(PUBLISHED[setting.impl], curves[0]),
            *classification.rows_at_five(setting, curves[0], TRAIN_RANGE, TEST_RANGE),
        ],
        [classification.chart(title, *curves)],
    )


def mean_rows(setting: Setting) -> list[Row]:
    """The mean of a million ones after dropout: kept, but at rate 1, where all go."""
    ones = torch.ones(1000, 1000)
    drop = dropper(setting.generator())
    if setting.impl == "torch":
        drop = nn.functional.dropout
    return [
        Row(f"mean of ones, p = {rate:g}", said, drop(ones, rate).mean().item(), band)
        for rate, said, band in (
            (0.0, "1", (1.0, 1.0)),
            (0.5, "1", (0.996, 1.004)),  # four standard deviations of the mean
            (1.0, "0", (0.0, 0.0)),
        )
    ]
