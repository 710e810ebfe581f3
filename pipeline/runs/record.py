"""run.json as typed facts: whoever wrote it, what is shown is what it should be."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.runs.store import RECORD, list_runs
from pipeline.validation.metrics import Forecast

S = TypeVar("S")
T = TypeVar("T")


class LambdaScore(NamedTuple):
    """The log-RMSE of a λ: of each fold, their mean and deviation, and of all rows."""

    value: float
    folds: list[float]
    mean: float
    std: float
    pooled: float
    seconds: float

    @property
    def standard_error(self) -> float:
        """Of the mean of the folds."""
        return self.std / math.sqrt(len(self.folds))


class Trial(NamedTuple):
    """A trial of a search."""

    number: int
    settings: dict[str, str]
    score: float
    stopped: bool


class Search(NamedTuple):
    """The trials, best first; log-RMSE of the best and the default on fresh folds."""

    trials: list[Trial]
    best: float
    default: float


class Record(NamedTuple):
    """What run.json says of a run; its scores by rising λ.

    The λ that are left out have no score, since networks of theirs diverged.
    """

    run_id: str
    created: str
    settings: dict[str, str]
    best: LambdaScore
    scores: list[LambdaScore]
    left_out: list[str]
    forecast: Forecast
    seconds: float
    versions: dict[str, str]
    search: Search | None

    @property
    def bound(self) -> float:
        """One standard error above the best λ's mean."""
        return self.best.mean + self.best.standard_error

    @property
    def simplest(self) -> LambdaScore:
        """The largest λ whose mean is not above the bound.

        The simplest model that is not clearly worse (Breiman et al., Classification
        and Regression Trees, 1984; Hastie et al., section 7.10).
        """
        near = [each for each in self.scores if each.mean <= self.bound]
        return max(near, key=lambda score: score.value, default=self.best)


class Rung(NamedTuple):
    """A rung of the ladder."""

    name: str
    what: str
    mean: float
    std: float
    pooled: float


class Ladder(NamedTuple):
    """A run of `baselines`: its rungs from the bottom up."""

    run_id: str
    rungs: list[Rung]


def read_record(project: Project, record: dict[str, Any]) -> Record:
    """A record, checked.

    Raises:
        UserError: it is not as `train` writes it.
    """
    return sound(project.runs / record["run_id"] / RECORD, _record, record)


def newest_ladder(project: Project) -> Ladder | None:
    """The newest run of `baselines`, if there is one.

    Raises:
        UserError: its record is not as `baselines` writes it.
    """
    for record in list_runs(project):
        if "rungs" in record:
            path = project.runs / record["run_id"] / RECORD
            return Ladder(record["run_id"], sound(path, _rungs, record["rungs"]))
    return None


def sound(path: Path, read: Callable[[S], T], source: S) -> T:
    """What `read` makes of a source.

    Raises:
        UserError: it stumbles over what the file holds.
    """
    try:
        return read(source)
    except (OSError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"{path}: not as `pipeline train` writes it ({error!r}); train again"
        ) from None


def _record(record: dict[str, Any]) -> Record:
    rows = record["scores"]
    scores = [_score(each) for each in rows if each["pooled"] is not None]
    (best,) = (each for each in scores if each.value == record["best_lambda"])
    forecast = record["forecast"]
    return Record(
        run_id=record["run_id"],
        created=str(record["created"]),
        settings={str(name): _text(v) for name, v in record["settings"].items()},
        best=best,
        scores=sorted(scores),
        left_out=[_text(r["lambda"]) for r in rows if r["pooled"] is None],
        forecast=Forecast(*(float(forecast[name]) for name in Forecast._fields)),
        seconds=float(record["seconds"]),
        versions={str(name): str(v) for name, v in record["versions"].items()},
        search=_search(record["tune"]) if "tune" in record else None,
    )


def _score(score: dict[str, Any]) -> LambdaScore:
    folds = [float(each) for each in score["folds"]]
    rest = (float(score[name]) for name in ("mean", "std", "pooled", "seconds"))
    return LambdaScore(float(score["lambda"]), folds, *rest)


def _search(search: dict[str, Any]) -> Search:
    searched = ("lambda", "lr", "dropout", "hidden")
    trials = [
        Trial(
            int(trial["number"]),
            {name: _text(trial[name]) for name in searched},
            float(trial["score"]),
            bool(trial["stopped"]),
        )
        for trial in search["trials"]
    ]
    means = (float(search["confirmed"][who]["mean"]) for who in ("best", "default"))
    return Search(trials, *means)


def _rungs(rungs: list[dict[str, Any]]) -> list[Rung]:
    """The rungs that have a score, since they did not diverge."""
    numbers = ("mean", "std", "pooled")
    return [
        Rung(
            str(rung["name"]),
            str(rung["what"]),
            *(float(rung[name]) for name in numbers),
        )
        for rung in rungs
        if rung["pooled"] is not None
    ]


def _text(value: object) -> str:
    """A setting as it is typed."""
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)
