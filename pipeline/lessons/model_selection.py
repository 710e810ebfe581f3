# %% [markdown]
r"""
# Underfitting, overfitting and K-fold validation

A straight line underfits a cubic, and a cubic fitted to two rows overfits. Watch the
distance between training and test loss, and how much all results differ from one draw
of the data to the next.

K-fold cross-validation finds the right degree without the test rows. The book has one
draw of the rows; all results here are medians over several draws, because they differ
greatly from one draw to the next.

Section 3.11 of the first edition of the book (2019), 3.6 on d2l.ai today (edition 1.0).
"""

# %%
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import mean, median, quantiles, stdev
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipeline.lessons.show import Published, answer, compare, letter, picture, seen
from pipeline.validation.folds import make_folds

# %% tags=["parameters"]
EPOCHS, SEED = 100, 0
DRAWS = 10  # of the rows, for SGD
MORE_DRAWS = 50  # for least squares, which is faster

# %% [markdown]
r"""
## The rows

They follow the cubic $y = 1.2 x - 3.4 x^2 + 5.6 x^3 + 5$ with noise of standard
deviation 0.01. A polynomial is a linear model of the columns $x, x^2, \dots$
"""

# %%
N_TRAIN, N_TEST = 100, 100
TRUE_W, TRUE_B, NOISE = (1.2, -3.4, 5.6), 5.0, 0.01


def powers(x: Tensor, degree: int) -> Tensor:
    """Return the columns x, x², …, shape [n, degree], for x of shape [n, 1].

    >>> powers(torch.tensor([[-2.0]]), 3)
    tensor([[-2.,  4., -8.]])
    """
    return x ** torch.arange(1, degree + 1)


def draw_rows(number: int) -> tuple[Tensor, Tensor]:
    """Return x and y, shape [n, 1] each, of the training and then the test rows."""
    generator = torch.Generator().manual_seed(number)
    x = torch.randn(N_TRAIN + N_TEST, 1, generator=generator)
    noise = torch.randn(len(x), 1, generator=generator) * NOISE
    return x, powers(x, 3) @ torch.tensor(TRUE_W).view(-1, 1) + TRUE_B + noise


# %%
if __name__ == "__main__":
    draws = [draw_rows(SEED * MORE_DRAWS + number) for number in range(MORE_DRAWS)]

# %% [markdown]
"""
## A fit by SGD, from scratch and with torch

The section's learning rate is 0.01. From scratch the loss has a factor ½, so twice the
rate gives the same steps.
"""


# %%
def scratch(X: Tensor, y: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return the weights [d_in, 1] and the bias [1] after training."""
    W = (torch.randn(X.shape[1], 1, generator=generator) * 0.01).requires_grad_()
    b = torch.zeros(1, requires_grad=True)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(X), generator=generator).split(10):
            loss = ((X[batch] @ W + b - y[batch]) ** 2 / 2).mean()
            W_gradient, b_gradient = torch.autograd.grad(loss, (W, b))
            with torch.no_grad():
                W -= 0.02 * W_gradient
                b -= 0.02 * b_gradient
    return W.detach(), b.detach()


def with_torch(
    X: Tensor, y: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return the same, of a layer of torch."""
    layer, loss = nn.Linear(X.shape[1], 1), nn.MSELoss()
    nn.init.normal_(layer.weight, std=0.01, generator=generator)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), 0.01)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(X), generator=generator).split(10):
            optimizer.zero_grad()
            loss(layer(X[batch]), y[batch]).backward()
            optimizer.step()
    return layer.weight.detach().T, layer.bias.detach()


# %% [markdown] tags=["scratch"]
"""
**Guess 1.** The cubic is fitted to two rows. Is its test loss (a) at most twice its
training loss, (b) 2 to 10 times as high, (c) more than 10 times as high?

**Guess 2.** A straight line is fitted to the cubic's 100 rows. Is its test loss, beside
its training loss, (a) less than half, (b) half to twice, (c) more than twice as high?

## Three fits

A tolerance is the published value and three standard deviations over 200 draws, to both
sides. The losses of two rows vary so much that one published draw says nothing.
"""

# %%
PUBLISHED = {
    "cubic: x (true 1.2)": Published("1.198", 1.165, 1.233),
    "cubic: x² (true -3.4)": Published("-3.399", -3.4099, -3.3891),
    "cubic: x³ (true 5.6)": Published("5.6", 5.5877, 5.6123),
    "cubic: b (true 5)": Published("5.001", 4.9898, 5.0112),
    "cubic: train loss": Published("0.0001", 2.884e-5, 3.467e-4),
    "cubic: test loss": Published("9.8e-05", 1.322e-5, 7.265e-4),
    "straight line: train loss": Published("249", 31.35, 1978.0),
    "straight line: test loss": Published("168", 24.28, 1162.0),
    "two rows: train loss": Published("1.2"),
    "two rows: test loss": Published("166"),
    "two rows: test loss / train loss": Published("138", 3.0),
}
CASES = {"cubic": (3, N_TRAIN), "straight line": (1, N_TRAIN), "two rows": (3, 2)}
Train = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]


class Fit(NamedTuple):
    """The weights and the bias, and the losses on training and test rows."""

    W: Tensor
    b: Tensor
    train: float
    test: float


def fit(train: Train, degree: int, n: int, x: Tensor, y: Tensor) -> Fit:
    """Fit a polynomial to the first n rows."""
    generator = torch.Generator().manual_seed(SEED + 1_000_003)  # not that of the rows
    X = powers(x, degree)
    W, b = train(X[:n], y[:n], generator)
    squares = (X @ W + b - y) ** 2
    return Fit(W, b, squares[:n].mean().item(), squares[N_TRAIN:].mean().item())


# %% tags=["scratch"]
if __name__ == "__main__":
    fits, losses, ranges = dict[str, list[Fit]](), dict[str, float](), []
    for case, (degree, n) in CASES.items():
        found = fits[case] = [fit(scratch, degree, n, x, y) for x, y in draws[:DRAWS]]
        train, test = median(f.train for f in found), median(f.test for f in found)
        print(f"{case}: train loss {train:.3g}, test loss {test:.3g} (medians)")
        losses |= {f"{case}: train loss": train, f"{case}: test loss": test}
        tests = [f.test for f in found]
        ranges.append(f"{min(tests):.3g} to {max(tests):.3g} ({case})")
    cubics = torch.stack([torch.cat([f.W.flatten(), f.b]) for f in fits["cubic"]])
    medians = map(median, cubics.T.tolist())
    ratios = {c: median(f.test / f.train for f in found) for c, found in fits.items()}
    measured = dict(zip(PUBLISHED, medians, strict=False)) | losses
    measured["two rows: test loss / train loss"] = ratios["two rows"]
    compare(PUBLISHED, measured, book=EPOCHS == 100)

# %% tags=["scratch"]
if __name__ == "__main__":
    x, y = (part[:N_TRAIN] for part in draws[0])
    grid = torch.linspace(x.min().item(), x.max().item(), 100).view(-1, 1)
    with picture("fits", "Three fits of a cubic, one draw", "x", "y") as axes:
        axes.plot(x, y, "k.", alpha=0.6, label="training rows")
        axes.plot(x[:2], y[:2], "r*", markersize=14, label="the two rows")
        for case, (first, *_) in fits.items():
            label = "cubic, from two rows" if case == "two rows" else case
            axes.plot(grid, powers(grid, len(first.W)) @ first.W + first.b, label=label)

# %% tags=["scratch"]
if __name__ == "__main__":
    seen(f"One draw says little: the test loss is {', '.join(ranges)}.")
    why = "The test loss is {:.3g} times the training loss (median).".format
    few, line = ratios["two rows"], ratios["straight line"]
    answer(1, letter(few <= 2, few <= 10), why(few))
    answer(2, letter(line < 0.5, line <= 2), why(line))

# %% [markdown]
"""
## The same with torch

From the same start and in the same order, for one draw.
"""

# %% tags=["torch"]
if __name__ == "__main__":
    farthest = {}
    for case, (degree, n) in CASES.items():
        ours, theirs = (fit(f, degree, n, *draws[0]) for f in (scratch, with_torch))
        name = f"{case}: largest difference of a weight, scratch and torch"
        farthest[name] = (ours.W - theirs.W).abs().max().item()
    compare({}, farthest)
    seen(
        "Scratch and torch start at the same weights. In the end their weights differ "
        f"by {max(farthest.values()):.1g} at most."
    )

# %% [markdown] tags=["scratch"]
"""
## Choosing the degree by K-fold

Each row is predicted by a fit without it. The fits are by least squares, because SGD
would need another learning rate for each degree.

The degree with the lowest validation error may be a higher one by chance. So the
lowest degree is chosen whose error is within one standard error of the lowest. This is
the one-standard-error rule of Breiman et al., Classification and Regression Trees,
section 3.4.3.

**Guess 3.** The rows are those of a cubic. In how many of 100 draws of the rows does
this rule choose degree 3?
"""

# %%
FOLDS, DEGREES = 5, range(1, 16)
SIZES = (8, 10, 12, 15, 20, 30, 50, 70, 100)


class Errors(NamedTuple):
    """Mean squared errors on training and validation rows, averaged over the folds.

    `standard_error` is that of `valid`, from its standard deviation over the folds.
    """

    train: float
    valid: float
    standard_error: float


def kfold(x: Tensor, y: Tensor, degree: int, seed: int) -> Errors:
    """Return the training and K-fold errors of a polynomial fitted by least squares.

    >>> x = torch.linspace(-1, 2, 20).view(-1, 1)
    >>> [round(error, 3) for error in kfold(x, x**2, 1, seed=0)]
    [0.519, 0.804, 0.283]
    """
    x, y = x.double(), y.double()
    X = torch.cat([torch.ones_like(x), powers(x, degree)], 1)
    X = X / X.norm(dim=0)  # because x¹⁵ reaches millions
    train, valid = [], []
    for fold in make_folds(len(X), FOLDS, seed):
        w = torch.linalg.lstsq(X[fold.train], y[fold.train]).solution
        squares = (X @ w - y) ** 2
        train.append(squares[fold.train].mean().item())
        valid.append(squares[fold.valid].mean().item())
    return Errors(mean(train), mean(valid), stdev(valid) / FOLDS**0.5)


def simplest(candidates: Sequence[Errors]) -> int:
    """Return the index of the first candidate within one standard error of the best.

    >>> few, close, far = Errors(1, 9, 4), Errors(1, 6, 2), Errors(1, 5, 2)
    >>> [simplest([few, close, far]), simplest([few, far]), simplest([close, few])]
    [1, 1, 0]
    """
    best = min(candidates, key=lambda errors: errors.valid)
    limit = best.valid + best.standard_error
    return next(i for i, errors in enumerate(candidates) if errors.valid <= limit)


Draws = Sequence[Sequence[Errors]]


def deciles(draws: Sequence[Errors], part: str) -> list[float]:
    """Return the nine deciles of an error over the draws."""
    return quantiles([getattr(errors, part) for errors in draws], n=10)


def show_errors(
    name: str, label: str, x: Sequence[int], by_x: Draws, chosen: int | None = None
) -> None:
    """Show the medians of both errors over the draws, and 80 % of the draws.

    Args:
        name: The name of the picture.
        label: The label of the x axis.
        x: Degrees, or numbers of training rows.
        by_x: The errors of each draw, for each x.
        chosen: The degree that K-fold chooses, which is marked.
    """
    title = f"Errors by {label}: median of {len(by_x[0])} draws, and 80 % of them"
    with picture(name, title, label, "mean squared error (log scale)") as axes:
        for part, line in (("train", "train"), ("valid", f"{FOLDS}-fold")):
            low, *_, high = zip(*(deciles(draws, part) for draws in by_x), strict=True)
            middle = [deciles(draws, part)[4] for draws in by_x]
            axes.semilogy(range(len(x)), middle, "o-", label=line)
            axes.fill_between(range(len(x)), low, high, alpha=0.2)
        axes.axhline(NOISE**2, color="gray", ls=":", label="variance of the noise")
        axes.set_xticks(range(len(x)), [*map(str, x)])
        if chosen:
            label = f"K-fold chooses degree {chosen} most often"
            axes.axvline(x.index(chosen), color="red", ls="--", label=label)


# %% tags=["scratch"]
if __name__ == "__main__":
    by_draw = [
        [kfold(x[:N_TRAIN], y[:N_TRAIN], degree, SEED) for degree in DEGREES]
        for x, y in draws
    ]
    chosen = Counter(DEGREES[simplest(candidates)] for candidates in by_draw)
    degree, count = chosen.most_common(1)[0]
    name = f"degree that K-fold chooses in most of {MORE_DRAWS} draws (true 3)"
    compare({name: Published("", 3.0, 3.0)}, {name: float(degree)})

    by_degree = [*zip(*by_draw, strict=True)]
    show_errors("degree", "degree", DEGREES, by_degree, degree)
    lowest = Counter(
        min(DEGREES, key=lambda x: candidates[x - DEGREES[0]].valid)
        for candidates in by_draw
    )
    seen(
        f"With the one-standard-error rule K-fold chooses degree {degree} in {count} "
        f"of {MORE_DRAWS} draws, without a test row. It has the lowest validation "
        f"error in {lowest[degree]} of them."
    )
    share = 100 * chosen[3] / MORE_DRAWS
    answer(3, share, f"It chooses degree 3 in {share:g} % of the draws.", within=10)

# %% [markdown]
"""
## More rows

With more training rows, both errors approach the variance of the noise.
"""

# %% tags=["scratch"]
if __name__ == "__main__":
    by_size = [[kfold(x[:n], y[:n], degree, SEED) for x, y in draws] for n in SIZES]
    show_errors("size", f"training rows (degree {degree})", SIZES, by_size)

# %% [markdown]
"""
## To try

- `pipeline lesson model-selection --epochs 10`: only ten epochs: does the cubic
  underfit too?
- `pipeline lesson model-selection --seed 1`: other draws: how far do the ranges of the
  test loss move?
"""
