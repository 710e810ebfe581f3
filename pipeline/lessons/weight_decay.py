# %% [markdown]
r"""
# A penalty on the weights against overfitting

With 200 columns and 20 rows, infinitely many linear models fit the training rows
exactly, and a penalty prefers the one with small weights. Watch what it changes more:
what the model learns, or what is left of the initial weights.

The penalty is half the squared norm of the weights, times λ:

$$\frac{1}{n} \sum_i \frac{1}{2} (\hat y_i - y_i)^2 + \frac{\lambda}{2} \|w\|^2$$

Section 3.12 of the first edition of the book (2019), 3.7 on d2l.ai today (edition 1.0).
"""

# %%
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipeline.lessons.show import Published, answer, compare, letter, picture, seen
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
N_TRAIN, N_TEST, D_IN, NOISE, FOLDS = 20, 100, 200, 0.01, 5


def make_rows() -> tuple[Tensor, Tensor]:
    """Return X [n, 200] and y [n, 1] of the training rows and then the test rows."""
    generator = torch.Generator().manual_seed(SEED)
    X = torch.randn(N_TRAIN + N_TEST, D_IN, generator=generator)
    noise = torch.randn(len(X), 1, generator=generator) * NOISE
    return X, X @ torch.full((D_IN, 1), 0.01) + 0.05 + noise


# %% [markdown]
"""
## From scratch

The penalty is part of the loss, and its derivative is λ w. The bias is not penalised.
Each step of SGD sees one row. The initial weights have the standard deviation `spread`:
1 in the book. With 0 they start at zero.
"""


# %%
Parameters = Iterator[tuple[Tensor, Tensor]]  # w and b after each epoch


def squared_loss(predicted: Tensor, actual: Tensor) -> Tensor:
    """Return half the squared difference.

    >>> predicted = torch.tensor([[1.0], [2], [5]])
    >>> squared_loss(predicted, torch.tensor([[1.5], [-1], [1]]))
    tensor([[0.1250],
            [4.5000],
            [8.0000]])
    """
    return (predicted - actual) ** 2 / 2


def l2_penalty(w: Tensor) -> Tensor:
    """Return half the squared norm of w, whose derivative is w.

    >>> w = torch.tensor([1.0, -2], requires_grad=True)
    >>> penalty = l2_penalty(w)
    >>> [penalty.item(), *torch.autograd.grad(penalty, w)[0].tolist()]
    [2.5, 1.0, -2.0]
    """
    return (w**2).sum() / 2


def scratch(
    X: Tensor, y: Tensor, decay: float, generator: torch.Generator, spread: float = 1.0
) -> Parameters:
    """Train with a penalty of λ = `decay`, and yield w and b after each epoch."""
    w = spread * torch.randn(X.shape[1], 1, generator=generator)
    w.requires_grad_()
    b = torch.zeros(1, requires_grad=True)
    for _ in range(EPOCHS):
        for row in torch.randperm(len(X), generator=generator).split(1):
            loss = squared_loss(X[row] @ w + b, y[row]) + decay * l2_penalty(w)
            w_gradient, b_gradient = torch.autograd.grad(loss.mean(), (w, b))
            with torch.no_grad():
                w -= LR * w_gradient
                b -= LR * b_gradient
        yield w, b


# %% [markdown]
"""
## With torch

torch's SGD adds `weight_decay` times w to the gradient, which is the penalty's
derivative. (AdamW's `weight_decay` is different: it shrinks w outside the gradient.) w
and b start as they do from scratch, and the rows have the same order. In the section
torch's bias is random too, so its weights end larger.
"""


# %%
def with_torch(
    X: Tensor, y: Tensor, decay: float, generator: torch.Generator, spread: float = 1.0
) -> Parameters:
    """Train with torch's weight decay, and yield w and b after each epoch."""
    net = nn.Linear(X.shape[1], 1)
    nn.init.normal_(net.weight, std=spread, generator=generator)
    nn.init.zeros_(net.bias)
    groups = [
        {"params": [net.weight], "weight_decay": decay},
        {"params": [net.bias], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, LR)
    for _ in range(EPOCHS):
        for row in torch.randperm(len(X), generator=generator).split(1):
            optimizer.zero_grad()
            squared_loss(net(X[row]), y[row]).mean().backward()
            optimizer.step()
        yield net.weight.T, net.bias


# %% [markdown]
"""
## A fit, and K-fold

Every fit starts from the same weights. K-fold chooses λ from the 20 training rows
alone: each of five parts is predicted by a fit to the four others.
"""

# %%
Train = Callable[..., Parameters]


class Fit(NamedTuple):
    """The losses per epoch, without the penalty, and the final weights and losses.

    `squares` are the losses of all rows after the last epoch, shape [n].
    """

    train: list[float]
    test: list[float]
    w: Tensor
    squares: Tensor


def fit(
    train: Train, decay: float, X: Tensor, y: Tensor, rows: Tensor, spread: float = 1.0
) -> Fit:
    """Train on some rows, and measure the loss on them and on all others."""
    generator = torch.Generator().manual_seed(SEED + 1_000_003)  # not that of the rows
    others = torch.ones(len(X), dtype=torch.bool)
    others[rows] = False
    losses: tuple[list[float], list[float]] = ([], [])
    for w, b in train(X[rows], y[rows], decay, generator, spread):
        squares = squared_loss(X @ w + b, y).detach().flatten()
        losses[0].append(squares[rows].mean().item())
        losses[1].append(squares[others].mean().item())
    return Fit(*losses, w.detach(), squares)


def kfold_losses(decay: float, X: Tensor, y: Tensor) -> Tensor:
    """Return the loss of each training row, by a fit to the other folds, shape [20]."""
    X, y = X[:N_TRAIN], y[:N_TRAIN]
    losses = torch.empty(N_TRAIN)
    for fold in make_folds(N_TRAIN, FOLDS, SEED):
        squares = fit(scratch, decay, X, y, torch.from_numpy(fold.train)).squares
        losses[fold.valid] = squares[fold.valid]
    return losses


def best(valid: Mapping[float, Tensor]) -> float:
    """Return the λ with the lowest K-fold loss."""
    return min(valid, key=lambda decay: valid[decay].mean().item())


def not_told_apart(valid: Mapping[float, Tensor]) -> list[float]:
    """Return the other λ whose K-fold loss is within two standard errors of the lowest.

    The error is that of the mean difference over the training rows.
    """
    found = []
    for decay, losses in valid.items():
        difference = losses - valid[best(valid)]
        error = difference.std() / len(difference) ** 0.5
        if decay != best(valid) and difference.mean() <= 2 * error:
            found.append(decay)
    return found


# %% [markdown] tags=["scratch"]
"""
**Guess 1.** Which λ has the lowest validation loss: (a) 0, (b) more than 0 and less
than 30, (c) 30 or more?

**Guess 2.** Beside the smallest λ, is the norm of w with this λ (a) at least half as
large, (b) a tenth to a half, (c) less than a tenth?

## Compared with the book

The published values are those of both implementations; losses are read off a log scale,
to half a decade. A tolerance is this range and three standard deviations of the
logarithm over 200 seeds. Where it would span more than two decades there is none.

The ratio of the test losses of λ = 0 and λ = 3 compares mainly what is left of the
initial weights. So three other losses stand beside it: that of a fit without a penalty
whose weights start at zero, that of the mean of the training targets, and that of the
noise alone.
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
FLOOR = NOISE**2 / 2  # the expected loss of the noise alone
FROM_ZERO = "no penalty, w from 0"


def beside_the_book(fits: Mapping[float, Fit], others: Mapping[str, float]) -> None:
    """Show the values that the book has too, and others."""
    measured: dict[str, float | str] = {}
    for decay in sorted({0.0, 3.0} & {*fits}):
        found = fits[decay]
        measured[f"norm of w, λ = {decay:g}"] = found.w.norm().item()
        measured[f"train loss, λ = {decay:g}"] = found.train[-1]
        measured[f"test loss, λ = {decay:g}"] = found.test[-1]
    if {0.0, 3.0} <= {*fits}:
        ratio = fits[0.0].test[-1] / fits[3.0].test[-1]
        measured["test loss, λ = 0 over λ = 3"] = ratio
    book = (EPOCHS, LR, LAMBDAS) == (100, 0.003, (0, 1, 3, 10, 30, 100))
    compare(PUBLISHED, {**measured, **others}, book=book)


# %% [markdown]
"""
## The fits

From scratch with all λ, and with torch the two of the book.
"""

# %% tags=["scratch"]
if __name__ == "__main__":
    X, y = make_rows()
    rows, fits, valid = torch.arange(N_TRAIN), dict[float, Fit](), {}
    for decay in sorted({*LAMBDAS}):
        found = fits[decay] = fit(scratch, decay, X, y, rows)
        valid[decay] = kfold_losses(decay, X, y)
        print(
            f"λ = {decay:g}, train loss {found.train[-1]:.2g}, "
            f"test loss {found.test[-1]:.2g}, norm of w {found.w.norm():.3g}"
        )
    from_zero = fit(scratch, 0.0, X, y, rows, spread=0.0)
    least, chosen = min(fits), best(valid)
    constant = squared_loss(y[:N_TRAIN].mean(), y[N_TRAIN:]).mean().item()
    others = {
        f"test loss, {FROM_ZERO}": from_zero.test[-1],
        "test loss, mean of the training targets": constant,
        "expected loss of the noise alone": FLOOR,
    }
    beside_the_book(fits, others | {"λ that K-fold chooses": chosen})

# %% tags=["scratch"]
if __name__ == "__main__":
    title, epochs = "Weight decay: loss after each epoch", range(1, EPOCHS + 1)
    with picture("losses", title, "epoch", LOSS) as axes:
        for decay, line in {least: "-", chosen: "--"}.items():
            found, name = fits[decay], f"λ = {decay:g}"
            axes.semilogy(epochs, found.train, f"C0{line}", label=f"train, {name}")
            axes.semilogy(epochs, found.test, f"C1{line}", label=f"test, {name}")
        axes.semilogy(epochs, from_zero.test, "C2", label=f"test, {FROM_ZERO}")

# %% tags=["scratch"]
if __name__ == "__main__":
    curves = {
        "K-fold validation (chooses)": [each.mean().item() for each in valid.values()],
        "test (looked at afterwards)": [each.test[-1] for each in fits.values()],
        "train": [each.train[-1] for each in fits.values()],
    }
    with picture("path", "Weight decay: final loss by λ", "λ", LOSS) as axes:
        names = [f"{decay:g}" for decay in fits]
        for label, curve in curves.items():
            axes.semilogy(names, curve, "o-", label=label)
        label, star = f"K-fold chooses λ = {chosen:g}", valid[chosen].mean()
        axes.plot(f"{chosen:g}", star, "r*", markersize=16, label=label)
        lines = zip(others.items(), ("C4--", "k:", "C7:"), strict=True)
        for (label, loss), style in lines:  # two of them nearly coincide
            axes.plot(names, [loss] * len(names), style, label=label)


# %%
def sentences(
    valid: Mapping[float, Tensor],
    test: Mapping[float, float],
    from_zero: float,
    constant: float,
) -> Iterator[str]:
    """Yield what the chosen λ changes, and what it does not.

    Args:
        valid: The K-fold losses of each λ.
        test: The test loss of each λ.
        from_zero: The test loss without a penalty, if the weights start at zero.
        constant: The test loss of the mean of the training targets.
    """
    chosen = best(valid)
    yield (
        f"K-fold chooses λ = {chosen:g} (validation loss {valid[chosen].mean():.2g}). "
        f"Its test loss, looked at afterwards, is {test[chosen]:.2g}."
    )
    if others := not_told_apart(valid):
        names = ", ".join(f"{decay:g}" for decay in others)
        yield f"The folds do not tell it apart from λ = {names} (two standard errors)."
    share = (constant - test[chosen]) / (constant - FLOOR)
    way = f"goes {share:.0%} of the way from the mean to the noise"
    yield (
        f"The mean of the training targets has a test loss of {constant:.2g}, and the "
        f"noise alone {FLOOR:.2g}. The chosen λ "
        f"{way if share > 0 else 'is not better than the mean'}. With {FROM_ZERO}, the "
        f"test loss is {from_zero:.2g}."
    )
    if 0.0 in test:
        yield (
            f"With λ = 0 and random initial weights it is {test[0.0]:.2g}, because the "
            f"{N_TRAIN} training rows move w in {N_TRAIN} directions only. In the "
            f"other {D_IN - N_TRAIN} it stays as drawn."
        )


# %% tags=["scratch"]
if __name__ == "__main__":
    test = {decay: found.test[-1] for decay, found in fits.items()}
    seen(*sentences(valid, test, from_zero.test[-1], constant))
    answer(1, letter(chosen == 0, chosen < 30), f"K-fold chooses λ = {chosen:g}.")
    before, after = (fits[decay].w.norm().item() for decay in (least, chosen))
    norms = f"{before:.3g} with λ = {least:g}, {after:.3g} with λ = {chosen:g}"
    right = letter(after >= before / 2, after >= before / 10)
    answer(2, right, f"The norm is {norms}.")

# %% tags=["torch"]
if __name__ == "__main__":
    X, y = make_rows()
    fits, farthest = {}, 0.0
    for decay in sorted({0.0, 3.0} & {*LAMBDAS} or {*LAMBDAS[:2]}):
        ours = fit(scratch, decay, X, y, torch.arange(N_TRAIN))
        fits[decay] = fit(with_torch, decay, X, y, torch.arange(N_TRAIN))
        farthest = max(farthest, (ours.w - fits[decay].w).abs().max().item())
    beside_the_book(fits, {})
    seen(
        "Scratch and torch start at the same weights. In the end their weights differ "
        f"by {farthest:.1g} at most."
    )

# %% [markdown]
"""
## To try

- `pipeline lesson weight-decay --lambda 0,3,1000`: with a λ that is too large, SGD
  diverges
- `pipeline lesson weight-decay --epochs 20`: stopping early leaves the weights of a
  small λ large
"""
