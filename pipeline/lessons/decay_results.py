"""The published results of weight decay, comparisons with them, and charts."""

from collections.abc import Mapping
from typing import NamedTuple

from pipeline.lessons.charts import Line, Lines, Mark
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.result import Measurement, scale_around

EPOCHS = 100
LOSS_AXIS = "squared loss (log scale)"


class Fit(NamedTuple):
    """The losses per epoch, without the penalty, and the norm of the final weights."""

    train: list[float]
    test: list[float]
    norm: float


# Results of section 3.12, of both implementations: text, range (losses are read off a
# log scale, to half a decade) and the larger standard deviation of log10 on 200 seeds.
# None where a tolerance would span more than two decades.
PUBLISHED = {
    0.0: (
        ("norm of w", "12.87 to 15.11", (12.87, 15.11), 0.023),
        ("train loss", "about 1e-11", (3e-12, 3e-11), None),
        ("test loss", "about 100", (30, 300), 0.07),
    ),
    3.0: (
        ("norm of w", "0.0352 to 0.0963", (0.0352, 0.0963), 0.18),
        ("train loss", "about 3e-4", (1e-4, 1e-3), None),
        ("test loss", "about 0.01", (3e-3, 3e-2), None),
    ),
}


def compare(
    config: LessonConfig, fits: Mapping[float, Fit], chosen: float
) -> list[Measurement]:
    """Compare λ = 0 and 3 with the book, where both are fitted."""
    measurements = []
    for decay in [decay for decay in PUBLISHED if decay in fits]:
        last = fits[decay].norm, fits[decay].train[-1], fits[decay].test[-1]
        for (name, text, ends, decades), value in zip(
            PUBLISHED[decay], last, strict=True
        ):
            tolerance = None
            if decades is not None:
                interval = scale_around(*ends, decades=decades)
                tolerance = config.tolerance(interval, book=EPOCHS)
            quantity = f"{name}, λ = {decay:g}"
            measurements.append(Measurement(quantity, text, value, tolerance))
    if {*PUBLISHED} <= {*fits}:
        ratio = fits[0.0].test[-1] / fits[3.0].test[-1]
        tolerance = config.tolerance((100.0, float("inf")), book=EPOCHS)
        name = "test loss, λ = 0 over λ = 3"
        measurements.append(Measurement(name, "about 10,000", ratio, tolerance))
    measurements.append(Measurement("λ that K-fold chooses", "", chosen))
    return measurements


def curves(impl: str, fits: Mapping[float, Fit]) -> Lines:
    """Return a chart of the losses per epoch of some λ."""
    lines = [
        Line.by_epoch(f"{part}, λ = {decay:g}", values, dashed=number > 0)
        for number, (decay, fit) in enumerate(fits.items())
        for part, values in (("train", fit.train), ("test", fit.test))
    ]
    title = f"Weight decay ({impl}): loss after each epoch"
    return Lines("losses", title, "epoch", LOSS_AXIS, lines, log_y=True)


def path(
    impl: str, fits: Mapping[float, Fit], valid: Mapping[float, float], chosen: float
) -> Lines:
    """Return a chart of the final losses by λ, with the λ that K-fold chooses."""
    decays = [decay for decay in fits if decay > 0]  # the axis is logarithmic
    lines = [
        Line("K-fold validation (chooses)", decays, [valid[x] for x in decays]),
        Line("test (looked at afterwards)", decays, [fits[x].test[-1] for x in decays]),
        Line("train", decays, [fits[x].train[-1] for x in decays]),
    ]
    mark = Mark(chosen, valid[chosen], f"K-fold chooses λ = {chosen:g}")
    return Lines(
        "path",
        f"Weight decay ({impl}): final loss by λ",
        "λ (log scale)",
        LOSS_AXIS,
        lines,
        mark=mark if chosen > 0 else None,
        log_x=True,
        log_y=True,
    )


def sentences(
    fits: Mapping[float, Fit], valid: Mapping[float, float], chosen: float
) -> list[str]:
    """Return what the chosen λ changes, and what only the test rows could tell."""
    none, best = min(fits), min(fits, key=lambda decay: fits[decay].test[-1])
    seen = [
        f"K-fold chooses λ = {chosen:g} (validation loss {valid[chosen]:.2g}); its "
        f"test loss, looked at afterwards, is {fits[chosen].test[-1]:.2g}.",
        f"From λ = {none:g} to λ = {chosen:g} the norm of w goes from "
        f"{fits[none].norm:.3g} to {fits[chosen].norm:.3g}.",
    ]
    if best != chosen:
        seen.append(
            f"λ = {best:g} has a lower test loss, {fits[best].test[-1]:.2g}, but only "
            "the test rows tell that."
        )
    return seen
