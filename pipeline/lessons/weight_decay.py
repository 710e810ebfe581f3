# %% [markdown]
r"""
# A penalty on the weights against overfitting

With 200 columns and 20 rows a linear model fits the training rows exactly and predicts
others badly; a penalty on the weights helps. Watch the norm of the weights, and the
test loss at the λ that K-fold chooses.

Many hyperplanes fit all 20 rows. The penalty prefers small weights:

$$\frac{1}{n} \sum_i \frac{1}{2} (\hat y_i - y_i)^2 + \frac{\lambda}{2} \|w\|^2$$

Section 3.12 of the book as first published.
"""

# %%
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipeline.core.progress import announce
from pipeline.lessons.show import Published, compare, picture, seen
from pipeline.lessons.training import minibatches
from pipeline.validation.folds import make_folds

# %% tags=["parameters"]
EPOCHS, LR, SEED = 100, 0.003, 0
LAMBDAS: tuple[float, ...] = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0)

# %% [markdown]
"""
## The rows

All 200 true weights are 0.01, the bias is 0.05, and the noise has a standard deviation
of 0.01. The first 20 rows are for training, the other 100 are the test rows.
"""

# %%
N_TRAIN, N_TEST, D_IN, FOLDS = 20, 100, 200, 5


def make_rows() -> tuple[Tensor, Tensor]:
    """Return X [n, 200] and y [n, 1] of the training rows and then the test rows."""
    generator = torch.Generator().manual_seed(SEED)
    X = torch.randn(N_TRAIN + N_TEST, D_IN, generator=generator)
    noise = torch.randn(len(X), 1, generator=generator) * 0.01
    return X, X @ torch.full((D_IN, 1), 0.01) + 0.05 + noise


# %% [markdown]
"""
## From scratch

The penalty is part of the loss, and its derivative is λ w. The bias is not penalised.
Each step of SGD sees one row.
"""


# %%
Parameters = Iterator[tuple[Tensor, Tensor]]  # w and b after each epoch


def squared_loss(predicted: Tensor, actual: Tensor) -> Tensor:
    """Return half the squared difference."""
    return (predicted - actual) ** 2 / 2


def l2_penalty(w: Tensor) -> Tensor:
    """Return half the squared norm of w, whose derivative is w."""
    return (w**2).sum() / 2


def scratch(
    X: Tensor, y: Tensor, decay: float, generator: torch.Generator
) -> Parameters:
    """Train with a penalty of λ = `decay`, and yield w and b after each epoch."""
    w = torch.randn(X.shape[1], 1, generator=generator).requires_grad_()
    b = torch.zeros(1, requires_grad=True)
    for _ in range(EPOCHS):
        for row, target in minibatches(X, y, 1, generator):
            loss = squared_loss(row @ w + b, target) + decay * l2_penalty(w)
            w_gradient, b_gradient = torch.autograd.grad(loss.mean(), (w, b))
            with torch.no_grad():
                w -= LR * w_gradient
                b -= LR * b_gradient
        yield w, b


# %% [markdown]
"""
## With torch

torch's SGD adds `weight_decay` times w to the gradient, which is the penalty's
derivative. (AdamW's `weight_decay` is different: it shrinks w outside the gradient.) As
in the section, the bias is random here too, and w stays larger to compensate for it.
"""


# %%
def with_torch(
    X: Tensor, y: Tensor, decay: float, generator: torch.Generator
) -> Parameters:
    """Train with torch's weight decay, and yield w and b after each epoch."""
    net = nn.Linear(X.shape[1], 1)
    for parameter in net.parameters():
        nn.init.normal_(parameter, generator=generator)
    groups = [
        {"params": [net.weight], "weight_decay": decay},
        {"params": [net.bias], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, LR)
    for _ in range(EPOCHS):
        for row, target in minibatches(X, y, 1, generator):
            loss = squared_loss(net(row), target).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        yield net.weight.T, net.bias


# %% [markdown]
"""
## A fit, and K-fold

Every fit starts from the same weights. K-fold chooses λ from the 20 training rows
alone: each of five parts is predicted by a fit to the four others.
"""

# %%
Train = Callable[[Tensor, Tensor, float, torch.Generator], Parameters]


class Fit(NamedTuple):
    """The losses per epoch, without the penalty, and the norm of the final weights."""

    train: list[float]
    test: list[float]
    norm: float


def fit(train: Train, decay: float, X: Tensor, y: Tensor, rows: Tensor) -> Fit:
    """Train on some rows, and measure the loss on them and on all others."""
    generator = torch.Generator().manual_seed(SEED + 1_000_003)  # not that of the rows
    others = torch.ones(len(X), dtype=torch.bool)
    others[rows] = False
    losses: tuple[list[float], list[float]] = ([], [])
    for w, b in train(X[rows], y[rows], decay, generator):
        squares = squared_loss(X @ w + b, y).detach()
        losses[0].append(squares[rows].mean().item())
        losses[1].append(squares[others].mean().item())
    return Fit(*losses, w.norm().item())


def kfold_loss(train: Train, decay: float, X: Tensor, y: Tensor) -> float:
    """Return the mean validation loss of K-fold on the training rows alone."""
    announce(f"{FOLDS}-fold validation of λ = {decay:g}")
    X, y = X[:N_TRAIN], y[:N_TRAIN]
    losses = [
        fit(train, decay, X, y, torch.from_numpy(fold.train)).test[-1]
        for fold in make_folds(N_TRAIN, FOLDS, SEED)
    ]
    return sum(losses) / FOLDS


def fit_all(train: Train) -> tuple[dict[float, Fit], dict[float, float]]:
    """Return the fit to all training rows of each λ, and its validation loss."""
    X, y = make_rows()
    fits, valid = {}, {}
    for decay in sorted({*LAMBDAS}):
        found = fits[decay] = fit(train, decay, X, y, torch.arange(N_TRAIN))
        valid[decay] = kfold_loss(train, decay, X, y)
        print(
            f"λ = {decay:g}, train loss {found.train[-1]:.2g}, "
            f"test loss {found.test[-1]:.2g}, norm of w {found.norm:.3g}"
        )
    return fits, valid


# %% [markdown]
"""
## Guess

Which λ has the lowest validation loss: (a) 0, (b) between 1 and 30, (c) 100?

## Compared with the book

The published values are those of both implementations; losses are read off a log scale,
to half a decade. A tolerance is this range and three standard deviations of the
logarithm over 200 seeds. Where it would span more than two decades there is none.
"""

# %%
PUBLISHED = {
    "norm of w, λ = 0": Published("12.87 to 15.11", 10.98, 17.71),
    "train loss, λ = 0": Published("about 1e-11"),
    "test loss, λ = 0": Published("about 100", 18.5, 486.5),
    "norm of w, λ = 3": Published("0.0352 to 0.0963", 0.01015, 0.3339),
    "train loss, λ = 3": Published("about 3e-4"),
    "test loss, λ = 3": Published("about 0.01"),
    "test loss, λ = 0 over λ = 3": Published("about 10,000", 100.0),
}
LOSS = "squared loss (log scale)"


def show_fits(impl: str, fits: dict[float, Fit], valid: dict[float, float]) -> None:
    """Show the fits beside the book's, their losses, and the λ that K-fold chooses."""
    measured: dict[str, float | str] = {}
    for decay in (0.0, 3.0):
        if found := fits.get(decay):
            measured[f"norm of w, λ = {decay:g}"] = found.norm
            measured[f"train loss, λ = {decay:g}"] = found.train[-1]
            measured[f"test loss, λ = {decay:g}"] = found.test[-1]
    if {0.0, 3.0} <= {*fits}:
        ratio = fits[0.0].test[-1] / fits[3.0].test[-1]
        measured["test loss, λ = 0 over λ = 3"] = ratio
    chosen = min(valid, key=lambda decay: valid[decay])
    measured["λ that K-fold chooses"] = chosen
    book = (EPOCHS, LR, LAMBDAS) == (100, 0.003, (0, 1, 3, 10, 30, 100))
    compare(PUBLISHED, measured, book=book)
    draw_epochs(impl, fits, (min(fits), chosen))
    draw_path(impl, fits, valid, chosen)
    seen(*sentences(fits, valid, chosen))


def draw_epochs(impl: str, fits: dict[float, Fit], shown: Sequence[float]) -> None:
    """Draw the losses per epoch of the λ that are shown, which may be equal."""
    title = f"Weight decay ({impl}): loss after each epoch"
    with picture("losses", title, "epoch", LOSS) as axes:
        for decay, line in dict(zip(shown, ("-", "--"), strict=True)).items():
            fit, epochs = fits[decay], range(1, EPOCHS + 1)
            axes.semilogy(epochs, fit.train, f"C0{line}", label=f"train, λ = {decay:g}")
            axes.semilogy(epochs, fit.test, f"C1{line}", label=f"test, λ = {decay:g}")


def draw_path(
    impl: str, fits: dict[float, Fit], valid: dict[float, float], chosen: float
) -> None:
    """Draw the final losses by λ, with the λ that K-fold chooses."""
    title, names = f"Weight decay ({impl}): final loss by λ", [f"{x:g}" for x in fits]
    with picture("path", title, "λ", LOSS) as axes:
        curves = {
            "K-fold validation (chooses)": [*valid.values()],
            "test (looked at afterwards)": [fit.test[-1] for fit in fits.values()],
            "train": [fit.train[-1] for fit in fits.values()],
        }
        for label, losses in curves.items():
            axes.semilogy(names, losses, "o-", label=label)
        label = f"K-fold chooses λ = {chosen:g}"
        axes.plot(f"{chosen:g}", valid[chosen], "r*", markersize=16, label=label)


def sentences(
    fits: dict[float, Fit], valid: dict[float, float], chosen: float
) -> Iterator[str]:
    """Yield what the chosen λ changes, and what only the test rows could tell."""
    least, best = min(fits), min(fits, key=lambda decay: fits[decay].test[-1])
    yield (
        f"K-fold chooses λ = {chosen:g} (validation loss {valid[chosen]:.2g}); its "
        f"test loss, looked at afterwards, is {fits[chosen].test[-1]:.2g}."
    )
    if chosen != least:
        yield (
            f"From λ = {least:g} to λ = {chosen:g} the norm of w goes from "
            f"{fits[least].norm:.3g} to {fits[chosen].norm:.3g}."
        )
    if best != chosen:
        yield (
            f"λ = {best:g} has a lower test loss, {fits[best].test[-1]:.2g}, but only "
            "the test rows tell that."
        )


# %% tags=["scratch"]
if __name__ == "__main__":
    show_fits("scratch", *fit_all(scratch))

# %% tags=["torch"]
if __name__ == "__main__":
    show_fits("torch", *fit_all(with_torch))

# %% [markdown]
"""
## To try

- `pipeline lesson weight-decay --lambda 0,3,1000`: with a λ that is too large, SGD
  diverges
- `pipeline lesson weight-decay --epochs 20`: stopping early leaves the weights of a
  small λ large
"""
