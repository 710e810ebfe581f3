"""Weight decay (section 3.12): a price on large weights.

With 200 columns and 20 rows many planes go through every row. The squared length of
the weights, times λ/2, is added to the loss, so the shortest weights win.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipeline.lessons.charts import Line, Lines, Mark
from pipeline.lessons.config import Setting
from pipeline.lessons.linear_regression import linear, noisy_line, squared_loss
from pipeline.lessons.result import Row, StageResult, scale_around
from pipeline.lessons.training import SGD, Learner, gaussian, redraw, train

EPOCHS = 100
D_IN, N_TRAIN, N_TEST = 200, 20, 100
LR = 0.003
LOSS_AXIS = "squared loss (log scale)"
PATH = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


class Fit(NamedTuple):
    """Losses an epoch, without the penalty, and the length of the last weights."""

    train: list[float]
    test: list[float]
    norm: float


def l2_penalty(w: Tensor) -> Tensor:
    """Half the squared length, so that its derivative is w."""
    return (w**2).sum() / 2


def scratch(
    d_in: int, *, decay: float, lr: float, generator: torch.Generator
) -> Learner:
    """The learner with the penalty in its loss; the bias goes free."""
    w = gaussian(d_in, 1, sd=1, generator=generator)
    b = torch.zeros(1, requires_grad=True)

    def loss(predicted: Tensor, actual: Tensor) -> Tensor:
        return squared_loss(predicted, actual) + decay * l2_penalty(w)

    return Learner(lambda X: linear([w, b], X), loss, SGD([w, b], lr), [w, b])


def with_torch(
    d_in: int, *, decay: float, lr: float, generator: torch.Generator
) -> Learner:
    """The same learner with the penalty in the step.

    SGD adds `weight_decay` times w to the gradient, which is the penalty's derivative.
    (AdamW's `weight_decay` is another thing: it shrinks w outside the gradient.) The
    section draws the bias here too; w stays longer while it makes up for that.
    """
    net = nn.Linear(d_in, 1)
    redraw(net, sd=1, generator=generator)
    groups = [
        {"params": [net.weight], "weight_decay": decay},
        {"params": [net.bias], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr)
    return Learner(net, squared_loss, optimizer, [net.weight, net.bias])


# What section 3.12 says of scratch and torch: the figure, its range (a loss is read off
# a log scale, to half a decade) and the standard deviation of its log10 over 200 seeds,
# the larger of the two implementations'.
PUBLISHED = {
    0.0: (
        ("length of w", "12.87 to 15.11", (12.87, 15.11), 0.023),
        ("train loss", "about 1e-11", (3e-12, 3e-11), 0.19),
        ("test loss", "about 100", (30, 300), 0.07),
    ),
    3.0: (
        ("length of w", "0.0352 to 0.0963", (0.0352, 0.0963), 0.18),
        ("train loss", "about 3e-4", (1e-4, 1e-3), 0.34),
        ("test loss", "about 0.01", (3e-3, 3e-2), 0.35),
    ),
}


def run(setting: Setting) -> StageResult:
    """Fit without decay and with, then along a path of decays."""
    fits = {decay: fitted(setting, decay) for decay in PATH}
    return StageResult(
        [row for decay in PUBLISHED for row in _rows(setting, decay, fits[decay])],
        [_curves(setting.impl, fits[0.0], fits[3.0]), _path(setting.impl, fits)],
    )


def fitted(setting: Setting, decay: float) -> Fit:
    """Train on the same rows, from the same weights, with this decay."""
    generator = setting.generator()
    X = torch.randn(N_TRAIN + N_TEST, D_IN, generator=generator)
    y = noisy_line(X, [0.01] * D_IN, 0.05, generator)
    build = scratch if setting.impl == "scratch" else with_torch
    learner = build(D_IN, decay=decay, lr=LR, generator=generator)
    rows = X[:N_TRAIN], y[:N_TRAIN]
    epochs = setting.epochs_or(EPOCHS)
    train_losses, test_losses = [], []
    for _ in train(learner, *rows, epochs=epochs, batch_size=1, generator=generator):
        losses = squared_loss(learner.predict(X), y)
        train_losses.append(losses[:N_TRAIN].mean().item())
        test_losses.append(losses[N_TRAIN:].mean().item())
    return Fit(train_losses, test_losses, learner.parameters[0].norm().item())


def _rows(setting: Setting, decay: float, fit: Fit) -> list[Row]:
    rows = []
    measured = fit.norm, fit.train[-1], fit.test[-1]
    for (name, said, ends, decades), found in zip(
        PUBLISHED[decay], measured, strict=True
    ):
        band = setting.band(scale_around(*ends, decades=decades), book=EPOCHS)
        rows.append(Row(f"{name}, λ = {decay:g}", said, found, band))
    return rows


def _curves(impl: str, free: Fit, decayed: Fit) -> Lines:
    title = f"Weight decay ({impl}): without it, only the training rows are learnt"
    lines = [
        Line.by_epoch("train, λ = 0", free.train),
        Line.by_epoch("test, λ = 0", free.test),
        Line.by_epoch("train, λ = 3", decayed.train, dashed=True),
        Line.by_epoch("test, λ = 3", decayed.test, dashed=True),
    ]
    return Lines("losses", title, "epoch", LOSS_AXIS, lines, log_y=True)


def _path(impl: str, fits: dict[float, Fit]) -> Lines:
    decays = [decay for decay in fits if decay > 0]  # zero has no place on a log axis
    ends = [(fits[decay].train[-1], fits[decay].test[-1]) for decay in decays]
    learnt, test = zip(*ends, strict=True)
    best = decays[test.index(min(test))]
    return Lines(
        "path",
        f"Weight decay ({impl}): the last loss along a path of λ",
        "λ, weight of the penalty (log scale)",
        LOSS_AXIS,
        [Line("train", decays, learnt), Line("test", decays, test)],
        mark=Mark(best, min(test), f"least test loss: λ = {best:g}"),
        log_x=True,
        log_y=True,
    )
