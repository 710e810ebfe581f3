"""Weight decay (section 3.12): a penalty on large weights.

With 200 columns and 20 rows, many hyperplanes fit every row exactly. Adding λ/2 times
the squared norm of the weights to the loss prefers the smallest weights.
"""

import torch
from torch import Tensor, nn

from pipeline.core.progress import announce
from pipeline.lessons import decay_results
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.decay_results import EPOCHS, Fit
from pipeline.lessons.linear_regression import linear, noisy_line, squared_loss
from pipeline.lessons.result import LessonOutcome
from pipeline.lessons.training import SGD, Learner, gaussian, init_normal, train
from pipeline.validation.folds import make_folds

LR = 0.003
D_IN, N_TRAIN, N_TEST = 200, 20, 100
FOLDS = 5
PATH = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0)


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


def run(config: LessonConfig) -> LessonOutcome:
    """Fit without weight decay, with it, and choose λ by K-fold."""
    rows = make_rows(config)
    path = sorted({*(config.weight_decays or PATH)})
    fits = {decay: fit(config, decay, *rows) for decay in path}
    valid = {decay: kfold_loss(config, decay, *rows) for decay in path}
    chosen = min(valid, key=lambda decay: valid[decay])
    charts = [
        decay_results.curves(config.impl, {x: fits[x] for x in (path[0], chosen)}),
        decay_results.path(config.impl, fits, valid, chosen),
    ]
    seen = decay_results.sentences(fits, valid, chosen)
    return LessonOutcome(decay_results.compare(config, fits, chosen), charts, seen)


def make_rows(config: LessonConfig) -> tuple[Tensor, Tensor]:
    """Return X [n, 200] and y [n, 1] of the training rows and then the test rows."""
    generator = config.generator()
    X = torch.randn(N_TRAIN + N_TEST, D_IN, generator=generator)
    return X, noisy_line(X, [0.01] * D_IN, 0.05, generator)


def fit(config: LessonConfig, decay: float, X: Tensor, y: Tensor) -> Fit:
    """Train with this λ on the first rows; the others are the test rows."""
    found = fit_rows(config, decay, X, y, torch.arange(N_TRAIN))
    config.say(
        f"λ = {decay:g}, train loss {found.train[-1]:.2g}, "
        f"test loss {found.test[-1]:.2g}, norm of w {found.norm:.3g}"
    )
    return found


def kfold_loss(config: LessonConfig, decay: float, X: Tensor, y: Tensor) -> float:
    """Return the mean validation loss of K-fold on the training rows alone."""
    X, y = X[:N_TRAIN], y[:N_TRAIN]
    announce(f"{FOLDS}-fold validation of λ = {decay:g}")
    losses = [
        fit_rows(config, decay, X, y, torch.from_numpy(fold.train)).test[-1]
        for fold in make_folds(N_TRAIN, FOLDS, config.seed)
    ]
    return sum(losses) / FOLDS


def fit_rows(
    config: LessonConfig, decay: float, X: Tensor, y: Tensor, rows: Tensor
) -> Fit:
    """Train on some rows, and measure the loss on them and on all others.

    The initial weights are the same for every λ.
    """
    generator = config.generator(stream=1)
    build = scratch if config.impl == "scratch" else with_torch
    learner = build(D_IN, decay=decay, lr=config.lr or LR, generator=generator)
    others = torch.ones(len(X), dtype=torch.bool)
    others[rows] = False
    losses: tuple[list[float], list[float]] = ([], [])
    for _ in train(
        learner,
        X[rows],
        y[rows],
        epochs=config.epochs_or(EPOCHS),
        batch_size=1,
        generator=generator,
    ):
        each = squared_loss(learner.predict(X), y)
        losses[0].append(each[rows].mean().item())
        losses[1].append(each[others].mean().item())
    return Fit(*losses, learner.parameters[0].norm().item())
