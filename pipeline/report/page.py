"""Write the report: runs/ -> reports/<run id>.html, one file that needs no other.

The template escapes every value (autoescape), and a Content Security Policy allows only
the page's own script and style. Whatever a run's files hold stays text, and the browser
loads nothing else.
"""

import base64
import hashlib
import math
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline import __version__
from pipeline.analysis.advice import (
    OWN,
    Advice,
    advise,
    compared,
    comparison,
    lambda_advice,
)
from pipeline.analysis.compare import compare
from pipeline.analysis.facts import Facts, read_facts
from pipeline.analysis.identify import setting_texts
from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.numbers import (
    cell_text,
    difference_text,
    fold_names,
    fold_texts,
    lambda_text,
    percent_text,
    score_text,
    target_text,
    typical_error_text,
)
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.schema import Category, Number
from pipeline.report import error_figures, score_figures
from pipeline.report.drawing import Drawing
from pipeline.runs.record import BaselineScore, Run
from pipeline.runs.store import newest_baselines

MOST_RUNS = 6  # side by side
_TEMPLATES = "templates"


class ModelRow(NamedTuple):
    """A row of the table of models, as text."""

    name: str
    pooled: str
    difference: str
    typical: str
    correlations: list[str]


class RunView(NamedTuple):
    """What the page shows of a run."""

    facts: Facts
    advice: list[Advice]
    figures: dict[str, Drawing]
    curves: dict[int, Drawing]
    largest_errors: list[dict[str, Any]]
    models: list[ModelRow]
    correlation_heads: list[str]
    typical_error: str
    texts: list[str]
    numbers: list[str]
    settings: dict[str, str]


def write_report(project: Project, runs: Sequence[Run]) -> Path:
    """Write the page of a run, or of several side by side, and return its path.

    Raises:
        UserError: there are too many runs, a file of a run cannot be used, or the
            folder cannot be written to.
    """
    if len(runs) > MOST_RUNS:
        raise UserError(f"{len(runs)} runs: at most {MOST_RUNS} fit side by side")
    torch.set_num_threads(1)  # sums depend on the number of threads
    several = [read_facts(project, run) for run in runs]
    announce("drawing the page")
    path = project.reports / f"{'_'.join(run.run_id for run in runs)}.html"
    write_atomically(path, render(draw(several), newest_baselines(project)))
    return path


def render(views: Sequence[RunView], baselines: Run | None) -> str:
    """Return the page as HTML."""
    style, script = _own("page.css"), _own("sort.js")
    environment = Environment(
        loader=PackageLoader("pipeline.report", _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent_text
    environment.filters["score"] = score_text
    finite = finite_scores(baselines) if baselines else []
    return environment.get_template("page.html.j2").render(
        views=views,
        rows=compare(
            [view.facts for view in views], [view.facts.rows for view in views]
        ),
        metric=views[0].facts.metric,
        amount=target_text,
        number=cell_text,
        target_name=views[0].facts.schema.target,
        baselines=baselines,
        baseline_scores=finite,
        baselines_figure=score_figures.baselines(finite) if finite else None,
        fold_names=fold_names,
        lambda_text=lambda_text,
        lambda_advice=lambda_advice,
        comparison=comparison,
        own=OWN,
        signed=difference_text,
        fold_values=fold_texts,
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        version=__version__,
    )


def finite_scores(run: Run) -> list[BaselineScore]:
    """Return the scores of the baselines that did not diverge."""
    return [each for each in run.baselines or [] if math.isfinite(each.pooled)]


def draw(several: Sequence[Facts]) -> list[RunView]:
    """Draw the figures of runs, on the same axes."""
    axes = score_figures.shared_axes(several)
    return [_draw(facts, axes) for facts in several]


def _draw(facts: Facts, axes: score_figures.Axes) -> RunView:
    run, target = facts.run, facts.schema.target
    figures = {
        "forecast": score_figures.forecast(facts, axes),
        "against_actual": error_figures.against_actual(facts),
        "target": error_figures.residuals(facts, target),
    }
    if run.has_networks and compared(run):
        figures["lambdas"] = score_figures.lambdas(run)
    numbers, words = shown_columns(facts)
    if numbers:
        figures["number"] = error_figures.residuals(facts, numbers[0])
    place = facts.schema.ceiling or next(iter(words), None)
    if facts.cleaned and place:
        figures["places"] = error_figures.places(facts, place)
        words = list(dict.fromkeys([place, *words]))
    if facts.importance is not None:
        figures["importance"] = score_figures.importance(facts.importance)
    largest = facts.largest_errors.to_dict("records")
    models = compare_models(facts)
    return RunView(
        facts=facts,
        advice=advise(facts),
        figures=figures,
        curves=score_figures.curves(facts, axes),
        largest_errors=[
            {str(name): cell for name, cell in row.items()} for row in largest
        ],
        models=models,
        correlation_heads=[f"correlation with {row.name}" for row in models[:-1]],
        typical_error=typical_error_text(
            facts.rows["error"].abs().median(), log=facts.metric.log
        ),
        texts=words,
        numbers=numbers,
        settings=setting_texts(run.settings),
    )


def compare_models(facts: Facts) -> list[ModelRow]:
    """Return a row for each model of a blend, and for the blend; [] for one model.

    A row has the score, its difference to the blend's with the standard error over
    rows, the median absolute error, and the correlation of its errors with
    those of each model.
    """
    errors = facts.model_errors
    if errors.empty:
        return []
    scores = [*facts.run.members, facts.run.final]
    columns = [*(errors[score.model].to_numpy() for score in scores[:-1])]
    columns.append(facts.rows["error"].to_numpy())
    rows = []
    for score, own in zip(scores, columns, strict=True):
        gap, error = score.difference, score.difference_error
        rows.append(
            ModelRow(
                name=score.model,
                pooled=score_text(score.pooled),
                difference=difference_text(gap, error) if gap is not None else "",
                typical=typical_error_text(
                    np.median(np.abs(own)), log=facts.metric.log
                ),
                correlations=[_correlation(own, other) for other in columns[:-1]],
            )
        )
    return rows


def _correlation(own: np.ndarray, other: np.ndarray) -> str:
    """Return the correlation of errors; "–" if those of a model are all equal."""
    if not np.ptp(own) or not np.ptp(other):
        return "–"
    return f"{np.corrcoef(own, other)[0, 1]:.2f}"


def shown_columns(facts: Facts) -> tuple[list[str], list[str]]:
    """Return the numbers and the words among the columns that are shown."""
    columns = {column.name: column for column in facts.schema.columns}
    numbers = [n for n in facts.shown if isinstance(columns[n], Number)]
    words = [n for n in facts.shown if isinstance(columns[n], Category)]
    return numbers, words


def _own(name: str) -> Markup:
    """Return the text of a template file, which needs no escaping."""
    path = files("pipeline.report") / _TEMPLATES / name
    return Markup(path.read_text(encoding="utf-8"))


def _hash(text: str) -> str:
    """Return the hash by which a Content Security Policy allows a script or style."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
