"""Write the report: runs/ -> reports/<run id>.html, one file that needs no other.

The template escapes every value (autoescape), and a Content Security Policy allows only
the script and the style of the page. So whatever is in the files of a run stays text,
and the browser loads nothing else.
"""

import base64
import hashlib
import math
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline import __version__
from pipeline.analysis import advice
from pipeline.analysis.compare import compare
from pipeline.analysis.facts import Facts, read_facts
from pipeline.analysis.identify import setting_texts
from pipeline.core import numbers
from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.schema import Category, Number
from pipeline.report import error_figures, score_figures
from pipeline.report.drawing import Drawing
from pipeline.runs.record import BaselineScore, Run
from pipeline.runs.store import newest_baselines

MOST_RUNS = 6  # side by side
MOST_COLUMNS = 5  # beside the largest errors, if the schema names none
_TEMPLATES = "templates"


class ModelRow(NamedTuple):
    """A row of the table of models, as text."""

    name: str
    pooled: str
    difference: str
    typical: str
    correlations: list[str]


class RunView(NamedTuple):
    """What the page shows of a run.

    Attributes:
        facts: The run and its files.
        next_steps: What to do next.
        figures: The figures, by name.
        curves: The learning curves of each fold that is shown.
        largest_errors: The results with the largest losses, and cells beside them.
        models: The rows of the table of models; empty for a single model.
        correlation_heads: The headings of the last columns of that table.
        typical_error: The median absolute error.
        words: The columns of words beside the largest errors.
        numbers: The columns of numbers beside the largest errors.
        settings: The settings, by name.
    """

    facts: Facts
    next_steps: list[advice.Advice]
    figures: dict[str, Drawing]
    curves: dict[int, Drawing]
    largest_errors: list[tuple[Any, dict[str, Any]]]
    models: list[ModelRow]
    correlation_heads: list[str]
    typical_error: str
    words: list[str]
    numbers: list[str]
    settings: dict[str, str]


def write_report(project: Project, runs: Sequence[Run]) -> Path:
    """Write the page of a run, or of several side by side, and return its path.

    Raises:
        UserError: There are too many runs, a file of a run cannot be used, or the
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
    style, script = _template_text("page.css"), _template_text("sort.js")
    environment = Environment(
        loader=PackageLoader("pipeline.report", _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "score": numbers.score_text,
        "difference": numbers.difference_text,
        "percent": numbers.percent_text,
        "target": numbers.target_text,
        "cell": numbers.cell_text,
    }
    finite = finite_scores(baselines) if baselines else []
    return environment.get_template("page.html.j2").render(
        views=views,
        rows=compare(
            [view.facts for view in views], [view.facts.results for view in views]
        ),
        metric=views[0].facts.metric,
        target_name=views[0].facts.schema.target,
        baselines=baselines,
        baseline_scores=finite,
        baselines_figure=score_figures.baselines(finite) if finite else None,
        fold_names=numbers.fold_names,
        fold_texts=numbers.fold_texts,
        advice=advice,
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        version=__version__,
    )


def finite_scores(run: Run) -> list[BaselineScore]:
    """Return the scores of the baselines that did not diverge."""
    baselines = run.baselines or []
    return [baseline for baseline in baselines if math.isfinite(baseline.pooled)]


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
    for chosen, others in advice.compared(run):
        figures["candidates"] = score_figures.candidates(run, chosen, others)
    number_columns, word_columns = shown_columns(facts)
    if number_columns:
        figures["number"] = error_figures.residuals(facts, number_columns[0])
    groups = facts.schema.ceiling or next(iter(word_columns), None)
    if facts.rows is not None and groups:
        figures["word"] = error_figures.residuals_by_word(facts, groups)
        word_columns = list(dict.fromkeys([groups, *word_columns]))
    if facts.importance is not None:
        figures["importance"] = score_figures.importance(facts.importance)
    models = compare_models(facts)
    return RunView(
        facts=facts,
        next_steps=advice.advise(facts),
        figures=figures,
        curves=score_figures.curves(facts, axes),
        largest_errors=_largest_errors(facts, [*word_columns, *number_columns]),
        models=models,
        correlation_heads=[f"correlation with {row.name}" for row in models[:-1]],
        typical_error=_typical_error(facts, facts.results["error"]),
        words=word_columns,
        numbers=number_columns,
        settings=setting_texts(run.settings),
    )


def _largest_errors(
    facts: Facts, columns: Sequence[str]
) -> list[tuple[Any, dict[str, Any]]]:
    """Return the results with the largest losses, each with its cells to show."""
    largest = facts.largest_errors
    cells = [dict[str, Any]() for _ in range(len(largest))]
    if facts.rows is not None:
        shown = facts.rows.loc[largest.index, list(columns)]
        cells = [dict(zip(columns, row, strict=True)) for row in shown.to_numpy(object)]
    return list(zip(largest.itertuples(), cells, strict=True))


def compare_models(facts: Facts) -> list[ModelRow]:
    """Return the rows of the models of a blend and of the blend; none for one model.

    A row has the score, the difference to the blend with its standard error over rows,
    the median absolute error, and the correlations of the errors with those of the
    models.
    """
    errors = facts.model_errors
    if errors.empty:
        return []
    members, blend = facts.run.members, facts.run.final
    errors = errors.assign(**{blend.model: facts.results["error"]})
    return [
        ModelRow(
            name=score.model,
            pooled=numbers.score_text(score.pooled),
            difference=numbers.difference_text(
                score.difference, score.difference_error
            ),
            typical=_typical_error(facts, errors[score.model]),
            correlations=[
                _correlation(errors[score.model], errors[other.model])
                for other in members
            ],
        )
        for score in [*members, blend]
    ]


def _typical_error(facts: Facts, errors: pd.Series) -> str:
    """Return the median absolute error."""
    return numbers.typical_error_text(errors.abs().median(), log=facts.metric.log)


def _correlation(first: pd.Series, second: pd.Series) -> str:
    """Return the correlation of errors; "–" if those of a model are all equal."""
    if not np.ptp(first) or not np.ptp(second):
        return "–"
    return f"{first.corr(second):.2f}"


def shown_columns(facts: Facts) -> tuple[list[str], list[str]]:
    """Return the columns of numbers and of words that the page shows.

    They are those that the schema names, or the most important ones.
    """
    if facts.rows is None:
        return [], []
    important = [item.column for item in facts.importance or []]
    shown = facts.schema.shown or important[:MOST_COLUMNS]
    columns = {column.name: column for column in facts.schema.columns}
    return (
        [name for name in shown if isinstance(columns[name], Number)],
        [name for name in shown if isinstance(columns[name], Category)],
    )


def _template_text(name: str) -> Markup:
    """Return the text of a template file, which needs no escaping."""
    path = files("pipeline.report") / _TEMPLATES / name
    return Markup(path.read_text(encoding="utf-8"))


def _hash(text: str) -> str:
    """Return the hash by which a Content Security Policy allows a script or style."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
