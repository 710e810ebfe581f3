# %% [markdown]
r"""
# Randomly dropping hidden units during training

Dropout sets hidden units to zero at random, so that no unit can rely on another. Watch
the distance between training and test accuracy with and without it: after few epochs
dropout only slows training down.

A hidden unit $h$ is dropped with probability $p$. The units that are kept are divided
by the probability of keeping them, so that their mean is unchanged and the trained
network needs no scaling (inverted dropout):

$$h' = \begin{cases} 0 & \text{with probability } p \\ h / (1 - p) & \text{otherwise}
\end{cases}$$

Section 3.13 of the book as first published.
"""

# %%
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor, nn

from pipeline.core.errors import UserError
from pipeline.lessons import fashion_mnist
from pipeline.lessons.fashion_mnist import FashionMnist, Images
from pipeline.lessons.show import Published, compare, picture, seen
from pipeline.lessons.training import init_params, minibatches

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
    """Return a mask of ones, with zeros at random with probability `rate`."""
    return (torch.rand(X.shape, generator=generator) >= rate).float()


def dropout(X: Tensor, rate: float, mask: Tensor) -> Tensor:
    """Return X after inverted dropout with a mask; zeros if the rate is 1."""
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

Both networks are trained by the same loop. As in the book, the training accuracy is
that of the predictions of an epoch, each made before the step of its batch. The losses
and the test accuracy are measured after the epoch, without dropout.
"""

# %%
Build = Callable[[Sequence[int], Sequence[float], torch.Generator], nn.Module]
Curves = dict[str, tuple[float, ...]]
COLUMNS = ("epoch", "train accuracy", "train loss", "test loss", "test accuracy")
NAMES = ("dropout", "no dropout")


def train(
    build: Build, name: str, images: FashionMnist, lr: float, epochs: int, batch: int
) -> Curves:
    """Train the network with or without dropout, and measure it up to 15 times."""
    rates = hidden_rates() if name == "dropout" else (0.0,) * len(HIDDEN)
    generator = torch.Generator().manual_seed(SEED)
    net = build((784, *HIDDEN, 10), rates, generator)
    optimizer = torch.optim.SGD(net.parameters(), lr)
    points, n = [], len(images.train.labels)
    for epoch in range(1, epochs + 1):
        right = 0
        for rows, labels in minibatches(*images.train, batch, generator):
            logits = net(rows)
            optimizer.zero_grad()
            nn.functional.cross_entropy(logits, labels).backward()
            optimizer.step()
            right += int((logits.argmax(1) == labels).sum())
        if epoch % max(1, epochs // 15) == 0:
            (train, _), (test, share) = (evaluate(net, part) for part in images)
            points.append((epoch, right / n, train, test, share))
            print(f"{name}, {n:,} images, epoch {epoch}: test loss {test:.3f}")
    return dict(zip(COLUMNS, zip(*points, strict=True), strict=True))


@torch.no_grad()
def evaluate(net: nn.Module, part: Images) -> tuple[float, float]:
    """Return the loss and the accuracy without dropout."""
    logits = net.eval()(part.images)
    net.train()
    loss = nn.functional.cross_entropy(logits, part.labels).item()
    return loss, fashion_mnist.accuracy(logits, part.labels)


def hidden_rates() -> tuple[float, ...]:
    """Return a rate for each hidden layer: further layers have the book's last one."""
    n = len(HIDDEN)
    if RATES == (0.2, 0.5):
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

Guess: is the training accuracy with dropout (a) higher than without it, (b) lower,
(c) the same?
"""

# %%
PUBLISHED = {
    "scratch": ("section 3.13", ".574 .786 .826 .839 .849", ".648 .786 .825 .831 .850"),
    "torch": ("section 3.13", ".553 .784 .822 .837 .848", ".715 .793 .817 .830 .839"),
}
BOOK_LR = {"scratch": 100 / 256, "torch": 0.5}
RANGES = (0.848, 0.849), (0.809, 0.850)  # of all published runs, after epoch 5


def draw(name: str, title: str, fits: dict[str, Curves], label: str, what: str) -> None:
    """Draw a measure of both networks by epoch, in training and on the test images."""
    with picture(name, title, "epoch", label) as axes:
        for (network, fit), line in zip(fits.items(), ("-", "--"), strict=True):
            for part, color in (("train", "C0"), ("test", "C1")):
                curve, text = fit[f"{part} {what}"], f"{part}, {network}"
                axes.plot(fit["epoch"], curve, f"{color}.{line}", label=text)


def train_shortly(impl: str, build: Build, images: FashionMnist) -> None:
    """Train with and without dropout, and show the accuracies."""
    fits = {name: train(build, name, images, LR, EPOCHS, 256) for name in NAMES}
    book = (5, BOOK_LR[impl], (256, 256), (0.2, 0.5)) == (EPOCHS, LR, HIDDEN, RATES)
    dropout, without = fits.values()
    curves = dropout["train accuracy"], dropout["test accuracy"]
    fashion_mnist.compare_accuracies(PUBLISHED[impl], curves, RANGES, book)
    last = without["test accuracy"][-1]
    compare({}, {"test accuracy, last epoch, no dropout": last})
    title = f"Dropout ({impl}): accuracy on Fashion-MNIST"
    draw("accuracy", title, fits, "accuracy (share of images)", "accuracy")
    seen(
        f"After epoch {EPOCHS} the test accuracy is {curves[1][-1]:.3f} with dropout "
        f"and {last:.3f} without it."
    )


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
    torch.manual_seed(SEED)  # of the masks
    train_shortly("torch", torch_net, images)

# %% [markdown]
"""
## Few images, many epochs

In five epochs no network overfits 60,000 images, so dropout can only slow training
down. On 2,000 images the loss on the test images begins to rise long before training
ends; this is what dropout is for.

Guess: does the test loss with dropout (a) only fall, (b) rise less than without it,
(c) rise as much?
"""

# %% tags=["parameters"]
LR = 0.1
IMAGES, LONGER = 2_000, 10  # LONGER: times the epochs of the first part


# %%
def late(values: Sequence[float]) -> float:
    """Return the mean of the last quarter, because single epochs jump."""
    return mean(values[-max(1, len(values) // 4) :])


def verdict(dropout: Curves, without: Curves) -> str:
    """Return what dropout does to the test loss and to the test accuracy."""
    with_it, without_it = late(dropout["test loss"]), late(without["test loss"])
    return (
        f"Without dropout the lowest test loss is {min(without['test loss']):.2f}, and "
        f"the mean of the last quarter is {without_it:.2f}. With dropout that mean is "
        f"{with_it:.2f}, and the test accuracy {late(dropout['test accuracy']):.3f} "
        f"instead of {late(without['test accuracy']):.3f}. So dropout "
        f"{'lowers' if with_it < without_it else 'does not lower'} the test loss here."
    )


def train_long(impl: str, build: Build, images: FashionMnist) -> None:
    """Train long on few images with and without dropout, and show the losses."""
    few = Images(*(part[:IMAGES] for part in images.train))
    part, measured = FashionMnist(few, images.test), {}
    fits = {name: train(build, name, part, LR, LONGER * EPOCHS, 20) for name in NAMES}
    for name, fit in fits.items():
        for column in ("test loss", "test accuracy"):
            measured[f"{IMAGES:,} images, {name}: {column}"] = late(fit[column])
    compare({}, measured)
    title = f"Dropout ({impl}): loss, trained long on {IMAGES:,} images"
    draw("overfitting", title, fits, "cross-entropy", "loss")
    seen(verdict(*fits.values()))


# %% tags=["scratch"]
if __name__ == "__main__":
    train_long("scratch", DropoutMLP, images)

# %% tags=["torch"]
if __name__ == "__main__":
    train_long("torch", torch_net, images)

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

- `pipeline lesson dropout --rate 0.5,0.8`: too much dropout: the network underfits
- `pipeline lesson dropout --hidden 64,64`: a small network overfits less, so dropout
  helps less
"""
