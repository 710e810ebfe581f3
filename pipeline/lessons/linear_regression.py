"""Linear regression (sections 3.2 and 3.3): one layer, squared loss, minibatch SGD.

The rows are synthetic, y = 2 x₁ - 3.4 x₂ + 4.2 with a little noise, so the true weights
are known.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pipeline.lessons import linear_charts
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.linear_charts import Published
from pipeline.lessons.result import LessonOutcome, Measurement, around, scale_around
from pipeline.lessons.training import SGD, Learner, gaussian, init_normal, train

EPOCHS = 3
TRUE_W, TRUE_B = (2.0, -3.4), 4.2
NOISE = 0.01  # its standard deviation


def noisy_line(
    X: Tensor, w: Sequence[float], b: float, generator: torch.Generator
) -> Tensor:
    """Return X w + b plus noise of standard deviation 0.01, shape [n, 1]."""
    noise = torch.randn(len(X), 1, generator=generator) * NOISE
    return X @ torch.tensor(w).view(-1, 1) + b + noise


def init_params(d_in: int, d_out: int, generator: torch.Generator) -> list[Tensor]:
    """Return weights from N(0, 0.01²) [d_in, d_out] and zero biases [d_out]."""
    W = gaussian(d_in, d_out, sd=0.01, generator=generator)
    return [W, torch.zeros(d_out, requires_grad=True)]


def linear(params: Sequence[Tensor], X: Tensor) -> Tensor:
    """Return X W + b, shape [n, d_out]."""
    W, b = params
    return X @ W + b


def squared_loss(predicted: Tensor, actual: Tensor) -> Tensor:
    """Return half the squared difference, whose derivative is the difference."""
    return (predicted - actual) ** 2 / 2


def scratch(d_in: int, *, lr: float, generator: torch.Generator) -> Learner:
    """Return the model built from tensors and arithmetic."""
    params = init_params(d_in, 1, generator)
    return Learner(lambda X: linear(params, X), squared_loss, SGD(params, lr), params)


def torch_layer(d_in: int, d_out: int, generator: torch.Generator) -> nn.Linear:
    """Return a torch layer with weights and biases drawn as in `init_params`."""
    layer = nn.Linear(d_in, d_out)
    init_normal(layer, sd=0.01, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def with_torch(d_in: int, *, lr: float, generator: torch.Generator) -> Learner:
    """Return the same model built from torch's classes."""
    net = torch_layer(d_in, 1, generator)
    params = list(net.parameters())
    # MSELoss has no factor ½, so its steps are twice as long, as in section 3.3.
    loss = nn.MSELoss(reduction="none")
    return Learner(net, loss, torch.optim.SGD(params, lr), params)


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


def run(config: LessonConfig) -> LessonOutcome:
    """Estimate w and b from 1,000 rows and compare them with the true ones."""
    generator = config.generator()
    X = torch.randn(1000, 2, generator=generator)
    y = noisy_line(X, TRUE_W, TRUE_B, generator)
    build = scratch if config.impl == "scratch" else with_torch
    learner = build(2, lr=config.lr or 0.03, generator=generator)
    epochs = config.epochs_or(EPOCHS)
    losses = []
    for epoch in train(
        learner, X, y, epochs=epochs, batch_size=10, generator=generator
    ):
        # Section 3.2 prints the loss of all rows, section 3.3 that of the last batch.
        last = epoch.predicted[-10:], epoch.actual[-10:]
        printed = (learner.predict(X), y) if config.impl == "scratch" else last
        losses.append(learner.loss(*printed).mean().item())
        config.say(f"epoch {epoch.number}, loss {losses[-1]:.6f}")
    W, b = learner.parameters
    coefficients = [*W.flatten().tolist(), b.item()]
    differences = [
        abs(found - true)
        for found, true in zip(coefficients, (*TRUE_W, TRUE_B), strict=True)
    ]
    noise = torch.zeros(1), torch.tensor([NOISE])
    floor = learner.loss(*noise).mean().item()
    seen = [
        f"The last loss is {losses[-1]:.2g}; the noise alone gives {floor:.2g}.",
        f"w and b differ from the true values by {max(differences):.2g} at most.",
    ]
    published = PUBLISHED[config.impl]
    charts = [
        linear_charts.losses(config.impl, losses, published, floor),
        linear_charts.data_and_line(config.impl, X, y, coefficients),
    ]
    return LessonOutcome(
        _compare(config, published, losses, coefficients), charts, seen
    )


def _compare(
    config: LessonConfig,
    published: Published,
    losses: list[float],
    coefficients: list[float],
) -> list[Measurement]:
    names = [f"loss, epoch {number}" for number in range(1, EPOCHS + 1)]
    intervals = [
        scale_around(loss, decades=decades)
        for loss, decades in zip(published.losses, DECADES[config.impl], strict=True)
    ]
    compared = config.compare(names, published.losses, losses, intervals, book=EPOCHS)
    true = {"w1": TRUE_W[0], "w2": TRUE_W[1], "b": TRUE_B}
    names = [f"{symbol} (true {value:g})" for symbol, value in true.items()]
    # The book's run is one random estimate of the true value, and ours is another.
    intervals = [
        around(number, value, spread=SPREAD)
        for number, value in zip(published.coefficients, true.values(), strict=True)
    ]
    return compared + config.compare(
        names, published.coefficients, coefficients, intervals, book=EPOCHS
    )
