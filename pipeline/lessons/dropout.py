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
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean, stdev

import torch
from torch import Tensor, nn

from pipeline.core.errors import UserError
from pipeline.lessons import fashion_mnist
from pipeline.lessons.classifier import show_accuracies
from pipeline.lessons.fashion_mnist import FashionMnist, Images
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
        self.params, self.rates, self.generator = nn.ParameterList(), rates, generator
        for d_in, d_out in pairwise(sizes):
            W = torch.randn(d_in, d_out, generator=generator) * 0.01
            self.params += [W, torch.zeros(d_out)]

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
## The training loop

Batches come in random order, and for each there is a step against the gradient. As in
the book, the training accuracy is that of the predictions of an epoch, each made before
the step of its batch, with dropout. The loss and the accuracy of the test images are
measured after the epoch, without dropout.
"""

# %%
Build = Callable[[Sequence[int], Sequence[float], torch.Generator], nn.Module]
Curves = Mapping[str, Sequence[float]]
COLUMNS = ("epoch", "train accuracy", "test accuracy", "test loss")


def train(
    build: Build,
    rates: Sequence[float],
    images: FashionMnist,
    seed: int,
    epochs: int,
    batch_size: int,
) -> Curves:
    """Train a network, and return the curves of what is measured.

    It is measured after every tenth epoch, and after each of the last ten.
    """
    torch.manual_seed(seed)  # of nn.Dropout
    generator = torch.Generator().manual_seed(seed)
    net = build((784, *HIDDEN, 10), rates, generator)
    params = [*net.parameters()]
    points, (X, y) = [], images.train
    for epoch in range(1, epochs + 1):
        right = 0
        for batch in torch.randperm(len(y), generator=generator).split(batch_size):
            logits = net(X[batch])
            loss = nn.functional.cross_entropy(logits, y[batch])
            gradients = torch.autograd.grad(loss, params)
            with torch.no_grad():
                for parameter, gradient in zip(params, gradients, strict=True):
                    parameter.sub_(LR * gradient)
            right += int((logits.argmax(1) == y[batch]).sum())
        if epoch % 10 == 0 or epoch > epochs - 10:
            points.append((epoch, right / len(y), *evaluate(net, images.test)))
    print(
        f"dropout {', '.join(f'{rate:g}' for rate in rates)}, {len(y):,} images, seed "
        f"{seed}: after epoch {epochs}, test accuracy {points[-1][2]:.3f}, "
        f"test loss {points[-1][3]:.3f}"
    )
    return dict(zip(COLUMNS, zip(*points, strict=True), strict=True))


@torch.no_grad()
def evaluate(net: nn.Module, test: Images) -> tuple[float, float]:
    """Return the accuracy and the loss without dropout."""
    logits = net.eval()(test.images)
    net.train()
    loss = nn.functional.cross_entropy(logits, test.labels).item()
    return fashion_mnist.accuracy(logits, test.labels), loss


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
"""

# %% tags=["parameters", "scratch"]
# Section 3.9 has 100, but divides a gradient that is a mean by the batch size again.
LR = 100 / 256

# %%
RANGES = (0.848, 0.849), (0.809, 0.850)  # of all published runs, after epoch 5


def compare_with_the_book(
    impl: str, build: Build, images: FashionMnist, lr: float, *printed: str
) -> None:
    """Train with dropout, and show the accuracies beside the printed ones."""
    rates = hidden_rates()
    curves = train(build, rates, images, SEED, EPOCHS, 256)
    measured = curves["train accuracy"], curves["test accuracy"]
    book = (EPOCHS, LR, HIDDEN, rates) == (5, lr, (256, 256), (0.2, 0.5))
    sources = [("section 3.13", *printed)]
    show_accuracies(f"Dropout ({impl})", measured, sources, RANGES, book=book)


# %%
if __name__ == "__main__":
    images = fashion_mnist.open_images(DATA)

# %% tags=["scratch"]
if __name__ == "__main__":
    printed = ".574 .786 .826 .839 .849", ".648 .786 .825 .831 .850"
    compare_with_the_book("scratch", DropoutMLP, images, 100 / 256, *printed)

# %% [markdown]
"""
## The same with torch

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


# %% tags=["parameters", "torch"]
LR = 0.5

# %% tags=["torch"]
if __name__ == "__main__":
    printed = ".553 .784 .822 .837 .848", ".715 .793 .817 .830 .839"
    compare_with_the_book("torch", torch_net, images, 0.5, *printed)

# %% [markdown] tags=["scratch"]
"""
## Few images, many epochs

A network overfits 1,000 images in 60 epochs more than 60,000 images in five, so this is
where dropout may help. One run does not tell: single epochs and single seeds differ by
as much. So networks with and without dropout are trained with three seeds, each pair
from the same weights, and the mean of the last ten epochs is compared. The network is
that from scratch.

**Guess 1.** Beside training without dropout, is the training accuracy of the last ten
epochs (a) higher by more than .005, (b) lower by more than .005, (c) about the same?

**Guess 2.** Does the test loss rise again by more than 2 %: (a) without dropout only,
(b) with dropout only, (c) with both, (d) with neither?

**Guess 3.** Beside training without dropout, is the mean test loss of the last ten
epochs (a) lower by more than 5 %, (b) higher by more than 5 %, (c) about the same?
"""

# %% tags=["parameters"]
LR = 0.1
RATES = (0.5, 0.5)
IMAGES, SEEDS, LONGER = 1_000, 3, 12  # LONGER: times the epochs of the first part


# %%
Runs = Sequence[Curves]  # one for each seed


def late(runs: Runs, what: str) -> list[float]:
    """Return the mean of a measure over the last ten epochs, for each seed."""
    return [mean(run[what][-10:]) for run in runs]


def verdict(dropout: Runs, without: Runs) -> Iterator[str]:
    """Yield what dropout does to the test loss and to the test accuracy."""
    n, pays = len(dropout), []
    for what, sign in (("test loss", -1), ("test accuracy", 1)):
        pairs = zip(late(dropout, what), late(without, what), strict=True)
        changes = [with_it - without_it for with_it, without_it in pairs]
        better = sum(sign * change > 0 for change in changes)
        if better == n:
            pays.append(f"the {what}")
        change = f"{mean(changes):+.3f} ± {stdev(changes):.3f}"
        yield (
            f"Dropout changes the {what} by {change} (mean and standard deviation over "
            f"{n} seeds). It is better with dropout for {better} of {n} seeds."
        )
    if pays:
        yield f"So dropout pays here for every seed, in {' and '.join(pays)}."
    else:
        yield "So these seeds do not show that dropout pays here."


# %% tags=["scratch"]
if __name__ == "__main__":
    few = Images(images.train.images[:IMAGES], images.train.labels[:IMAGES])
    part = FashionMnist(few, images.test)
    with_it, without = list[Curves](), list[Curves]()
    for seed in range(SEED * SEEDS, (SEED + 1) * SEEDS):
        for rates, runs in (hidden_rates(), with_it), ((0.0,) * len(HIDDEN), without):
            runs.append(train(DropoutMLP, rates, part, seed, LONGER * EPOCHS, 50))

# %% tags=["scratch"]
if __name__ == "__main__":
    fits = {"dropout": with_it, "no dropout": without}
    measured: dict[str, float | str] = {}
    for name, runs in fits.items():
        for what in ("train accuracy", "test accuracy", "test loss"):
            measured[f"{IMAGES:,} images, {name}: {what}"] = mean(late(runs, what))
    compare({}, measured)
    title = f"Dropout: {SEEDS} seeds, trained long on {IMAGES:,} images"
    with picture("overfitting", title, "epoch", "test loss (cross-entropy)") as axes:
        for color, (name, runs) in enumerate(fits.items()):
            for number, run in enumerate(runs):
                x, y = run["epoch"], run["test loss"]
                axes.plot(x, y, f"C{color}", lw=0.8, label="" if number else name)
    seen(*verdict(with_it, without))

# %% tags=["scratch"]
if __name__ == "__main__":
    accuracy, plain = (mean(late(runs, "train accuracy")) for runs in fits.values())
    why = f"It is {accuracy:.3f} with dropout, {plain:.3f} without."
    answer(1, letter(accuracy > plain + 0.005, accuracy < plain - 0.005), why)

    low, plain_low = (
        mean(min(run["test loss"]) for run in runs) for runs in fits.values()
    )
    end, plain_end = (mean(late(runs, "test loss")) for runs in fits.values())
    rises, plain_rises = end > 1.02 * low, plain_end > 1.02 * plain_low
    why = (
        f"From its minimum to the last ten epochs the test loss goes from {low:.3f} "
        f"to {end:.3f} with dropout, and from {plain_low:.3f} to {plain_end:.3f} "
        "without."
    )
    seen(why)
    only = plain_rises and not rises, rises and not plain_rises
    answer(2, letter(*only, rises and plain_rises), why)
    why = f"It is {end:.3f} with dropout, {plain_end:.3f} without."
    answer(3, letter(end < 0.95 * plain_end, end > 1.05 * plain_end), why)

# %% [markdown] tags=["scratch"]
"""
## Dropout keeps the mean

The mean of a million ones stays 1 for every p below 1. The tolerance of p = 0.5 is four
standard deviations of the mean.
"""

# %% tags=["scratch"]
if __name__ == "__main__":
    generator, ones = torch.Generator().manual_seed(SEED), torch.ones(1000, 1000)
    published, means = {}, dict[str, float | str]()
    for rate, true, margin in (0.0, 1.0, 0.0), (0.5, 1.0, 0.004), (1.0, 0.0, 0.0):
        name = f"mean of ones, p = {rate:g}"
        published[name] = Published(f"{true:g}", true - margin, true + margin)
        dropped = dropout(ones, rate, draw_mask(ones, rate, generator))
        means[name] = dropped.mean().item()
    compare(published, means)

# %% [markdown]
"""
## To try

- `pipeline lesson dropout --rate 0.5,0.8`: more dropout: does it still pay?
- `pipeline lesson dropout --hidden 64,64`: a smaller network: does dropout still pay?
"""
