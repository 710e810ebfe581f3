"""Model selection (section 3.11): underfitting, overfitting and K-fold validation.

The rows follow a cubic with a little noise. A straight line underfits them, a cubic
fitted to two rows overfits, and K-fold cross-validation finds the right degree without
the test rows. The book has one draw of the rows; all results here are medians over
several draws, because they differ greatly from one draw to the next.
"""

from collections import Counter, deque

import torch
from torch import Tensor

from pipeline.core.progress import announce
from pipeline.lessons import kfold, linear_regression, polynomial_fits
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.kfold import powers
from pipeline.lessons.linear_regression import noisy_line
from pipeline.lessons.polynomial_fits import (
    CASES,
    EPOCHS,
    N_TRAIN,
    TRUE_B,
    TRUE_W,
    Case,
    Fit,
)
from pipeline.lessons.result import LessonOutcome, Measurement
from pipeline.lessons.training import train

N_TEST = 100
DRAWS = 10  # of the rows, for SGD
MORE_DRAWS = 50  # for least squares, which is faster


def draw_rows(number: int) -> tuple[Tensor, Tensor]:
    """Return x and y, shape [n, 1] each, of the training and then the test rows."""
    generator = torch.Generator().manual_seed(number)
    x = torch.randn(N_TRAIN + N_TEST, 1, generator=generator)
    return x, noisy_line(powers(x, 3), TRUE_W, TRUE_B, generator)


def run(config: LessonConfig) -> LessonOutcome:
    """Fit the three cases by SGD, then choose one of 15 degrees by K-fold."""
    first = config.seed * MORE_DRAWS
    rows = [draw_rows(first + number) for number in range(MORE_DRAWS)]
    fits = {case: _fit_draws(config, case, rows[:DRAWS]) for case in CASES}
    chosen = kfold.choose(rows, N_TRAIN, config.seed)
    degree, count = Counter(chosen.degrees).most_common(1)[0]
    measurements = [
        *polynomial_fits.compare(config, fits),
        Measurement(
            f"degree that K-fold chooses in most of {MORE_DRAWS} draws",
            "3",
            float(degree),
            (3.0, 3.0),
        ),
    ]
    seen = [
        f"K-fold chooses degree {degree} in {count} of {MORE_DRAWS} draws, without a "
        "test row.",
        polynomial_fits.range_sentence(fits),
    ]
    charts = [
        polynomial_fits.chart(config.impl, fits, *rows[0]),
        kfold.degree_chart(chosen.by_degree, degree),
        kfold.size_chart(kfold.by_size(rows, degree, config.seed), degree),
    ]
    return LessonOutcome(measurements, charts, seen)


def _fit_draws(
    config: LessonConfig, case: Case, draws: list[tuple[Tensor, Tensor]]
) -> list[Fit]:
    fits = []
    for number, (x, y) in enumerate(draws, 1):
        announce(f"fitting draws of the rows, {case.name}", number - 1, len(draws))
        fits.append(_fit(config, case, x, y))
    config.say(polynomial_fits.sentence(case, fits))
    return fits


def _fit(config: LessonConfig, case: Case, x: Tensor, y: Tensor) -> Fit:
    """Fit a polynomial by SGD with section 3.11's learning rate of 0.01.

    From scratch the loss has a factor ½, so twice the rate gives the same steps.
    """
    build, lr = {
        "scratch": (linear_regression.scratch, 0.02),
        "torch": (linear_regression.with_torch, 0.01),
    }[config.impl]
    generator = config.generator(stream=1)
    learner = build(case.degree, lr=lr, generator=generator)
    X = powers(x, case.degree)
    epochs = train(
        learner,
        X[: case.rows],
        y[: case.rows],
        epochs=config.epochs_or(EPOCHS),
        batch_size=10,
        generator=generator,
    )
    deque(epochs, maxlen=0)  # train to the end; only the last loss is printed
    squares = (learner.predict(X) - y) ** 2
    train_loss, test_loss = squares[: case.rows].mean(), squares[N_TRAIN:].mean()
    return Fit(learner, train_loss.item(), test_loss.item())
