"""Softmax regression (sections 3.6 and 3.7): a linear classifier.

One layer computes a logit for each class, and the softmax turns logits into
probabilities. The cross-entropy loss is minus the log-probability of the true class.
"""

import torch
from torch import Tensor, nn

from pipeline.lessons import classification, classification_charts
from pipeline.lessons.classification import MEASURED, Curve
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.linear_regression import init_params, linear, torch_layer
from pipeline.lessons.result import LessonOutcome
from pipeline.lessons.training import SGD, Learner

LR = 0.1
PUBLISHED = {
    "scratch": Curve(
        "section 3.6",
        (0.749, 0.814, 0.827, 0.833, 0.836),
        (0.794, 0.813, 0.819, 0.824, 0.815),
    ),
    "torch": Curve(
        "section 3.7",
        (0.745, 0.812, 0.825, 0.832, 0.838),
        (0.790, 0.807, 0.806, 0.810, 0.823),
    ),
}
# Of all published runs of sections 3.6 and 3.7, after epoch 5.
TRAIN_RANGE, TEST_RANGE = (0.836, 0.838), (0.806, 0.824)


def log_softmax(logits: Tensor) -> Tensor:
    """Return the log-probabilities of the classes, shape [n, classes].

    NOTE: the book computes exp(logits) directly, which overflows above 88. Subtracting
    a row's largest logit leaves its softmax unchanged and makes all exponents at most
    zero.
    """
    shifted = logits - logits.amax(1, keepdim=True)
    return shifted - shifted.exp().sum(1, keepdim=True).log()


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return minus the log-probability of each row's true class, shape [n]."""
    return -log_softmax(logits).gather(1, labels.view(-1, 1)).squeeze(1)


def scratch(d_in: int, d_out: int, *, lr: float, generator: torch.Generator) -> Learner:
    """Return the model built from tensors and arithmetic."""
    params = init_params(d_in, d_out, generator)
    return Learner(lambda X: linear(params, X), cross_entropy, SGD(params, lr), params)


def with_torch(
    d_in: int, d_out: int, *, lr: float, generator: torch.Generator
) -> Learner:
    """Return the same model built from torch's classes."""
    net = torch_layer(d_in, d_out, generator)
    params = list(net.parameters())
    loss = nn.CrossEntropyLoss(reduction="none")
    return Learner(net, loss, torch.optim.SGD(params, lr), params)


def run(config: LessonConfig) -> LessonOutcome:
    """Train on Fashion-MNIST and show the mistakes."""
    data = classification.load_images(config)
    generator = config.generator()
    build = scratch if config.impl == "scratch" else with_torch
    learner = build(784, 10, lr=config.lr or LR, generator=generator)
    epochs = classification.train_on(
        data.train, learner, config=config, generator=generator
    )
    curve = classification.measure(MEASURED, epochs, learner, data.test, say=config.say)
    published = PUBLISHED[config.impl]
    measurements = [
        *classification.compare_epochs(published, curve),
        *classification.compare_at_five(config, curve, TRAIN_RANGE, TEST_RANGE),
    ]
    logits = learner.predict(data.test.images)
    charts = classification_charts.charts(
        f"Softmax regression ({config.impl})", curve, published, logits, data.test
    )
    seen = [
        classification_charts.gap_sentence(curve),
        classification_charts.most_confused(logits, data.test.labels),
    ]
    return LessonOutcome(measurements, charts, seen)
