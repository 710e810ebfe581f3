# %% [markdown]
r"""
# Randomly dropping hidden units during training

Dropout sets hidden units to zero at random, so that no unit can rely on another. Watch
the test loss and the test accuracy with and without it, and how much they differ from
one seed to the next.

A hidden unit $h$ is dropped with probability $p$. The units that are kept are divided
by the probability of keeping them, so that their mean is unchanged and the trained
network needs no scaling (inverted dropout):

$$h' = \begin{cases} 0 & \text{with probability } p \\ h / (1 - p) & \text{otherwise}
\end{cases}$$

Section 3.13 of the first edition of the book (2019), 5.6 on d2l.ai today (edition 1.0).
"""

# %%
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean, stdev

import torch
from torch import Tensor, nn

from pipeline.core.errors import UserError
from pipeline.lessons import fashion_mnist
from pipeline.lessons.fashion_mnist import FashionMnist, Images
from pipeline.lessons.linear_regression import init_params, minibatches
from pipeline.lessons.show import Published, answer, compare, letter, picture, seen

# %% tags=["parameters"]
EPOCHS, SEED = 5, 0
HIDDEN: tuple[int, ...] = (256, 256)
RATES: tuple[float, ...] = (0.2, 0.5)  # lower closer to the input
DATA: Path | None = None  # the folder of Fashion-MNIST; None searches the usual ones

# %% [markdown]
"""
## From scratch

`dropout` multiplies by a mask of zeros and ones. The network is a perceptron with
dropout after each hidden layer, but only in training.
"""


# %%
def draw_mask(X: Tensor, rate: float, generator: torch.Generator) -> Tensor:
    """Return a mask of ones, with zeros at random with probability `rate`.

    >>> mask = draw_mask(torch.zeros(1000, 1000), 0.2, torch.Generator())
    >>> [round(mask.mean().item(), 2), mask.min().item(), mask.max().item()]
    [0.8, 0.0, 1.0]
    """
    return (torch.rand(X.shape, generator=generator) >= rate).float()


def dropout(X: Tensor, rate: float, mask: Tensor) -> Tensor:
    """Return X after inverted dropout with a mask; zeros if the rate is 1.

    >>> dropout(torch.tensor([1.0, 2, -4]), 0.2, torch.tensor([1.0, 0, 1]))
    tensor([ 1.2500,  0.0000, -5.0000])
    """
    return X * mask / (1 - rate) if rate < 1 else torch.zeros_like(X)


class DropoutMLP(nn.Module):
    """A perceptron with dropout; nn.Module only keeps its parameters and mode."""

    def __init__(
        self, sizes: Sequence[int], rates: Sequence[float], generator: torch.Generator
    ) -> None:
        super().__init__()
        self.params = nn.ParameterList(init_params(sizes, generator))
        self.rates, self.generator = rates, generator

    def forward(self, X: Tensor) -> Tensor:
        """Return the outputs, [n, d_out]; in training hidden units are dropped."""
        params: list[Tensor] = [*self.params]
        *hidden, (W, b) = zip(params[::2], params[1::2], strict=True)
        for (W_hidden, b_hidden), rate in zip(hidden, self.rates, strict=True):
            X = (X @ W_hidden + b_hidden).clamp(min=0)
            if self.training:
                X = dropout(X, rate, draw_mask(X, rate, self.generator))
        return X @ W + b


# %% [markdown]
"""
## With torch

`nn.Dropout` draws its own masks. As in the section, the biases are random too.
"""


# %%
def torch_net(
    sizes: Sequence[int], rates: Sequence[float], generator: torch.Generator
) -> nn.Sequential:
    """Return the same network of torch's layers."""
    *hidden, last = pairwise(sizes)
    layers: list[nn.Module] = []
    for pair, rate in zip(hidden, rates, strict=True):
        layers += [nn.Linear(*pair), nn.ReLU(), nn.Dropout(rate)]
    net = nn.Sequential(*layers, nn.Linear(*last))
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.01, generator=generator)
    return net


# %% [markdown]
"""
## The training loop

Both networks are trained by the same loop: batches in random order, and for each a step
against the gradient. As in the book, the training accuracy is that of the predictions
of an epoch, each made before the step of its batch, with dropout. The loss and
the accuracy of the test images are measured after the epoch, without dropout.
"""

# %%
Build = Callable[[Sequence[int], Sequence[float], torch.Generator], nn.Module]
Curves = dict[str, tuple[float, ...]]
COLUMNS = ("epoch", "train accuracy", "test loss", "test accuracy")
ACCURACIES = ("train accuracy", "test accuracy")
NAMES = ("dropout", "no dropout")


def train(
    build: Build, name: str, images: FashionMnist, seed: int, epochs: int, batch: int
) -> Curves:
    """Train the network with or without dropout.

    It is measured after every tenth epoch, and after each of the last ten.
    """
    rates = hidden_rates() if name == "dropout" else (0.0,) * len(HIDDEN)
    torch.manual_seed(seed)  # of nn.Dropout
    generator = torch.Generator().manual_seed(seed)
    net = build((784, *HIDDEN, 10), rates, generator)
    params = [*net.parameters()]
    points, (X, y) = [], images.train
    for epoch in range(1, epochs + 1):
        right = 0
        for rows, labels in minibatches(X, y, batch, generator):
            logits = net(rows)
            loss = nn.functional.cross_entropy(logits, labels)
            gradients = torch.autograd.grad(loss, params)
            with torch.no_grad():
                for parameter, gradient in zip(params, gradients, strict=True):
                    parameter.sub_(LR * gradient)
            right += int((logits.argmax(1) == labels).sum())
        if epoch % 10 == 0 or epoch > epochs - 10:
            points.append((epoch, right / len(y), *evaluate(net, images.test)))
    print(
        f"{name}, {len(y):,} images, seed {seed}: after epoch {epochs}, test loss "
        "{:.3f}, test accuracy {:.3f}".format(*points[-1][2:])
    )
    return dict(zip(COLUMNS, zip(*points, strict=True), strict=True))


@torch.no_grad()
def evaluate(net: nn.Module, part: Images) -> tuple[float, float]:
    """Return the loss and the accuracy without dropout."""
    logits = net.eval()(part.images)
    net.train()
    loss = nn.functional.cross_entropy(logits, part.labels).item()
    return loss, fashion_mnist.accuracy(logits, part.labels)


def hidden_rates() -> tuple[float, ...]:
    """Return a rate for each hidden layer: further layers have the page's last one."""
    n = len(HIDDEN)
    if RATES in {(0.2, 0.5), (0.5, 0.5)}:
        return (*RATES, *RATES[-1:] * n)[:n]
    if len(RATES) != n:
        raise UserError(f"--rate: {len(RATES)} for {n} hidden layers; give one each")
    return RATES


# %% [markdown]
"""
## All images, few epochs

Five epochs on all 60,000 images, as in the book. The tolerances of the accuracies after
epoch 5 are the range of the published runs and a margin: .006 in training, .02 in the
test.

**Guess 1.** Is the training accuracy with dropout (a) higher than without it, by more
than .005, (b) lower by more than .005, (c) about the same?
"""

# %%
PUBLISHED = {
    "scratch": ("section 3.13", ".574 .786 .826 .839 .849", ".648 .786 .825 .831 .850"),
    "torch": ("section 3.13", ".553 .784 .822 .837 .848", ".715 .793 .817 .830 .839"),
}
BOOK_LR = {"scratch": 100 / 256, "torch": 0.5}
RANGES = (0.848, 0.849), (0.809, 0.850)  # of all published runs, after epoch 5


def train_shortly(impl: str, build: Build, images: FashionMnist) -> None:
    """Train with and without dropout, and show the accuracies."""
    fits = {name: train(build, name, images, SEED, EPOCHS, 256) for name in NAMES}
    book = (5, BOOK_LR[impl], (256, 256), (0.2, 0.5)) == (EPOCHS, LR, HIDDEN, RATES)
    dropout, without = fits.values()
    curves = dropout["train accuracy"], dropout["test accuracy"]
    fashion_mnist.compare_accuracies(PUBLISHED[impl], curves, RANGES, book)
    last = {f"{part}, last epoch, no dropout": without[part][-1] for part in ACCURACIES}
    compare({}, last)
    title, label = f"Dropout ({impl}): accuracy on Fashion-MNIST", "share of images"
    with picture("accuracy", title, "epoch", f"accuracy ({label})") as axes:
        for (name, fit), line in zip(fits.items(), ("-", "--"), strict=True):
            for part, color in zip(ACCURACIES, ("C0", "C1"), strict=True):
                text = f"{part}, {name}"
                axes.plot(fit["epoch"], fit[part], f"{color}.{line}", label=text)
    seen(
        f"In one run of each, the test accuracy after epoch {EPOCHS} is "
        f"{curves[1][-1]:.3f} with dropout and {without['test accuracy'][-1]:.3f} "
        "without it."
    )
    with_it, without_it = (fit["train accuracy"][-1] for fit in fits.values())
    why = f"It is {with_it:.3f} with dropout, {without_it:.3f} without."
    gain = with_it - without_it
    answer(1, letter(gain > 0.005, gain < -0.005), why)


# %%
if __name__ == "__main__":
    images = fashion_mnist.open_images(DATA)

# %% tags=["parameters", "scratch"]
# Section 3.9 has 100, but divides a gradient that is a mean by the batch size again.
LR = 100 / 256

# %% tags=["scratch"]
if __name__ == "__main__":
    train_shortly("scratch", DropoutMLP, images)

# %% tags=["parameters", "torch"]
LR = 0.5

# %% tags=["torch"]
if __name__ == "__main__":
    train_shortly("torch", torch_net, images)

# %% [markdown] tags=["scratch"]
"""
## Few images, many epochs

A network overfits 1,000 images in 60 epochs more than 60,000 images in five, so this is
where dropout may help. One run does not tell: single epochs and single seeds differ by
as much. So both networks are trained with five seeds, each pair from the same weights,
and the mean of the last ten epochs is compared. The network is that from scratch.

**Guess 2.** Trained long on few images, does the test loss rise again by more than 2 %:
(a) without dropout only, (b) with dropout only, (c) with both, (d) with neither?

**Guess 3.** Beside training without dropout, is the mean test loss of the last ten
epochs (a) lower by more than 5 %, (b) higher by more than 5 %, (c) about the same?
"""

# %% tags=["parameters"]
LR = 0.1
RATES = (0.5, 0.5)
IMAGES, SEEDS, LONGER = 1_000, 5, 12  # LONGER: times the epochs of the first part


# %%
Runs = Sequence[Curves]


def late(fits: Runs, what: str) -> list[float]:
    """Return the mean of a measure over the last ten epochs, for each seed."""
    return [mean(fit[what][-10:]) for fit in fits]


def lowest_and_late(fits: Runs) -> tuple[float, float]:
    """Return the lowest and the late test loss, means over the seeds."""
    lowest = mean(min(fit["test loss"]) for fit in fits)
    return lowest, mean(late(fits, "test loss"))


def verdict(dropout: Runs, without: Runs) -> Iterator[str]:
    """Yield what dropout does to the test loss and to the test accuracy."""
    n, texts, better = len(dropout), [], {}
    for what, sign in (("test loss", -1), ("test accuracy", 1)):
        pairs = zip(late(dropout, what), late(without, what), strict=True)
        changes = [with_it - without_it for with_it, without_it in pairs]
        texts.append(f"the {what} by {mean(changes):+.3f} ± {stdev(changes):.3f}")
        better[f"the {what}"] = sum(sign * change > 0 for change in changes)
    lower, higher = better.values()
    yield (
        f"Dropout changes {' and '.join(texts)} (means and standard deviations over "
        f"{n} seeds). With it the loss is lower for {lower} of {n} seeds, and the "
        f"accuracy is higher for {higher} of {n}."
    )
    if pays := [what for what, count in better.items() if count == n]:
        yield f"So dropout pays here for every seed, in {' and '.join(pays)}."
    else:
        yield "So these seeds do not show that dropout pays here."
    (low, end), (plain_low, plain_end) = map(lowest_and_late, (dropout, without))
    yield (
        "From its lowest value to the last ten epochs the test loss rises by "
        f"{plain_end - plain_low:.2f} without dropout and by {end - low:.2f} with it."
    )


def train_long(images: FashionMnist) -> None:
    """Train long on few images with and without dropout, and show the losses."""
    few = Images(*(part[:IMAGES] for part in images.train))
    part = FashionMnist(few, images.test)
    fits: dict[str, list[Curves]] = {name: [] for name in NAMES}
    for seed in range(SEED * SEEDS, (SEED + 1) * SEEDS):
        for name, runs in fits.items():
            runs.append(train(DropoutMLP, name, part, seed, LONGER * EPOCHS, 50))
    measured = {}
    for name, runs in fits.items():
        for what in ("test loss", "test accuracy"):
            measured[f"{IMAGES:,} images, {name}: {what}"] = mean(late(runs, what))
    compare({}, measured)
    title = f"Dropout: {SEEDS} seeds, trained long on {IMAGES:,} images"
    with picture("overfitting", title, "epoch", "test loss (cross-entropy)") as axes:
        for color, (name, runs) in enumerate(fits.items()):
            for number, fit in enumerate(runs):
                label = "" if number else name
                x, y = fit["epoch"], fit["test loss"]
                axes.plot(x, y, f"C{color}", lw=0.8, label=label)
    seen(*verdict(*fits.values()))
    (low, end), (plain_low, plain_end) = map(lowest_and_late, fits.values())
    rises, plain_rises = end > 1.02 * low, plain_end > 1.02 * plain_low
    right = letter(
        plain_rises and not rises, rises and not plain_rises, rises and plain_rises
    )
    why = (
        f"It goes from its minimum, {low:.3f}, to {end:.3f} with dropout, and from "
        f"{plain_low:.3f} to {plain_end:.3f} without."
    )
    answer(2, right, why)
    why = f"It is {end:.3f} with dropout, {plain_end:.3f} without."
    answer(3, letter(end < 0.95 * plain_end, end > 1.05 * plain_end), why)


# %% tags=["scratch"]
if __name__ == "__main__":
    train_long(images)

# %% [markdown]
"""
## Dropout keeps the mean

The mean of a million ones stays 1 for every p below 1. The tolerance of p = 0.5 is four
standard deviations of the mean.
"""

# %%
ONES = {
    "mean of ones, p = 0": Published("1", 1.0, 1.0),
    "mean of ones, p = 0.5": Published("1", 0.996, 1.004),
    "mean of ones, p = 1": Published("0", 0.0, 0.0),
}


def mean_of_ones(drop: Callable[[Tensor, float], Tensor]) -> None:
    """Show the mean of a million ones after dropout: 1, or 0 if the rate is 1."""
    means = [drop(torch.ones(1000, 1000), rate).mean().item() for rate in (0, 0.5, 1)]
    compare(ONES, dict(zip(ONES, means, strict=True)))


# %% tags=["scratch"]
if __name__ == "__main__":
    generator = torch.Generator().manual_seed(SEED)
    mean_of_ones(lambda X, rate: dropout(X, rate, draw_mask(X, rate, generator)))

# %% tags=["torch"]
if __name__ == "__main__":
    mean_of_ones(nn.functional.dropout)

# %% [markdown]
"""
## To try

- `pipeline lesson dropout --rate 0.5,0.8`: more dropout: does it still pay?
- `pipeline lesson dropout --hidden 64,64`: a smaller network: does dropout still pay?
"""
