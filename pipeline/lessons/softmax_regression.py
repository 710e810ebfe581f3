# %% [markdown]
r"""
# A linear classifier for Fashion-MNIST

One layer gives each class a score, and softmax turns scores into probabilities. Watch
which classes it mistakes for one another, and how sure it is of its mistakes.

The scores are called logits, $o = X W + b$. The probability of class $k$ is

$$p_k = \frac{\exp(o_k)}{\sum_j \exp(o_j)}$$

and the cross-entropy loss is minus the logarithm of the probability of the true class
$y$. So it is a sum's logarithm minus the true class's score, and its derivative is the
difference between the probability and the truth:

$$\ell = -\log p_y = \log \sum_j \exp(o_j) - o_y, \qquad
\frac{\partial \ell}{\partial o_k} = \frac{\exp(o_k)}{\sum_j \exp(o_j)} - [k = y]
= p_k - [k = y]$$

Sections 3.6 (from scratch) and 3.7 (with torch) of the first edition of the book
(2019), 4.4 and 4.5 on d2l.ai today (edition 1.0).
"""

# %%
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from pipeline.lessons import fashion_mnist
from pipeline.lessons.classifier import Pair, show_accuracies, show_mistakes
from pipeline.lessons.fashion_mnist import FashionMnist, Images
from pipeline.lessons.show import answer, letter

# %% tags=["parameters"]
EPOCHS, LR, SEED = 5, 0.1, 0
DATA: Path | None = None  # the folder of Fashion-MNIST; None searches the usual ones

# %% [markdown]
"""
## From scratch

The book computes exp(logits) directly, which overflows above 88. Subtracting a row's
largest logit leaves its softmax unchanged and makes all exponents at most zero.
"""


# %%
def log_softmax(logits: Tensor) -> Tensor:
    """Return the log-probabilities of the classes, shape [n, classes].

    >>> log_softmax(torch.tensor([[98.0, 99, 101]]))
    tensor([[-3.1698, -2.1698, -0.1698]])
    """
    shifted = logits - logits.amax(1, keepdim=True)
    return shifted - shifted.exp().sum(1, keepdim=True).log()


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return minus the log-probability of each row's true class, shape [n].

    >>> logits = torch.tensor([[1.0, 2, 4], [0, 3, 1], [2, 2, 5]])
    >>> cross_entropy(logits, torch.tensor([2, 0, 1]))
    tensor([0.1698, 3.1698, 3.0949])
    """
    return -log_softmax(logits).gather(1, labels.view(-1, 1)).squeeze(1)


# %% [markdown]
"""
**Guess 1.** The linear classifier sees only 784 grey values. How many of 100 test
images does it put into the right one of ten classes?

**Guess 2.** Images of which class does it most often take for another one: (a) sneaker,
(b) shirt, (c) another class?

**Guess 3.** Is the test accuracy after the last epoch (a) higher than after the first,
(b) lower or the same?

## The training loop

As the book, it measures the training accuracy of the predictions made during the epoch,
each before its batch's step. So it is lower than that of the network at the end of the
epoch.
"""

# %%
PUBLISHED = {  # accuracies per epoch, in training and on the test images
    "scratch": ("section 3.6", ".749 .814 .827 .833 .836", ".794 .813 .819 .824 .815"),
    "torch": ("section 3.7", ".745 .812 .825 .832 .838", ".790 .807 .806 .810 .823"),
}
RANGES = (0.836, 0.838), (0.806, 0.824)  # of all published runs, after epoch 5


def train(
    images: FashionMnist,
    generator: torch.Generator,
    net: Callable[[Tensor], Tensor],
    loss: Callable[[Tensor, Tensor], Tensor],
    step: Callable[[], None],
) -> Pair:
    """Train, and return the accuracies per epoch in training and on the test images."""
    points, (X, y) = [], images.train
    for epoch in range(1, EPOCHS + 1):
        total, right = 0.0, 0
        for batch in torch.randperm(len(y), generator=generator).split(256):
            logits = net(X[batch])
            losses = loss(logits, y[batch])
            losses.mean().backward()
            step()
            total += losses.sum().item()
            right += int((logits.argmax(1) == y[batch]).sum())
        test = fashion_mnist.accuracy(net(images.test.images), images.test.labels)
        points.append((right / len(y), test))
        print(
            f"epoch {epoch}, loss {total / len(y):.4f}, train accuracy "
            f"{right / len(y):.3f}, test accuracy {test:.3f}"
        )
    return [*zip(*points, strict=True)]


def show_results(impl: str, curves: Pair, logits: Tensor, test: Images) -> None:
    """Show the accuracies beside the book's, and the mistakes."""
    title, book = f"Softmax regression ({impl})", (EPOCHS, LR) == (5, 0.1)
    show_accuracies(title, curves, [PUBLISHED[impl]], RANGES, book=book)
    true, taken = show_mistakes(title, logits, test)
    first, last = (100 * curves[1][epoch] for epoch in (0, -1))
    answer(1, last, f"It has {last:.1f} % of the test images right.", within=3)
    why = f"The most frequent mistake: {true}, taken for {taken}."
    answer(2, letter(true == "sneaker", true == "shirt"), why)
    why = f"The test accuracy goes from {first:.1f} % to {last:.1f} %."
    answer(3, letter(last > first), why)


# %%
if __name__ == "__main__":
    images = fashion_mnist.open_images(DATA)

# %% tags=["scratch"]
if __name__ == "__main__":
    generator = torch.Generator().manual_seed(SEED)
    W = (torch.randn(784, 10, generator=generator) * 0.01).requires_grad_()
    b = torch.zeros(10, requires_grad=True)

    def scratch_net(X: Tensor) -> Tensor:
        """Return the logits, [n, 10]."""
        return X @ W + b

    @torch.no_grad()
    def scratch_step() -> None:
        """Take a step of SGD, and zero the gradients."""
        for parameter in (W, b):
            if parameter.grad is not None:
                parameter.sub_(LR * parameter.grad)
            parameter.grad = None

    curves = train(images, generator, scratch_net, cross_entropy, scratch_step)
    show_results("scratch", curves, scratch_net(images.test.images), images.test)

# %% [markdown]
"""
## With torch

`nn.CrossEntropyLoss` takes logits too.
"""

# %% tags=["torch"]
if __name__ == "__main__":
    generator = torch.Generator().manual_seed(SEED)
    layer = nn.Linear(784, 10)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.01, generator=generator)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), LR)

    def torch_step() -> None:
        """Update the layer, and zero its gradients."""
        optimizer.step()
        optimizer.zero_grad()

    loss = nn.CrossEntropyLoss(reduction="none")
    curves = train(images, generator, layer, loss, torch_step)
    show_results("torch", curves, layer(images.test.images), images.test)

# %% [markdown]
"""
## To try

- `pipeline lesson softmax-regression --epochs 20`: more epochs: how much do they help?
- `pipeline lesson softmax-regression --lr 1`: steps ten times larger: how much does the
  test accuracy change from epoch to epoch?
"""
