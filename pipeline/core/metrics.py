"""The metrics: how the target is transformed, and how errors become a score.

To add a metric, add it to `METRICS`. A command that only lists names and titles must
not load NumPy, so transforms are the names of NumPy's functions.
"""

from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Loss(NamedTuple):
    """What the errors of the rows count as.

    Attributes:
        name: as sentences have it.
        power: of the absolute error. The score is the mean loss, and for squared errors
            its root.
        trees: CatBoost's name of the loss.
        huber: the threshold, in standard deviations of the target, with which the Huber
            loss is nearly this one.
    """

    name: str
    power: int
    trees: str
    huber: float


class Transform(NamedTuple):
    """The scale in which models predict the target.

    Attributes:
        forward: the NumPy function that transforms targets.
        backward: its inverse.
        above: every target must be greater than this.
    """

    forward: str
    backward: str
    above: float


@dataclass(frozen=True)
class Forecast:
    """The expected score on new rows, with a 90 % interval."""

    estimate: float
    low: float
    high: float


SQUARED = Loss("squared error", 2, "RMSE", 10.0)
ABSOLUTE = Loss("absolute error", 1, "MAE", 0.1)
UNCHANGED = Transform("asarray", "asarray", -inf)
LOG = Transform("log", "exp", 0.0)
LOG1P = Transform("log1p", "expm1", -1.0)


@dataclass(frozen=True)
class Metric:
    """How predictions are scored.

    Attributes:
        name: as a schema has it.
        title: as tables show it.
        scale: the transform of targets and predictions before they are compared.
        loss: of the error of a row.
    """

    name: str
    title: str
    scale: Transform
    loss: Loss

    @property
    def log(self) -> bool:
        """Whether errors are differences of logs, and so shares of `base`."""
        return self.scale.forward.startswith("log")

    @property
    def base(self) -> str:
        """What errors are shares of, if they are differences of logs."""
        return "the target + 1" if self.scale == LOG1P else "the target"

    @property
    def allowed(self) -> str:
        """What a target or a prediction has to be, for errors."""
        above = self.scale.above
        if not above:
            return "a positive number"
        return f"a number above {above:g}" if isfinite(above) else "a number"

    def allows(self, target: "np.ndarray") -> "np.ndarray":
        """Return which targets or predictions have a finite transform."""
        import numpy as np

        allowed: np.ndarray = np.isfinite(target) & (target > self.scale.above)
        return allowed

    def transform(self, target: "np.ndarray") -> "np.ndarray":
        """Return targets in the scale that models predict in."""
        import numpy as np

        return np.asarray(getattr(np, self.scale.forward)(target), dtype=float)

    def undo(self, transformed: "np.ndarray") -> "np.ndarray":
        """Return transformed targets in their own unit."""
        import numpy as np

        return np.asarray(getattr(np, self.scale.backward)(transformed))

    def errors(self, predicted: "np.ndarray", actual: "np.ndarray") -> "np.ndarray":
        """Return the error of each row, in the scale that models predict in."""
        gaps: np.ndarray = self.transform(predicted) - self.transform(actual)
        return gaps

    def losses(self, predicted: "np.ndarray", actual: "np.ndarray") -> "np.ndarray":
        """Return the loss of each row."""
        return self.losses_of(self.errors(predicted, actual))

    def losses_of(self, errors: "np.ndarray") -> "np.ndarray":
        """Return the losses of errors."""
        losses: np.ndarray = abs(errors) ** self.loss.power
        return losses

    def of_mean(self, mean: float) -> float:
        """Return the score of a mean loss."""
        return sqrt(mean) if self.loss == SQUARED else float(mean)

    def score(self, predicted: "np.ndarray", actual: "np.ndarray") -> float:
        """Return the score of predictions, in the unit of the target or of its log."""
        return self.of_mean(self.losses(predicted, actual).mean())


LOG_RMSE = Metric("log-rmse", "log-RMSE", LOG, SQUARED)
METRICS = {
    metric.name: metric
    for metric in (
        LOG_RMSE,
        Metric("rmse", "RMSE", UNCHANGED, SQUARED),
        Metric("mae", "MAE", UNCHANGED, ABSOLUTE),
        Metric("rmsle", "RMSLE", LOG1P, SQUARED),
    )
}
