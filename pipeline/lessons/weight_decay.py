"""Weight decay (section 3.12): a penalty on large weights.

With 200 columns and 20 rows, many hyperplanes fit every row exactly. Adding λ/2 times
the squared norm of the weights to the loss prefers the smallest weights.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipeline.lessons.charts import Line, Lines, Mark
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.linear_regression import linear, noisy_line, squared_loss
from pipeline.lessons.result import LessonOutcome, Measurement, scale_around
from pipeline.lessons.training import SGD, Learner, gaussian, init_normal, train

EPOCHS, LR = 100, 0.003
D_IN, N_TRAIN, N_TEST = 200, 20, 100
LOSS_AXIS = "squared loss (log scale)"
PATH = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


class Fit(NamedTuple):
    """The losses per epoch, without the penalty, and the norm of the final weights."""

    train: list[float]
    test: list[float]
    norm: float


def l2_penalty(w: Tensor) -> Tensor:
    """Return half the squared norm of w, whose derivative is w."""
    return (w**2).sum() / 2


def scratch(
    d_in: int, *, decay: float, lr: float, generator: torch.Generator
) -> Learner:
    """Return the model with the penalty in its loss; the bias is not penalised."""
    w = gaussian(d_in, 1, sd=1, generator=generator)
    b = torch.zeros(1, requires_grad=True)

    def loss(predicted: Tensor, actual: Tensor) -> Tensor:
        return squared_loss(predicted, actual) + decay * l2_penalty(w)

    return Learner(lambda X: linear([w, b], X), loss, SGD([w, b], lr), [w, b])


def with_torch(
    d_in: int, *, decay: float, lr: float, generator: torch.Generator
) -> Learner:
    """Return the same model with the penalty in torch's optimizer.

    SGD adds `weight_decay` times w to the gradient, which is the penalty's derivative.
    (AdamW's `weight_decay` is different: it shrinks w outside the gradient.) As in the
    section, the bias is random here too, and w stays larger to compensate for it.
    """
    net = nn.Linear(d_in, 1)
    init_normal(net, sd=1, generator=generator)
    groups = [
        {"params": [net.weight], "weight_decay": decay},
        {"params": [net.bias], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr)
    return Learner(net, squared_loss, optimizer, [net.weight, net.bias])


# Results of section 3.12, of both implementations: text, range (losses are read off a
# log scale, to half a decade) and the larger standard deviation of log10 on 200 seeds.
PUBLISHED = {
    0.0: (
        ("norm of w", "12.87 to 15.11", (12.87, 15.11), 0.023),
        ("train loss", "about 1e-11", (3e-12, 3e-11), 0.19),
        ("test loss", "about 100", (30, 300), 0.07),
    ),
    3.0: (
        ("norm of w", "0.0352 to 0.0963", (0.0352, 0.0963), 0.18),
        ("train loss", "about 3e-4", (1e-4, 1e-3), 0.34),
        ("test loss", "about 0.01", (3e-3, 3e-2), 0.35),
    ),
}


def run(config: LessonConfig) -> LessonOutcome:
    """Fit without weight decay, with it, and along a path of values of λ."""
    fits = {decay: fit(config, decay) for decay in PATH}
    measurements = [m for decay in PUBLISHED for m in _compare(config, decay, fits)]
    charts = [_curves(config.impl, fits[0.0], fits[3.0]), _path(config.impl, fits)]
    return LessonOutcome(measurements, charts)


def fit(config: LessonConfig, decay: float) -> Fit:
    """Train with this λ; rows and initial weights are the same for every λ."""
    generator = config.generator()
    X = torch.randn(N_TRAIN + N_TEST, D_IN, generator=generator)
    y = noisy_line(X, [0.01] * D_IN, 0.05, generator)
    build = scratch if config.impl == "scratch" else with_torch
    learner = build(D_IN, decay=decay, lr=LR, generator=generator)
    rows = X[:N_TRAIN], y[:N_TRAIN]
    epochs = config.epochs_or(EPOCHS)
    train_losses, test_losses = [], []
    for _ in train(learner, *rows, epochs=epochs, batch_size=1, generator=generator):
        losses = squared_loss(learner.predict(X), y)
        train_losses.append(losses[:N_TRAIN].mean().item())
        test_losses.append(losses[N_TRAIN:].mean().item())
    return Fit(train_losses, test_losses, learner.parameters[0].norm().item())


def _compare(
    config: LessonConfig, decay: float, fits: dict[float, Fit]
) -> list[Measurement]:
    last = fits[decay].norm, fits[decay].train[-1], fits[decay].test[-1]
    measurements = []
    for (name, text, ends, decades), value in zip(PUBLISHED[decay], last, strict=True):
        low, high = scale_around(*ends, decades=decades)
        low *= low > 1e-10  # less is the rounding of float32: it differs by processor
        tolerance = config.tolerance((low, high), book=EPOCHS)
        quantity = f"{name}, λ = {decay:g}"
        measurements.append(Measurement(quantity, text, value, tolerance))
    return measurements


def _curves(impl: str, undecayed: Fit, decayed: Fit) -> Lines:
    title = f"Weight decay ({impl}): without it, the test loss stays high"
    lines = [
        Line.by_epoch("train, λ = 0", undecayed.train),
        Line.by_epoch("test, λ = 0", undecayed.test),
        Line.by_epoch("train, λ = 3", decayed.train, dashed=True),
        Line.by_epoch("test, λ = 3", decayed.test, dashed=True),
    ]
    return Lines("losses", title, "epoch", LOSS_AXIS, lines, log_y=True)


def _path(impl: str, fits: dict[float, Fit]) -> Lines:
    decays = [decay for decay in fits if decay > 0]  # the axis is logarithmic
    train_losses = [fits[decay].train[-1] for decay in decays]
    test_losses = [fits[decay].test[-1] for decay in decays]
    lowest, best = min(zip(test_losses, decays, strict=True))
    return Lines(
        "path",
        f"Weight decay ({impl}): final loss by λ",
        "λ (log scale)",
        LOSS_AXIS,
        [Line("train", decays, train_losses), Line("test", decays, test_losses)],
        mark=Mark(best, lowest, f"lowest test loss: λ = {best:g}"),
        log_x=True,
        log_y=True,
    )
