"""Write the report: runs/ -> reports/<run id>.html, one file that needs no other.

The template escapes every value (autoescape), and a Content Security Policy allows only
the script and the style of the page. So whatever is in the files of a run stays text,
and the browser loads nothing else.
"""

import base64
import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
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
from pipeline.explain import explanation
from pipeline.network.threads import use_one_thread
from pipeline.report import error_figures, score_figures
from pipeline.report.drawing import Drawing
from pipeline.runs.record import Run
from pipeline.runs.store import newest_baselines, same_rows

MOST_RUNS = 6  # side by side
MOST_COLUMNS = 5  # beside the largest errors, if the schema names none


class RunView(NamedTuple):
    """What the page shows of a run.

    Attributes:
        facts: The run and its files.
        figures: The figures, by name.
        curves: The learning curves of each fold that is shown.
        models: The rows of the table of models; empty for a single model.
        words: The columns of words beside the largest errors.
        numbers: The columns of numbers beside the largest errors.
    """

    facts: Facts
    figures: dict[str, Drawing]
    curves: dict[int, Drawing]
    models: list[list[str]]
    words: list[str]
    numbers: list[str]

    @property
    def correlation_heads(self) -> list[str]:
        """The headings of the last columns of the table of models."""
        return [f"correlation with {row[0]}" for row in self.models[:-1]]


def write_report(project: Project, runs: Sequence[Run]) -> Path:
    """Write the page of a run, or of several side by side, and return its path.

    Raises:
        UserError: There are too many runs, a file of a run cannot be used, or the
            folder cannot be written to.
    """
    if len(runs) > MOST_RUNS:
        raise UserError(f"{len(runs)} runs: at most {MOST_RUNS} fit side by side")
    use_one_thread()  # sums depend on the number of threads
    explained = len(runs) == 1
    several = [read_facts(project, run, explained=explained) for run in runs]
    announce("drawing the page")
    path = project.reports / f"{'_'.join(run.run_id for run in runs)}.html"
    baselines = newest_baselines(project, lambda other: same_rows(other, runs[0]))
    write_atomically(path, render(draw(several), baselines))
    return path


def render(views: Sequence[RunView], baselines: Run | None) -> str:
    """Return the page as HTML."""
    loader = PackageLoader("pipeline.report", "templates")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Neither needs escaping.
    style = Markup(loader.get_source(environment, "page.css")[0])
    script = Markup(loader.get_source(environment, "sort.js")[0])
    trained = (baselines and baselines.baselines) or []
    finite = [score for score in trained if math.isfinite(score.pooled)]
    return environment.get_template("page.html.j2").render(
        views=views,
        rows=compare([view.facts for view in views]),
        baselines=baselines,
        baseline_scores=finite,
        baselines_figure=score_figures.baselines(finite) if finite else None,
        numbers=numbers,
        advice=advice,
        explanation=explanation,
        setting_texts=setting_texts,
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        version=__version__,
    )


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
    return RunView(
        facts=facts,
        figures=figures,
        curves=score_figures.curves(facts, axes),
        models=compare_models(facts),
        words=word_columns,
        numbers=number_columns,
    )


def compare_models(facts: Facts) -> list[list[str]]:
    """Return a row for each model of a blend and for the blend; none for one model.

    A row has the name, the weight, the score, the difference to the blend with its
    standard error over rows, the median absolute error, and the correlations of the
    errors with those of the models. Errors that are all equal have no correlation.
    """
    run, results = facts.run, facts.results
    if not run.is_blend:
        return []
    members, blend, actual = run.members, run.final, results["actual"].to_numpy()
    errors = pd.DataFrame({blend.model: results["error"]})
    for score in members:
        predicted = results[f"by {score.model}"].to_numpy()
        errors[score.model] = facts.metric.errors(predicted, actual)
    correlations = errors.corr()[[score.model for score in members]].map(
        lambda value: "–" if math.isnan(value) else f"{value:.2f}"
    )
    return [
        [
            score.model,
            numbers.weight_text(run.weights.get(score.model, 1.0)),
            numbers.score_text(score.pooled),
            numbers.difference_text(score.difference, score.difference_error),
            facts.typical_error(errors[score.model]),
            *correlations.loc[score.model],
        ]
        for score in [*members, blend]
    ]


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


def _hash(text: str) -> str:
    """Return the hash by which a Content Security Policy allows a script or style."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
