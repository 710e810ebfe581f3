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

import torch
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline import __version__
from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.numbers import score_text
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.schema import Category, Number
from pipeline.report.advice import Advice, advise
from pipeline.report.choice import compared, lambda_advice
from pipeline.report.compare import compare
from pipeline.report.facts import Facts, read_facts
from pipeline.report.figures import rankings, residuals, scores
from pipeline.report.models import ModelRow, compare_models
from pipeline.report.peers import OWN, comparison
from pipeline.report.svg import labels
from pipeline.report.svg.drawing import Drawing
from pipeline.report.texts import (
    fold_names,
    fold_values,
    lambda_text,
    setting_texts,
    typical_error,
    value_text,
)
from pipeline.runs.record import BaselineScore, Run
from pipeline.runs.store import newest_baselines

MOST_RUNS = 6  # side by side
_TEMPLATES = "templates"


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
    environment.filters["percent"] = labels.percent
    environment.filters["score"] = score_text
    finite = finite_scores(baselines) if baselines else []
    return environment.get_template("page.html.j2").render(
        views=views,
        rows=compare(
            [view.facts for view in views], [view.facts.rows for view in views]
        ),
        metric=views[0].facts.metric,
        amount=value_text,
        number=cell_text,
        target_name=views[0].facts.schema.target,
        baselines=baselines,
        baseline_scores=finite,
        baselines_figure=rankings.baselines(finite) if finite else None,
        fold_names=fold_names,
        lambda_text=lambda_text,
        lambda_advice=lambda_advice,
        comparison=comparison,
        own=OWN,
        signed=labels.signed,
        fold_values=fold_values,
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
    axes = scores.shared_axes(several)
    return [_draw(facts, axes) for facts in several]


def _draw(facts: Facts, axes: scores.Axes) -> RunView:
    run, target = facts.run, facts.schema.target
    figures = {
        "forecast": scores.forecast(facts, axes),
        "against_actual": residuals.against_actual(facts),
        "target": residuals.residuals(facts, target),
    }
    if run.has_networks and compared(run):
        figures["lambdas"] = scores.lambdas(run)
    numbers, words = shown_columns(facts)
    if numbers:
        figures["number"] = residuals.residuals(facts, numbers[0])
    place = facts.schema.ceiling or next(iter(words), None)
    if facts.cleaned and place:
        figures["places"] = residuals.places(facts, place)
        words = list(dict.fromkeys([place, *words]))
    if facts.importance is not None:
        figures["importance"] = rankings.importance(facts.importance)
    largest = facts.largest_errors.to_dict("records")
    models = compare_models(facts)
    return RunView(
        facts=facts,
        advice=advise(facts),
        figures=figures,
        curves=scores.curves(facts, axes),
        largest_errors=[
            {str(name): cell for name, cell in row.items()} for row in largest
        ],
        models=models,
        correlation_heads=[f"correlation with {row.name}" for row in models[:-1]],
        typical_error=typical_error(
            facts.rows["error"].abs().median(), log=facts.metric.log
        ),
        texts=words,
        numbers=numbers,
        settings=setting_texts(run.settings),
    )


def cell_text(value: float) -> str:
    """Return a cell of a column; nothing for a missing one."""
    return "" if math.isnan(value) else f"{value:.10g}"


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
