"""The multilayer perceptron (sections 3.9 and 3.10): layers with a ReLU between them.

Without a nonlinearity such as ReLU, two layers would be equivalent to one, because the
product of two matrices is a matrix.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from pipeline.lessons import classification, classification_charts, mlp_schedule
from pipeline.lessons.classification import EPOCHS, MEASURED, Curve
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.fashion_mnist import FashionMnist
from pipeline.lessons.linear_regression import init_params as init_layer
from pipeline.lessons.mlp_schedule import FALLING, TUTORIAL, decay_lr
from pipeline.lessons.result import LessonOutcome
from pipeline.lessons.softmax_regression import cross_entropy
from pipeline.lessons.training import SGD, Learner, Loss, init_normal

SIZES = (784, 256, 10)
PUBLISHED = {
    "scratch": Curve(
        "section 3.9",
        (0.714, 0.821, 0.842, 0.857, 0.865),
        (0.753, 0.777, 0.834, 0.839, 0.845),
    ),
    "torch": Curve(
        "section 3.10",
        (0.712, 0.823, 0.844, 0.856, 0.864),
        (0.744, 0.821, 0.842, 0.842, 0.818),
    ),
}
# Of all published runs of sections 3.9 and 3.10, after epoch 5.
TRAIN_RANGE, TEST_RANGE = (0.864, 0.865), (0.818, 0.846)
BOOK = {"scratch": EPOCHS, "torch": len(TUTORIAL.test)}  # epochs
LOSS: dict[str, Loss] = {
    "scratch": cross_entropy,
    "torch": nn.CrossEntropyLoss(reduction="none"),
}
# NOTE: section 3.9 has lr 100, but divides a gradient that is already a mean by the
# batch size again. Its effective learning rate is 100 / 256.
LR = {"scratch": 100 / 256, "torch": 0.5}


def init_params(sizes: Sequence[int], generator: torch.Generator) -> list[Tensor]:
    """Return weights and biases of all layers: [W₁, b₁, W₂, b₂, …]."""
    layers = [init_layer(*pair, generator) for pair in pairwise(sizes)]
    return [parameter for layer in layers for parameter in layer]


def relu(X: Tensor) -> Tensor:
    """Return max(X, 0)."""
    return X.clamp(min=0)


def mlp(params: Sequence[Tensor], X: Tensor) -> Tensor:
    """Return the outputs of layers with a ReLU after all but the last, [n, d_out]."""
    *hidden, (W, b) = zip(params[::2], params[1::2], strict=True)
    for W_hidden, b_hidden in hidden:
        X = relu(X @ W_hidden + b_hidden)
    return X @ W + b


def scratch(
    sizes: Sequence[int], *, loss: Loss, lr: float, generator: torch.Generator
) -> Learner:
    """Return the model built from tensors and arithmetic."""
    params = init_params(sizes, generator)
    return Learner(lambda X: mlp(params, X), loss, SGD(params, lr), params)


def with_torch(
    sizes: Sequence[int], *, loss: Loss, lr: float, generator: torch.Generator
) -> Learner:
    """Return the same model built from torch's classes.

    As in section 3.10, the biases are random too.
    """
    layers = [
        module for pair in pairwise(sizes) for module in (nn.Linear(*pair), nn.ReLU())
    ]
    net = nn.Sequential(*layers[:-1])
    init_normal(net, sd=0.01, generator=generator)
    params = list(net.parameters())
    return Learner(net, loss, torch.optim.SGD(params, lr), params)


def run(config: LessonConfig) -> LessonOutcome:
    """Train on Fashion-MNIST: 5 epochs from scratch, twice 10 epochs with torch."""
    data = classification.load_images(config)
    learner, curve = _train(config, data, MEASURED)
    published = PUBLISHED[config.impl]
    measurements = [
        *classification.compare_epochs(published, curve),
        *classification.compare_at_five(
            config, curve, TRAIN_RANGE, TEST_RANGE, book=BOOK[config.impl]
        ),
    ]
    logits = learner.predict(data.test.images)
    seen = [
        classification_charts.gap_sentence(curve),
        classification_charts.most_confused(logits, data.test.labels),
    ]
    extra = []
    if config.impl == "torch":
        published = TUTORIAL
        _, falling = _train(config, data, FALLING)
        measurements += mlp_schedule.compare(config, curve, falling)
        extra = [mlp_schedule.chart(curve, falling)]
        seen.append(mlp_schedule.sentence(curve, falling))
    charts = classification_charts.charts(
        f"MLP ({config.impl})", curve, published, logits, data.test
    )
    return LessonOutcome(measurements, [*charts, *extra], seen)


def _train(
    config: LessonConfig, data: FashionMnist, source: str
) -> tuple[Learner, Curve]:
    """Train a network and return it with its accuracies."""
    generator, book = config.generator(), BOOK[config.impl]
    build = scratch if config.impl == "scratch" else with_torch
    sizes = (SIZES[0], *(config.hidden or SIZES[1:-1]), SIZES[-1])
    loss, lr = LOSS[config.impl], config.lr or LR[config.impl]
    learner = build(sizes, loss=loss, lr=lr, generator=generator)
    epochs = classification.train_on(
        data.train, learner, config=config, generator=generator, book=book
    )
    if source == FALLING and isinstance(learner.optimizer, torch.optim.Optimizer):
        epochs = decay_lr(epochs, learner.optimizer)
    curve = classification.measure(source, epochs, learner, data.test, say=config.say)
    return learner, curve
