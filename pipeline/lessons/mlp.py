# %% [markdown]
r"""
# A multilayer perceptron for Fashion-MNIST

A hidden layer with a nonlinearity can fit what a linear model cannot. Watch how far the
accuracy rises above that of softmax regression, and which mistakes are left.

The perceptron has layers with a ReLU, $\max(x, 0)$, between them:

$$H = \max(X W_1 + b_1, 0), \qquad O = H W_2 + b_2$$

Without a nonlinearity, two layers would be equivalent to one, because
$(X W_1 + b_1) W_2 + b_2 = X (W_1 W_2) + (b_1 W_2 + b_2)$.

Sections 3.9 (from scratch) and 3.10 (with torch) of the first edition of the book
(2019), both 5.2 on d2l.ai today (edition 1.0).
"""

# %%
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from pipeline.lessons import fashion_mnist
from pipeline.lessons.classifier import Pair, show_accuracies, show_mistakes
from pipeline.lessons.fashion_mnist import FashionMnist
from pipeline.lessons.show import Published, answer, compare, letter, picture, seen

# %% tags=["parameters"]
HIDDEN: tuple[int, ...] = (256,)
SEED = 0
DATA: Path | None = None  # the folder of Fashion-MNIST; None searches the usual ones

# %% [markdown]
"""
## From scratch

The network and SGD. As in the book, the loss is torch's; the lesson on softmax
regression has it from scratch. Without hidden layers `mlp` is softmax regression.
"""


# %%
def relu(X: Tensor) -> Tensor:
    """Return max(X, 0).

    >>> relu(torch.tensor([-2, 0.5, 3]))
    tensor([0.0000, 0.5000, 3.0000])
    """
    return X.clamp(min=0)


def mlp(params: Sequence[Tensor], X: Tensor) -> Tensor:
    """Return the outputs of layers with a ReLU after all but the last, [n, d_out].

    >>> hidden = torch.tensor([[1.0, -1], [2, 1]]), torch.tensor([0.5, -0.5])
    >>> output = torch.tensor([[1.0], [-2]]), torch.tensor([-3.0])
    >>> mlp([*hidden, *output], torch.tensor([[1.0, 2], [3, -4], [-1, 0.5]]))
    tensor([[ 1.5000],
            [-3.0000],
            [-4.5000]])
    """
    *hidden, (W, b) = zip(params[::2], params[1::2], strict=True)
    for W_hidden, b_hidden in hidden:
        X = relu(X @ W_hidden + b_hidden)
    return X @ W + b


def init_params(sizes: Sequence[int], generator: torch.Generator) -> list[Tensor]:
    """Return the parameters of layers of these sizes: [W₁, b₁, W₂, b₂, …].

    Weights are drawn from N(0, 0.01²), biases are zero.
    """
    params = []
    for d_in, d_out in pairwise(sizes):
        W = torch.randn(d_in, d_out, generator=generator) * 0.01
        params += [W.requires_grad_(), torch.zeros(d_out, requires_grad=True)]
    return params


class SGD:
    """SGD from scratch, with the methods of torch's."""

    def __init__(self, params: Sequence[Tensor], lr: float) -> None:
        self.params, self.lr = params, lr

    @torch.no_grad()
    def step(self) -> None:
        """Subtract lr times its gradient from each parameter."""
        for parameter in self.params:
            if parameter.grad is not None:
                parameter.sub_(self.lr * parameter.grad)

    def zero_grad(self) -> None:
        """Forget the gradients, because `backward` adds to them."""
        for parameter in self.params:
            parameter.grad = None


# %% [markdown]
"""
## The training loop

As the book, it measures the training accuracy of the predictions made during the epoch,
each before its batch's step.

**Guess 1.** Softmax regression has a test accuracy of about .82. How high is the
perceptron's after the last epoch: (a) below .83, (b) .83 to .87, (c) above .87?

**Guess 2.** By how much is its accuracy on the training images higher in the last
epoch: (a) not at all, (b) by up to .05, (c) by more?
"""


# %%
def train(
    net: Callable[[Tensor], Tensor],
    optimizer: SGD | torch.optim.SGD,
    images: FashionMnist,
    generator: torch.Generator,
    after_epoch: Callable[[], None] = lambda: None,
) -> Pair:
    """Train, and return the accuracies per epoch in training and on the test images."""
    points, (X, y) = [], images.train
    for epoch in range(1, EPOCHS + 1):
        total, right = 0.0, 0
        for batch in torch.randperm(len(y), generator=generator).split(256):
            logits = net(X[batch])
            loss = nn.functional.cross_entropy(logits, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
            right += int((logits.argmax(1) == y[batch]).sum())
        after_epoch()
        test = fashion_mnist.accuracy(net(images.test.images), images.test.labels)
        points.append((right / len(y), test))
        print(
            f"epoch {epoch}, loss {total / len(y):.4f}, train accuracy "
            f"{right / len(y):.3f}, test accuracy {test:.3f}"
        )
    return [*zip(*points, strict=True)]


# %%
def answer_accuracies(curves: Pair) -> None:
    """Answer the guesses about the accuracies of the last epoch."""
    train, test = curves[0][-1], curves[1][-1]
    why = f"The accuracy is {test:.3f} on the test images"
    answer(1, letter(test < 0.83, test <= 0.87), f"{why}.")
    why += f" and {train:.3f} on the training images."
    answer(2, letter(train <= test, train <= test + 0.05), why)


# %%
if __name__ == "__main__":
    images = fashion_mnist.open_images(DATA)

# %% [markdown]
"""
## Five epochs from scratch

Section 3.9 has a learning rate of 100, but divides a gradient that is already a mean by
the batch size again. Its effective learning rate is 100 / 256.

Softmax regression is trained here too, with the learning rate of its own lesson.
"""

# %% tags=["parameters", "scratch"]
EPOCHS, LR = 5, 100 / 256

# %%
RANGES = (0.864, 0.865), (0.818, 0.846)  # of all published runs, after epoch 5

# %% tags=["scratch"]
if __name__ == "__main__":
    generator = torch.Generator().manual_seed(SEED)
    params = init_params((784, *HIDDEN, 10), generator)
    curves = train(partial(mlp, params), SGD(params, LR), images, generator)
    print("softmax regression:")
    linear = init_params((784, 10), generator)
    _, softmax = train(partial(mlp, linear), SGD(linear, 0.1), images, generator)

# %% tags=["scratch"]
if __name__ == "__main__":
    printed = ("section 3.9", ".714 .821 .842 .857 .865", ".753 .777 .834 .839 .845")
    book = (EPOCHS, LR, HIDDEN) == (5, 100 / 256, (256,))
    show_accuracies("MLP (scratch)", curves, [printed], RANGES, book=book)
    name = "test accuracy, last epoch, "
    ends = {"perceptron": curves[1][-1], "softmax regression": softmax[-1]}
    compare({}, {f"{name}{model}": end for model, end in ends.items()})
    show_mistakes("MLP (scratch)", mlp(params, images.test.images), images.test)
    seen(f"Softmax regression has a test accuracy of {softmax[-1]:.3f}.")
    answer_accuracies(curves)

# %% [markdown] tags=["torch"]
"""
## Ten epochs with torch

The original tutorial prints ten epochs of the network of section 3.10. Its learning
rate is constant, and its test accuracy jumps from epoch to epoch. So the tolerance is
the range of the tutorial's last five epochs and a margin of .02.

A second network has a learning rate that is multiplied by 0.7 after each epoch from
epoch 5 on; this is not in the book.

**Guess 3.** With the learning rate that falls from epoch 5 on, is the range of the test
accuracies of the last five epochs (a) wider, (b) less than half as wide,
(c) in between?
"""


# %%
def torch_mlp(sizes: Sequence[int], generator: torch.Generator) -> nn.Sequential:
    """Return the same network of torch's layers; the biases are random too."""
    layers: list[nn.Module] = []
    for pair in pairwise(sizes):
        layers += [nn.Linear(*pair), nn.ReLU()]
    net = nn.Sequential(*layers[:-1])
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.01, generator=generator)
    return net


def falling(optimizer: torch.optim.SGD, gamma: float) -> LambdaLR:
    """Return what multiplies the learning rate by gamma, after each epoch from 5 on."""
    return LambdaLR(optimizer, lambda epoch: gamma ** max(0, epoch - 4))


# %% tags=["parameters", "torch"]
EPOCHS, LR = 10, 0.5

# %% tags=["torch"]
if __name__ == "__main__":
    nets, results = [], {}
    for name, gamma in (("constant", 1.0), ("falling", 0.7)):
        print(f"learning rate {LR:g}, {name}")
        generator = torch.Generator().manual_seed(SEED)
        nets.append(torch_mlp((784, *HIDDEN, 10), generator))
        optimizer = torch.optim.SGD(nets[-1].parameters(), LR)
        schedule = falling(optimizer, gamma)
        results[name] = train(nets[-1], optimizer, images, generator, schedule.step)

# %% tags=["torch"]
if __name__ == "__main__":
    sources = (
        ("section 3.10", ".712 .823 .844 .856 .864", ".744 .821 .842 .842 .818"),
        (
            "original tutorial",
            ".694 .823 .840 .856 .866 .871 .875 .881 .883 .888",
            ".804 .805 .832 .848 .847 .867 .853 .844 .858 .860",
        ),
    )
    curves, book = results["constant"], (EPOCHS, LR, HIDDEN) == (10, 0.5, (256,))
    show_accuracies("MLP (torch)", curves, sources, RANGES, book=book)
    recipe = "test accuracy, last epoch, the tutorial's recipe"
    ours = "test accuracy, last epoch, falling learning rate (ours)"
    ends = {recipe: curves[1][-1], ours: results["falling"][1][-1]}
    compare({recipe: Published("0.860", 0.824, 0.887)}, ends, book=book)
    show_mistakes("MLP (torch)", nets[0](images.test.images), images.test)

# %% tags=["torch"]
if __name__ == "__main__":
    title, ranges = "MLP (torch): test accuracy by learning rate", {}
    with picture("schedule", title, "epoch", "accuracy (share of images)") as axes:
        for name, (_, test) in results.items():
            axes.plot(range(1, EPOCHS + 1), test, "o-", label=f"{name} learning rate")
            late = test[5:] or test
            ranges[name] = max(late) - min(late)
    for name, change in ranges.items():
        seen(f"In the last epochs the test accuracy changes by {change:.3f} ({name}).")
    constant, fell = ranges.values()
    why = f"The range is {constant:.3f} (constant), {fell:.3f} (falling)."
    answer_accuracies(curves)
    answer(3, letter(fell > constant, fell < constant / 2), why)

# %% [markdown]
"""
## To try

- `pipeline lesson mlp --hidden 32`: fewer hidden units: how much accuracy do they cost?
- `pipeline lesson mlp --lr 0.05`: a smaller learning rate: how far do five epochs get?
"""
