"""run.json as typed data: the one place that knows its keys.

Only light modules are imported here, since `pipeline runs` reads every record.
"""

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Self

from pipeline.ames.former import FORMER_KEYS
from pipeline.core.errors import UserError, short
from pipeline.core.fingerprint import record_digest
from pipeline.core.metrics import LOG_RMSE, METRICS
from pipeline.core.settings import MLP, Settings
from pipeline.core.typed_json import Key, NanAsNull, from_json, to_json

RECORD = "run.json"
WEIGHTS = "weights.safetensors"
OUT_OF_FOLD = "oof.csv"
PREDICTIONS = "predictions.csv"
HISTORY = "history.csv"
BLEND = "blend"  # the name of the last score, if there are several models
LARGEST_ERRORS = 10  # how many rows are named


@dataclass(frozen=True, kw_only=True)
class ModelScore:
    """The score of a model, for the MLP of one λ; NaN where a network diverged.

    `mean` and `std` are over the folds; `pooled` is over all rows at once.
    `difference` is how much higher it is than the best λ's for the other λ, than the
    blend's for each model of a blend, with the standard error over rows.
    """

    model: str = MLP
    weight_decay: Annotated[float | None, Key("lambda")] = None
    folds: list[NanAsNull]
    mean: NanAsNull
    std: NanAsNull
    pooled: NanAsNull
    seconds: float
    difference: float | None = None
    difference_error: float | None = None

    @property
    def decay(self) -> float:
        """The weight decay λ; 0 for a model that has none."""
        return self.weight_decay or 0.0


@dataclass(frozen=True)
class BaselineScore:
    """The score of one baseline, as `ModelScore` has it.

    `what` is new in it, compared with the baseline `over`, which it is built on. `gain`
    is how much lower its pooled score is, with the standard error over rows.
    `accuracy` is the share of rows in the right band, of a classifier.
    """

    name: str
    what: str
    folds: list[NanAsNull]
    mean: NanAsNull
    std: NanAsNull
    pooled: NanAsNull
    seconds: float
    accuracy: float | None
    over: str | None = None
    gain: float | None = None
    gain_error: float | None = None

    @property
    def gain_may_be_chance(self) -> bool:
        """Whether the gain is known, and within two standard errors of zero."""
        gain, error = self.gain, self.gain_error
        return gain is not None and error is not None and abs(gain) <= 2 * error


@dataclass(frozen=True)
class DivergedNetwork:
    """A network that diverged, and the epoch in which it did."""

    weight_decay: Annotated[float, Key("lambda")]
    fold: int
    seed: int
    epoch: int


@dataclass(frozen=True)
class Forecast:
    """The expected leaderboard score, with a 90 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class LargestError:
    """A training row, its out-of-fold prediction and its share of the total loss.

    `place` is its word in the column `ceiling` of the schema, if there is one.
    """

    id: int | str
    place: str | None
    actual: float
    prediction: float
    share: float


@dataclass(frozen=True)
class Bounds:
    """The target bounds of a fold, transformed, by place and for any other."""

    floor: float
    ceiling: dict[str, float]
    highest: float


@dataclass(frozen=True)
class SearchedSettings:
    """The settings that `tune` searches."""

    weight_decay: Annotated[float, Key("lambda")]
    lr: float
    dropout: float
    hidden: tuple[int, ...]


@dataclass(frozen=True)
class TrialScore:
    """The pooled score of a trial after some epochs."""

    epoch: int
    score: float


@dataclass(frozen=True)
class Trial:
    """A finished trial of a search; a pruned one was stopped before its last epoch."""

    number: int
    weight_decay: Annotated[float, Key("lambda")]
    lr: float
    dropout: float
    hidden: tuple[int, ...]
    score: float
    pruned: Annotated[bool, Key("stopped")]
    rungs: list[TrialScore]


@dataclass(frozen=True)
class Confirmation:
    """The pooled score for each fold seed that the search did not use."""

    pooled: list[float]
    mean: float


@dataclass(frozen=True)
class Confirmations:
    """The best and the default settings on the same fold seeds.

    `difference` is how much higher the score of the best is, with the standard error
    over rows; None where they are the same settings.
    """

    fold_seeds: list[int]
    best: Confirmation
    default: Confirmation
    difference: float | None = None
    difference_error: float | None = None


@dataclass(frozen=True)
class Search:
    """What `tune` found: the best settings, and all trials, best first."""

    best: SearchedSettings
    command: str
    trials: list[Trial]
    confirmed: Confirmations
    corrected: float | None = None  # the best score, without selection bias
    beats_default: bool = True  # by more than one standard error over rows

    @property
    def is_refuted(self) -> bool:
        """Whether the best settings are no better than the default on held-out folds.

        Better is a lower score by more than the standard error over rows. Version
        0.1.0 recorded no standard error: there, any lower mean score is better.
        """
        confirmed = self.confirmed
        if confirmed.difference is None or confirmed.difference_error is None:
            better = confirmed.best.mean < confirmed.default.mean
        else:
            better = confirmed.difference < -confirmed.difference_error
        return self.beats_default and not better


@dataclass(frozen=True)
class Provenance:
    """What a run is made from: a fingerprint and the SHA-256 of each input file.

    `note` is what the user wrote about the run; nothing depends on it.
    """

    fingerprint: str
    inputs: dict[str, str | None]
    search: Search | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """A training run: its folder, and what run.json says of it.

    `scores` is in the order of the weights. `search` is None but for a run of `tune`,
    `baselines` but for a run of `baselines`, `blended` (run ids) but for one of
    `blend`. `cv` is the pooled score of what the run predicts. `schema` is the text of
    the schema file, None in versions that knew the houses of Ames alone. `own_columns`
    are those of columns.py, with their words, or None for numbers. `document` is all
    that the file holds, keys of other versions included, where the run was read from a
    file.
    """

    folder: Annotated[Path, Key(None)] = Path()
    run_id: str
    created: str  # ISO 8601
    note: str | None = None
    fingerprint: str
    inputs: dict[str, str | None]
    search: Annotated[Search | None, Key("tune")] = None
    settings: Settings
    best_lambda: float | None
    metric: str = LOG_RMSE.name
    cv: float
    cv_corrected: float | None = None
    scores: list[ModelScore]
    diverged: list[DivergedNetwork]
    forecast: Forecast
    largest_errors: Annotated[list[LargestError], Key("costliest")]
    seconds: float
    schema: str | None = None
    own_columns: dict[str, list[str] | None] = field(default_factory=dict)
    columns: list[str]
    model_columns: dict[str, list[str]] = field(default_factory=dict)
    target_bounds: Annotated[list[Bounds], Key("limits")]
    threads: int
    versions: dict[str, str]
    baselines: Annotated[list[BaselineScore] | None, Key("rungs")] = None
    blended: list[str] | None = None
    files: dict[str, str | None] = field(default_factory=dict)
    digest: str = ""
    document: Annotated[dict[str, Any] | None, Key(None)] = None

    @classmethod
    def from_json(cls, folder: Path, document: object) -> Self:
        """Return the run of a folder from what its run.json holds.

        Keys that are missing in records of older versions take their defaults.

        Raises:
            ValueError: it is not as `pipeline train` writes it.
        """
        if not isinstance(document, dict):
            raise ValueError("no JSON object")
        try:
            run = replace(
                from_json(cls, _upgraded(document)), folder=folder, document=document
            )
        except (UserError, OverflowError) as error:
            raise ValueError(str(error)) from None
        if run.run_id != folder.name:
            raise ValueError(f"run_id: {short(run.run_id)} is not the folder's name")
        run._check()
        return run

    def _check(self) -> None:
        """Check that the parts fit together.

        Raises:
            ValueError: they do not.
        """
        if self.metric not in METRICS:
            raise ValueError(
                f"metric: {short(self.metric)} is not one of {', '.join(METRICS)}"
            )
        blended = self.blended
        if blended is not None and (
            len(blended) < 2 or {self.run_id, MLP} & {*blended}
        ):
            raise ValueError("blended: not two other runs or more")
        if any(len(each.folds) != self.settings.folds for each in self.scores):
            raise ValueError("scores: the number of folds is not that of the settings")
        if sorted({each.model for each in self.scores} - {BLEND}) != sorted(
            self.models
        ):
            raise ValueError("scores: the models are not those of the settings")
        if (
            MLP in self.models
            and [s.weight_decay for s in self.scored].count(self.best_lambda) != 1
        ):
            raise ValueError(f"best_lambda: no score of λ = {self.best_lambda}")

    def to_json(self) -> dict[str, Any]:
        """Return what run.json holds, without the parts that the run does not have."""
        if self.document is not None:
            return self.document
        document: dict[str, Any] = to_json(self)
        document["cv_log_rmse"] = self.cv if self.metric == LOG_RMSE.name else None
        optional = ("note", "tune", "rungs", "blended")
        absent = {name for name in optional if document[name] is None}
        return {name: each for name, each in document.items() if name not in absent}

    def predictions_folder(self, baseline: str | None = None) -> Path:
        """Return the folder of the predictions of the best λ, or of a baseline."""
        return self.folder if baseline is None else self.folder / "rungs" / baseline

    @property
    def is_edited(self) -> bool:
        """Whether run.json has changed since the run finished."""
        return self.digest != record_digest(self.to_json())

    @property
    def command(self) -> str:
        """The command that made the run."""
        made = {"tune": self.search, "baselines": self.baselines, "blend": self.blended}
        return next((name for name, part in made.items() if part is not None), "train")

    @property
    def metric_title(self) -> str:
        """The metric as tables show it."""
        return METRICS[self.metric].title

    @property
    def models(self) -> tuple[str, ...]:
        """The models of the run; of a blend of runs, their ids."""
        return self.settings.models if self.blended is None else tuple(self.blended)

    @property
    def final(self) -> ModelScore:
        """The score of what the run predicts: of the blend, or of its only model."""
        return self.best if self.has_networks and not self.is_blend else self.scores[-1]

    @property
    def has_networks(self) -> bool:
        """Whether the MLP is one of the models."""
        return MLP in self.models

    @property
    def is_blend(self) -> bool:
        """Whether the predictions are a blend of several models."""
        return self.scores[-1].model == BLEND

    @property
    def members(self) -> list[ModelScore]:
        """The scores of the models, for the MLP that of the best λ."""
        others = [each for each in self.scores if each.model not in (MLP, BLEND)]
        return ([self.best] if self.has_networks else []) + others

    @property
    def best(self) -> ModelScore:
        """The score of the MLP's best λ, in a run that `has_networks`."""
        return next(s for s in self.networks if s.weight_decay == self.best_lambda)

    @property
    def networks(self) -> list[ModelScore]:
        """The scores of the MLP, one per λ, in the order of the weights."""
        return [each for each in self.scores if each.model == MLP]

    @property
    def scored(self) -> list[ModelScore]:
        """The scores of the λ of which no network diverged, by rising λ."""
        scored = [each for each in self.networks if math.isfinite(each.pooled)]
        return sorted(scored, key=lambda score: score.decay)

    @property
    def shown(self) -> list[ModelScore]:
        """All scores of which no network diverged, as a table shows them."""
        rest = [each for each in self.scores if each.model != MLP]
        return [*self.scored, *rest]

    @property
    def excluded(self) -> list[float]:
        """The λ that have no score, since a network diverged."""
        lost = [each for each in self.networks if not math.isfinite(each.pooled)]
        return [each.decay for each in lost]


def _upgraded(document: dict[str, Any]) -> dict[str, Any]:
    """Return a record of an earlier version with the keys of this one.

    Version 0.1.0 had the MLP alone; until 0.2.0 there were the houses of Ames alone.
    """
    upgraded = {"cv": document.get("cv_log_rmse"), **document}
    settings = document.get("settings")
    if isinstance(settings, dict) and "models" not in settings:
        upgraded["settings"] = {**settings, "models": [MLP]}
    largest = document.get("costliest")
    if "cv" not in document and isinstance(largest, list):
        upgraded["costliest"] = [
            {FORMER_KEYS.get(key, key): own for key, own in each.items()}
            for each in largest
            if isinstance(each, dict)
        ]
    return upgraded
