"""Linear regression (sections 3.2 and 3.3): one layer, squared loss, minibatch SGD.

The rows are made up: y = 2 x₁ - 3.4 x₂ + 4.2 and a little noise, so the right answer
is known.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipeline.lessons.charts import Line, Lines
from pipeline.lessons.config import Setting
from pipeline.lessons.result import Row, StageResult, around, scale_around
from pipeline.lessons.training import SGD, Learner, gaussian, redraw, train

EPOCHS = 3
TRUE_W, TRUE_B = (2.0, -3.4), 4.2


def noisy_line(
    X: Tensor, w: Sequence[float], b: float, generator: torch.Generator
) -> Tensor:
    """Targets [n, 1] on a hyperplane, with noise of standard deviation 0.01."""
    noise = torch.randn(len(X), 1, generator=generator) * 0.01
    return X @ torch.tensor(w).view(-1, 1) + b + noise


def init_params(d_in: int, d_out: int, generator: torch.Generator) -> list[Tensor]:
    """Small random weights [d_in, d_out] and zero biases [d_out]."""
    W = gaussian(d_in, d_out, sd=0.01, generator=generator)
    return [W, torch.zeros(d_out, requires_grad=True)]


def linear(params: Sequence[Tensor], X: Tensor) -> Tensor:
    """One layer: X W + b."""
    W, b = params
    return X @ W + b


def squared_loss(predicted: Tensor, actual: Tensor) -> Tensor:
    """Half the squared difference, so that its derivative is the difference."""
    return (predicted - actual) ** 2 / 2


def scratch(d_in: int, *, lr: float, generator: torch.Generator) -> Learner:
    """The learner out of tensors and arithmetic."""
    params = init_params(d_in, 1, generator)
    return Learner(lambda X: linear(params, X), squared_loss, SGD(params, lr), params)


def torch_layer(d_in: int, d_out: int, generator: torch.Generator) -> nn.Linear:
    """A torch layer with the weights and biases of `init_params`."""
    layer = nn.Linear(d_in, d_out)
    redraw(layer, sd=0.01, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def with_torch(d_in: int, *, lr: float, generator: torch.Generator) -> Learner:
    """The same learner out of torch's parts."""
    net = torch_layer(d_in, 1, generator)
    params = list(net.parameters())
    # MSELoss has no ½: the same lr takes steps twice as long, as in section 3.3.
    loss = nn.MSELoss(reduction="none")
    return Learner(net, loss, torch.optim.SGD(params, lr), params)


class Published(NamedTuple):
    """A section's printed results: losses per epoch, then w and b."""

    section: str
    losses: tuple[float, ...]
    line: tuple[float, float, float]


PUBLISHED = {
    "scratch": Published(
        "3.2", (0.0281, 0.000095, 0.000050), (1.9998, -3.3998, 4.2001)
    ),
    "torch": Published(
        "3.3", (0.000457, 0.000081, 0.000198), (1.9999, -3.4005, 4.2011)
    ),
}
# Standard deviations over 200 seeds: of log10 of the losses, and of w and b.
DECADES = {"scratch": (0.10, 0.13, 0.02), "torch": (0.23, 0.21, 0.20)}
SPREAD = 0.00055


def run(setting: Setting) -> StageResult:
    """Learn w and b from 1,000 rows and set them beside the true ones."""
    generator = setting.generator()
    X = torch.randn(1000, 2, generator=generator)
    y = noisy_line(X, TRUE_W, TRUE_B, generator)
    build = scratch if setting.impl == "scratch" else with_torch
    learner = build(2, lr=0.03, generator=generator)
    epochs = setting.epochs_or(EPOCHS)
    losses = []
    for epoch in train(
        learner, X, y, epochs=epochs, batch_size=10, generator=generator
    ):
        # Section 3.2 prints the loss of all rows, section 3.3 that of the last ten.
        last = epoch.predicted[-10:], epoch.actual[-10:]
        shown = (learner.predict(X), y) if setting.impl == "scratch" else last
        losses.append(learner.loss(*shown).mean().item())
    W, b = learner.parameters
    line = [*W.flatten().tolist(), b.item()]
    published = PUBLISHED[setting.impl]
    chart = Lines(
        "loss",
        f"Linear regression ({setting.impl}): loss falls to the noise",
        "epoch",
        "loss (squared units of y)",
        [
            Line.by_epoch("measured", losses),
            Line.by_epoch(
                f"section {published.section}", published.losses, dashed=True
            ),
        ],
        log_y=True,
    )
    return StageResult(_rows(setting, published, losses, line), [chart])


def _rows(
    setting: Setting, published: Published, losses: list[float], line: list[float]
) -> list[Row]:
    decades = DECADES[setting.impl]
    rows = []
    for number, loss in enumerate(losses[:EPOCHS]):
        said = published.losses[number]
        band = scale_around(said, decades=decades[number])
        name = f"loss, epoch {number + 1}"
        rows.append(setting.row(name, said, loss, band, book=EPOCHS))
    for symbol, true, said, found in zip(
        ("w1", "w2", "b"), (*TRUE_W, TRUE_B), published.line, line, strict=True
    ):
        # The book's run is one draw about the true line, and ours is another.
        band = around(said, true, spread=SPREAD)
        name = f"{symbol} (true {true:g})"
        rows.append(setting.row(name, said, found, band, book=EPOCHS))
    return rows
