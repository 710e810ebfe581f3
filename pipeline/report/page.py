"""The stage `report`: runs/ -> reports/<run id>.html, one page that needs nothing else.

Every value is escaped as the template writes it (autoescape), and a Content Security
Policy lets the browser run the page's own script and style alone: whatever a run's
files hold, it stays text, and nothing is fetched.
"""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline import __version__
from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.data.schema import TARGET
from pipeline.report.advice import Advice, advise
from pipeline.report.compare import compare
from pipeline.report.facts import Facts, read_facts
from pipeline.report.figures import rankings, residuals, scores
from pipeline.report.score_text import fold_names, fold_values
from pipeline.report.svg import labels
from pipeline.report.svg.drawing import Drawing
from pipeline.runs.record import Ladder, newest_ladder

MOST_RUNS = 6  # side by side
_TEMPLATES = "templates"


class Shown(NamedTuple):
    """A run as the page shows it: its facts, and the pictures of them."""

    facts: Facts
    advice: list[Advice]
    pictures: dict[str, Drawing]
    curves: dict[int, Drawing]
    largest_errors: list[dict[str, Any]]
    typical: str


def write_report(project: Project, records: Sequence[dict[str, Any]]) -> Path:
    """Write the page of a run, or of several side by side, and say where it lies.

    Raises:
        UserError: too many runs, a run that is broken, or a folder that cannot be
            written to.
    """
    if len(records) > MOST_RUNS:
        raise UserError(f"{len(records)} runs: at most {MOST_RUNS} fit side by side")
    torch.set_num_threads(1)  # the same page on any machine
    runs = [draw(read_facts(project, record)) for record in records]
    name = "_".join(run.facts.record.run_id for run in runs)
    path = project.reports / f"{name}.html"
    write_atomically(path, render(runs, newest_ladder(project)))
    return path


def render(runs: Sequence[Shown], ladder: Ladder | None) -> str:
    """The page as HTML."""
    style, script = _own("page.css"), _own("sort.js")
    environment = Environment(
        loader=PackageLoader("pipeline.report", _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = labels.percent
    return environment.get_template("page.html.j2").render(
        runs=runs,
        rows=compare([run.facts for run in runs]),
        ladder=ladder,
        fold_names=fold_names,
        fold_values=fold_values,
        ladder_picture=rankings.ladder(ladder) if ladder else None,
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        version=__version__,
    )


def draw(facts: Facts) -> Shown:
    """Draw the pictures of a run."""
    houses, record = facts.houses, facts.record
    drawn = {
        "forecast": scores.forecast(record, facts.leaderboard),
        "against": residuals.against_actual(houses),
        "price": residuals.residuals(houses, TARGET, "price"),
    }
    if len(record.scores) > 1:
        drawn["lambdas"] = scores.lambdas(record)
    if facts.importance is not None:
        drawn["year"] = residuals.residuals(houses, "YearBuilt", "year built")
        drawn["neighbourhoods"] = residuals.neighbourhoods(houses)
        drawn["importance"] = rankings.importance(facts.importance)
    worst = houses.nlargest(residuals.LARGEST_ERRORS, "share").to_dict("records")
    largest_errors = [{str(name): cell for name, cell in row.items()} for row in worst]
    typical = f"{np.expm1(houses['error'].abs().median()):.1%}"
    curves = scores.curves(record, facts.history)
    return Shown(facts, advise(facts), drawn, curves, largest_errors, typical)


def _own(name: str) -> Markup:
    """A file of the page's own, which needs no escaping."""
    path = files("pipeline.report") / _TEMPLATES / name
    return Markup(path.read_text(encoding="utf-8"))


def _hash(text: str) -> str:
    """What a Content Security Policy calls a script or style by."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
