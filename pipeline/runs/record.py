"""run.json as typed data: the one place that knows its keys.

Only light modules are imported here, since `pipeline runs` reads every record.
"""

import math
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path, PureWindowsPath
from typing import Any, Self

from pipeline.ames import ames_schema
from pipeline.core.errors import UserError, short
from pipeline.core.fingerprint import record_digest
from pipeline.core.metrics import LOG_RMSE, METRICS, Forecast
from pipeline.core.numbers import is_told_apart, score_text
from pipeline.core.settings import MODELS, NETWORKS, Settings
from pipeline.core.typed_json import NanAsNull, from_json, key, to_json
from pipeline.data.schema import Schema
from pipeline.data.schema_file import parse_schema
from pipeline.data.units import Unit

RECORD = "run.json"
WEIGHTS = "weights.safetensors"
OUT_OF_FOLD = "oof.csv"
PREDICTIONS = "predictions.csv"
TEST_BY_FOLD = "test_by_fold.csv"
HISTORY = "history.csv"
BLEND = "blend"  # the name of the last score, if there are several models
LARGEST_ERRORS = 10  # how many rows are named
_ROUNDING = 1e-6  # of a sum of weights
FORMAT = 4  # rises when a file of the folder or a key of run.json changes


class OtherFormatError(ValueError):
    """A record that another version wrote."""


@dataclass(frozen=True, kw_only=True)
class ModelScore:
    """The score of a candidate of a model, or of the blend; NaN where it failed.

    Attributes:
        model: the name of the model, the id of a blended run, or `BLEND`.
        value: of the setting that the candidates differ in, λ; None if there is none.
        label: the candidate in tables and sentences, like λ = 1.
        chosen: whether its predictions are used.
        folds: the score of each fold.
        mean: over the folds.
        std: over the folds.
        pooled: over all rows at once.
        seconds: that the candidate took.
        difference: to the chosen candidate; for a chosen one, to the blend.
        difference_error: its standard error over rows, or over groups.
        weights: of the blend, the weight of each model in what is predicted for new
            rows. Out of fold, weights that were fitted on the other folds are used.
        gap: how much higher the score is than on rows that were trained on.
        gap_error: its standard error over rows, or over groups.
    """

    model: str
    value: float | None = field(default=None, metadata=key("lambda"))
    label: str = ""
    chosen: bool = True
    folds: list[NanAsNull]
    mean: NanAsNull
    std: NanAsNull
    pooled: NanAsNull
    seconds: float
    difference: float | None = None
    difference_error: float | None = None
    weights: dict[str, float] | None = None
    gap: float | None = None
    gap_error: float | None = None

    @property
    def title(self) -> str:
        """The model and its candidate, as tables have them."""
        return f"{self.model}, {self.label}" if self.label else self.model

    @property
    def failed(self) -> bool:
        """Whether it has no score, since a replica failed."""
        return not math.isfinite(self.pooled)


@dataclass(frozen=True)
class BaselineScore:
    """The score of one baseline, as `ModelScore` has it.

    `what` is new in it, compared with the baseline `over`, which it is built on. `gain`
    is how much lower its pooled score is, with the larger standard error: over rows, or
    over folds, each of which has a seed of its own.
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
        return gain is not None and error is not None and not is_told_apart(gain, error)


@dataclass(frozen=True)
class Diverged:
    """A replica of a candidate that failed: its fold, from 1, its seed and epoch."""

    model: str
    value: float | None = field(metadata=key("lambda"))
    label: str
    fold: int
    seed: int
    epoch: int


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

    weight_decay: float = field(metadata=key("lambda"))
    lr: float
    dropout: float
    hidden: tuple[int, ...]


@dataclass(frozen=True)
class TrialScore:
    """The pooled score of a trial after some epochs."""

    epoch: int
    score: float


@dataclass(frozen=True)
class Trial(SearchedSettings):
    """A finished trial of a search; a pruned one was stopped before its last epoch."""

    number: int
    score: float
    pruned: bool
    rungs: list[TrialScore]


@dataclass(frozen=True)
class Confirmation:
    """The pooled score for each of the other fold seeds, on the same rows."""

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
    confirmed: Confirmations | None  # None: the time limit left no time
    beats_default: bool = True  # by more than one standard error over rows

    @property
    def is_refuted(self) -> bool:
        """Whether the best settings are no better than the default on other folds.

        Better is a lower score by more than the standard error over rows.
        """
        if self.confirmed is None:
            return False
        difference, error = self.confirmed.difference, self.confirmed.difference_error
        if difference is None or error is None:  # the best are the default settings
            return self.beats_default
        return self.beats_default and difference >= -error


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

    Attributes:
        folder: of the run.
        format: of the folder; see `FORMAT`.
        search: None but for a run of `tune`.
        metric: its name.
        cv: the pooled score of what the run predicts.
        scores: of each candidate of each model, and last of the blend if there is one.
        schema: the text of the schema file.
        own_columns: those of columns.py, with their words, or None for numbers.
        units: of the numbers that float32 does not hold as they are.
        unseen_words: words of the schema that no training row has, by column.
        history_of: the model whose learning curves history.csv has.
        columns: the encoded columns of each view that a model reads.
        headers: the names of our columns in oof.csv and predictions.csv; a name that
            the table has too gets an underscore.
        baselines: None but for a run of `baselines`.
        blended: the ids of the runs, None but for a run of `blend`.
        document: all that the file holds, where the run was read from a file.
    """

    folder: Path = field(default=Path(), metadata=key(None))
    format: int = FORMAT
    run_id: str
    created: str  # ISO 8601
    note: str | None = None
    fingerprint: str
    inputs: dict[str, str | None]
    search: Search | None = None
    settings: Settings
    metric: str
    cv: float
    cv_corrected: float | None = None
    scores: list[ModelScore]
    diverged: list[Diverged]
    forecast: Forecast
    largest_errors: list[LargestError]
    seconds: float
    schema: str
    own_columns: dict[str, list[str] | None] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    unseen_words: dict[str, list[str]] = field(default_factory=dict)
    history_of: str | None = None
    columns: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    target_bounds: list[Bounds]
    threads: int
    versions: dict[str, str]
    baselines: list[BaselineScore] | None = None
    blended: list[str] | None = None
    files: dict[str, str | None] = field(default_factory=dict)
    digest: str = ""
    document: dict[str, Any] | None = field(default=None, metadata=key(None))

    @classmethod
    def from_json(cls, folder: Path, document: object) -> Self:
        """Return the run of a folder from what its run.json holds.

        Raises:
            OtherFormatError: Another version wrote it.
            ValueError: It is not as `pipeline train` writes it.
        """
        if not isinstance(document, dict):
            raise ValueError("no JSON object")
        _check_format(document)
        try:
            run = replace(from_json(cls, document), folder=folder, document=document)
        except (UserError, OverflowError) as error:
            raise ValueError(str(error)) from None
        if run.run_id != folder.name:
            raise ValueError(f"run_id: {short(run.run_id)} is not the folder's name")
        run._check()
        return run

    def _check(self) -> None:
        """Check that the parts fit together.

        Raises:
            ValueError: They do not.
        """
        if self.metric not in METRICS:
            names = ", ".join(METRICS)
            raise ValueError(f"metric: {short(self.metric)} is not one of {names}")
        blended = self.blended
        if blended is not None and (
            len(blended) < 2 or {self.run_id, BLEND, *MODELS} & {*blended}
        ):
            raise ValueError("blended: not two other runs or more")
        if any(len(score.folds) != self.settings.folds for score in self.scores):
            raise ValueError("scores: the number of folds is not that of the settings")
        if sorted(score.model for score in self.members) != sorted(self.models):
            raise ValueError(
                "scores: there is not one chosen score for each model of the settings"
            )
        if any(score.failed for score in self.members):
            raise ValueError("scores: the chosen score is missing")
        weights = self.weights.values()
        if (
            sorted(self.weights) != sorted(self.models)
            or not all(0 <= weight <= 1 for weight in weights)
            or abs(sum(weights) - 1) > _ROUNDING
        ):
            raise ValueError("scores: the blend has no weights of its models")
        self._check_paths()

    def _check_paths(self) -> None:
        """Check that no name of a file or folder is one outside the run's folder.

        Raises:
            ValueError: One is.
        """
        for baseline in self.baselines or []:  # the folder of one has its name
            if not _is_below(baseline.name) or {*baseline.name} & {*"/\\"}:
                raise ValueError("baselines: a name is not that of a baseline")
        if not all(map(_is_below, self.files)):
            raise ValueError("files: a name is not that of a file of the run")

    def to_json(self) -> dict[str, Any]:
        """Return what run.json holds, without the parts that the run does not have."""
        if self.document is not None:
            return self.document
        document: dict[str, Any] = to_json(self)
        document["best_lambda"] = self.best_value
        document["steps"] = self.settings.steps if NETWORKS in self.models else None
        document["weights"] = self.weights
        document["cv_log_rmse"] = self.cv if self.metric == LOG_RMSE.name else None
        optional = ("note", "search", "baselines", "blended")
        absent = {name for name in optional if document[name] is None}
        return {key: value for key, value in document.items() if key not in absent}

    def predictions_folder(self, baseline: str | None = None) -> Path:
        """Return the folder of the predictions of the run, or of a baseline."""
        return self.folder if baseline is None else self.folder / "baselines" / baseline

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
    def about_choice(self) -> str:
        """What was done about the choice of the best, in one sentence, or nothing."""
        if self.search:
            return (
                "Not corrected for the search: a score on new rows is a little higher"
            )
        if self.cv_corrected is None:
            return ""
        corrected = score_text(self.cv_corrected)
        return f"Corrected for the choice among candidates: {corrected}"

    @property
    def metric_title(self) -> str:
        """The metric as tables show it."""
        return METRICS[self.metric].title

    @property
    def models(self) -> tuple[str, ...]:
        """The models of the run; of a blend of runs, their ids."""
        return self.settings.models if self.blended is None else tuple(self.blended)

    @property
    def is_blend(self) -> bool:
        """Whether the predictions are a blend of several models."""
        return bool(self.scores) and self.scores[-1].model == BLEND

    @property
    def members(self) -> list[ModelScore]:
        """The chosen score of each model."""
        return [s for s in self.scores if s.chosen and s.model != BLEND]

    @property
    def final(self) -> ModelScore:
        """The score of what the run predicts: of the blend, or of its only model."""
        return self.scores[-1] if self.is_blend else self.members[0]

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each model in what the run predicts."""
        return self.final.weights or {self.final.model: 1.0}

    @property
    def best_value(self) -> float | None:
        """The chosen value of λ; None if no model has candidates."""
        values = (score.value for score in self.members)
        return next((value for value in values if value is not None), None)

    @property
    def learner(self) -> ModelScore | None:
        """The chosen score of the model that has learning curves, if one has."""
        scores = (score for score in self.members if score.model == self.history_of)
        return next(scores, None)

    def header(self, name: str) -> str:
        """Return the name of one of our columns in oof.csv and predictions.csv."""
        return self.headers.get(name, name)


def run_schema(run: Run) -> Schema:
    """Return the schema that a run was trained by.

    Raises:
        UserError: The record does not describe one.
    """
    if run.schema == ames_schema().text:
        return ames_schema()
    return _parsed(run.schema, run.folder / RECORD)


@cache
def _parsed(text: str, path: Path) -> Schema:
    return parse_schema(text, path)


def by_fold(folds: int) -> list[str]:
    """Return our names of the columns of a file with a column for each fold."""
    return [f"fold {number}" for number in range(1, folds + 1)]


def _is_below(name: str) -> bool:
    """Return whether a name is that of a file below a folder, on any system."""
    path = PureWindowsPath(name)  # it knows both slashes, and drives
    return bool(path.parts) and not path.anchor and ".." not in path.parts


def _check_format(document: dict[str, Any]) -> None:
    """Refuse a record of another version.

    Raises:
        OtherFormatError: It is of one.
    """
    found = document.get("format", 0)
    if found == FORMAT:
        return
    if isinstance(found, int) and found > FORMAT:
        remedy = "it is of a newer version: update this package"
    else:
        remedy = "it is of an earlier version: train again"
    raise OtherFormatError(
        f"format {short(str(found))[1:-1]} instead of {FORMAT}; {remedy}"
    )
