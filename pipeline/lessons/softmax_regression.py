"""Softmax regression (sections 3.6 and 3.7): one layer gives each class a score.

The softmax turns scores into probabilities; cross-entropy is how surprised they are by
the true class.
"""

import torch
from torch import Tensor, nn

from pipeline.lessons import classification
from pipeline.lessons.classification import Curve
from pipeline.lessons.config import Setting
from pipeline.lessons.linear_regression import init_params, linear, torch_layer
from pipeline.lessons.result import StageResult
from pipeline.lessons.training import SGD, Learner

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
# Every published run of sections 3.6 and 3.7, at epoch 5.
TRAIN_RANGE, TEST_RANGE = (0.836, 0.838), (0.806, 0.824)


def log_softmax(scores: Tensor) -> Tensor:
    """Log-probabilities [n, classes] that sum, as probabilities, to one a row.

    NOTE: the book takes exp(scores) as they come, which overflows from 89 on. Less its
    largest score, a row has the same softmax, and no exponent is above zero.
    """
    shifted = scores - scores.amax(1, keepdim=True)
    return shifted - shifted.exp().sum(1, keepdim=True).log()


def cross_entropy(scores: Tensor, labels: Tensor) -> Tensor:
    """Minus the log-probability of each row's true class, [n]."""
    return -log_softmax(scores).gather(1, labels.view(-1, 1)).squeeze(1)


def scratch(d_in: int, d_out: int, *, lr: float, generator: torch.Generator) -> Learner:
    """The learner out of tensors and arithmetic."""
    params = init_params(d_in, d_out, generator)
    return Learner(lambda X: linear(params, X), cross_entropy, SGD(params, lr), params)


def with_torch(
    d_in: int, d_out: int, *, lr: float, generator: torch.Generator
) -> Learner:
    """The same learner out of torch's parts."""
    net = torch_layer(d_in, d_out, generator)
    params = list(net.parameters())
    loss = nn.CrossEntropyLoss(reduction="none")
    return Learner(net, loss, torch.optim.SGD(params, lr), params)


def run(setting: Setting) -> StageResult:
    """Train on Fashion-MNIST and look at ten of the answers."""
    data = classification.clothes(setting)
    generator = setting.generator()
    build = scratch if setting.impl == "scratch" else with_torch
    learner = build(784, 10, lr=0.1, generator=generator)
    epochs = classification.epochs_on(
        data.train, learner, setting=setting, generator=generator
    )
    curve = classification.follow("measured", epochs, learner, data.test)
    published = PUBLISHED[setting.impl]
    name = f"Softmax regression ({setting.impl})"
    return StageResult(
        [
            *classification.rows_of_epochs(published, curve),
            *classification.rows_at_five(setting, curve, TRAIN_RANGE, TEST_RANGE),
        ],
        [
            classification.chart(
                f"{name}: accuracy on Fashion-MNIST", curve, published
            ),
            classification.ten_answers(f"{name}: ten answers", learner, data.test),
        ],
    )
