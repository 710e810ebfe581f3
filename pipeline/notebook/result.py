"""What a training has found: scores, predictions, and what can be done with them."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from pipeline.core.metrics import METRICS
from pipeline.core.numbers import score_text
from pipeline.core.paths import Project
from pipeline.core.progress import listening
from pipeline.data.features import build_features, clean_rows
from pipeline.data.raw import Frame, lost_words, read_new
from pipeline.data.table import Table
from pipeline.network.threads import one_thread
from pipeline.notebook.data import say, unseen_line
from pipeline.notebook.mistakes import InputError, checked_frame, python_errors
from pipeline.notebook.progress import print_step
from pipeline.notebook.saving import Trained
from pipeline.report.page import write_report
from pipeline.runs.integrity import run_changes
from pipeline.runs.predictor import Predictor, RunModels
from pipeline.runs.record import (
    OUT_OF_FOLD,
    PREDICTIONS,
    ModelScore,
    Run,
)
from pipeline.runs.store import find_run
from pipeline.runs.tables import column_types, full_table, read_numbers
from pipeline.runs.writer import headers, model_scores
from pipeline.stages.submit import write_submission

_FORM: dict[str, Any] = {"index": False, "float_format": "{:.4f}".format, "na_rep": ""}


@dataclass(frozen=True)
class Page:
    """The page of a run; a notebook shows it."""

    path: Path

    def _repr_html_(self) -> str:
        page = escape(self.path.read_text(encoding="utf-8"))
        return f'<iframe srcdoc="{page}" width="100%" height="800"></iframe>'


@dataclass(eq=False, repr=False)
class Result:
    """The models that were trained, their scores and predictions.

    Attributes:
        cv: the score of the blend over all training rows.
        metric: what the scores are called.
        scores: a row for each λ and each other model: its weight in the blend, its
            score on each fold, their mean and standard deviation, and the score over
            all rows.
        out_of_fold: for each training row its id, fold, target and the prediction of
            models that were not trained on it. Folds are numbered from 1.
        test: the id and the prediction of each test row.
        run_id: of the saved run; None if it is not saved.
    """

    cv: float
    metric: str
    scores: pd.DataFrame
    out_of_fold: pd.DataFrame
    test: pd.DataFrame
    run_id: str | None = None
    _table: Table = field(kw_only=True)
    _words: Mapping[str, Set[str]] = field(kw_only=True)
    _predict: Callable[[pd.DataFrame], np.ndarray] = field(kw_only=True)
    _trained: Trained | None = field(default=None, kw_only=True)
    _project: Project | None = field(default=None, kw_only=True)

    @classmethod
    def of(cls, trained: Trained) -> Self:
        """Return the result of a training."""
        data, found = trained.data, trained.ensemble
        schema, dataset, metric = data.table.schema, data.dataset, found.data.metric
        ids, names = schema.id_name, headers(dataset)
        out_of_fold = {
            ids: dataset.train[ids],
            names["fold"]: found.data.fold_of + 1,
            schema.target: dataset.actual,
            names["prediction"]: metric.undo(found.predictions.out_of_fold),
        }
        tested = metric.undo(found.predictions.test.mean(axis=0))
        return cls(
            cv=found.score.pooled,
            metric=metric.title,
            scores=_scores(model_scores(found)),
            out_of_fold=pd.DataFrame(out_of_fold),
            test=pd.DataFrame({ids: dataset.test[ids], schema.target: tested}),
            _table=data.table,
            _words=data.words,
            _predict=Predictor.of(found, data.table).predict,
            _trained=trained,
        )

    @python_errors()
    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the predictions for other rows, shape (n_rows,).

        Words that no training row has are printed, as by `pipeline predict`.

        Args:
            rows: A frame with the columns of the test rows; a target is ignored.

        Raises:
            InputError: A cell or a column cannot be used; it is a ValueError.
            TypeError: The rows are no frame.
        """
        table, source = self._table, Frame("rows", checked_frame("rows", rows))
        read = read_new(source, table)
        say(lost_words(source, table.schema))
        for name, column in table.schema.categories.items():
            unseen = read.unseen(column, self._words[name])
            say(unseen_line("unseen in training", name, unseen))
        features = build_features(clean_rows(read.frame, table).frame, table)
        with one_thread():
            return self._predict(features)

    @python_errors()
    def save(self, root: str | Path = ".", note: str | None = None) -> str:
        """Save it as a run of a project, like one of `pipeline train`.

        The rows are written to data/raw of a folder without them.

        Args:
            root: The project folder.
            note: A text about the run.

        Returns:
            The id of the run.

        Raises:
            InputError: The project has other rows, or cannot be written to.
        """
        project = Project(Path(root))
        if self._trained is None:
            raise InputError(f"{self.run_id}: opened from a run, which is saved")
        with listening(print_step):
            self.run_id = self._trained.save(project, note).run_id
        self._project = project
        return self.run_id

    @python_errors()
    def submission(self) -> Path:
        """Write submissions/<run id>.csv of the saved run, and check it.

        Returns:
            The path of the file.

        Raises:
            InputError: The result is not saved, or it or its data has changed since.
        """
        project, run = self._saved()
        written = write_submission(
            project, run, None, lambda line: say([line]), allow_stale=False
        )
        return written.path

    @python_errors()
    def report(self) -> Page:
        """Write reports/<run id>.html of the saved run, and return the page.

        Raises:
            InputError: The result is not saved, or a file of the run cannot be used.
        """
        project, run = self._saved()
        with listening(print_step):
            return Page(write_report(project, [run]))

    def plot(self) -> Any:  # noqa: ANN401 - matplotlib is imported by pandas
        """Plot the score of each model on each fold; return Matplotlib's axes."""
        folds = self.scores.filter(like="fold ").set_axis(_titles(self.scores)).T
        axes = folds.plot(style="o:", ylabel=self.metric)
        axes.set_xticks(range(len(folds)), folds.index)
        return axes

    def _saved(self) -> tuple[Project, Run]:
        if self.run_id is None or self._project is None:
            raise InputError('the result is not saved; save it, like result.save(".")')
        return self._project, find_run(self._project, self.run_id)

    def _headline(self) -> str:
        saved = f"saved as run {self.run_id}" if self.run_id else "not saved"
        return (
            f"{self.metric} {score_text(self.cv)} over {len(self.out_of_fold):,} rows, "
            f"out of fold; {len(self.test):,} test rows predicted; {saved}"
        )

    def __repr__(self) -> str:
        return f"{self._headline()}\n{self._shown().to_string(**_FORM)}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._headline())}</p>{self._shown().to_html(**_FORM)}"

    def _shown(self) -> pd.DataFrame:
        """Return the scores with λ as tables have it."""
        texts = self.scores["lambda"].map("{:g}".format, na_action="ignore")
        return self.scores.assign(**{"lambda": texts})


@python_errors()
def open_run(run_id: str | None = None, root: str | Path = ".") -> Result:
    """Open a run of a project, to look at it and to predict with it.

    Args:
        run_id: Its id, or best; by default the run of the last `train` or `blend`.
        root: The project folder.

    Raises:
        InputError: There is no such run, or it has changed since it finished.
    """
    project = Project(Path(root))
    run = find_run(project, run_id)
    for change in run_changes(run):
        raise InputError(change)
    metric, columns = METRICS[run.metric], column_types(run)
    table = full_table(project, run)
    tested = {n: columns[n] for n in (table.schema.id_name, table.schema.target)}

    def predict(features: pd.DataFrame) -> np.ndarray:
        for change in run_changes(run):  # since it was opened
            raise InputError(change)
        return RunModels.load(project, run, table).predict(features)

    return Result(
        cv=run.cv,
        metric=run.metric_title,
        scores=_scores(run.scores),
        out_of_fold=read_numbers(run.folder / OUT_OF_FOLD, columns, metric),
        test=read_numbers(run.folder / PREDICTIONS, tested, metric),
        run_id=run.run_id,
        _table=table,
        _words={
            name: {*column.vocabulary}.difference(run.unseen_words.get(name, []))
            for name, column in table.schema.categories.items()
        },
        _predict=predict,
        _project=project,
    )


def _scores(scores: Sequence[ModelScore]) -> pd.DataFrame:
    weights = scores[-1].weights or {scores[-1].model: 1.0}
    return pd.DataFrame(
        {
            "model": each.model,
            "lambda": each.value,
            "weight": weights.get(each.model, 1.0) if each.chosen else 0.0,
            **{f"fold {n}": value for n, value in enumerate(each.folds, 1)},
            "mean": each.mean,
            "std": each.std,
            "pooled": each.pooled,
        }
        for each in scores
    )


def _titles(scores: pd.DataFrame) -> list[str]:
    pairs = zip(scores["model"], scores["lambda"], strict=True)
    return [name if pd.isna(each) else f"{name}, λ = {each:g}" for name, each in pairs]
