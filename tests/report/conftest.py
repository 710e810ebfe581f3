"""A page for the tests of the report, and one browser for all of them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from ames_columns import SCHEMA
from playwright.sync_api import sync_playwright
from situations import copy_raw

from pipeline.analysis import importance
from pipeline.analysis.facts import read_facts
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.report.page import draw, render
from pipeline.runs.record import BaselineScore
from pipeline.runs.store import find_run, list_runs, newest_baselines
from pipeline.stages import up_to_date

FEW = SCHEMA.names[:3]
CHROMIUM = "chromium"  # Debian's; Playwright brings none of its own


@pytest.fixture(scope="session")
def browser():
    """A headless browser; if there is none, the tests fail and say so."""
    path = shutil.which(CHROMIUM)
    if path is None:
        pytest.fail(f"no {CHROMIUM}: `apt-get install {CHROMIUM}` brings it")
    with sync_playwright() as playwright:
        # (root may not use Chromium's sandbox.)
        started = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"]
        )
        yield started
        started.close()


@pytest.fixture
def visit(browser):
    """Open a page; keep its requests and what it writes to the console."""
    contexts = []

    def open_page(path: Path, *, width: int = 1100, scheme: str = "light"):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme
        )
        context.set_default_timeout(5000)
        contexts.append(context)
        page = context.new_page()
        page.requests, page.messages = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda message: page.messages.append(message.text))
        page.on("pageerror", lambda error: page.messages.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def write_baselines(folders: Project) -> None:
    """Make an oldest run that looks like one of `pipeline baselines`."""
    run = find_run(folders)
    scores = [
        BaselineScore(name, "a model", [], pooled, 0.01, pooled, 0.0, None)
        for name, pooled in (("mean-price", 0.4), ("mlp", 0.25), ("train", 0.2))
    ]
    scores[1] = replace(scores[1], over="mean-price", gain=-0.0123, gain_error=0.0045)
    run = replace(run, run_id="0", created="2000", baselines=scores, document=None)
    (folders.runs / "0").mkdir(exist_ok=True)
    text = json.dumps(run.to_json())
    (folders.runs / "0" / "run.json").write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def _trained(tmp_path_factory):
    root = copy_raw(tmp_path_factory.mktemp("report") / "root", rows=120)
    folders = Project(root)
    up_to_date.preprocess(folders, force=False)
    for lambdas in (1.0,), (0.0, 5.0, 20.0):
        settings = Settings(
            models=("mlp",), lambdas=lambdas, epochs=3, hidden=(8,), batch_size=32
        )
        up_to_date.train(folders, settings, lambda *_: None, jobs=1, force=False)
    write_baselines(folders)
    return folders


@pytest.fixture
def folders(_trained, tmp_path):
    """A project of 120 houses with a run of one λ, one of three, and baselines."""
    without = shutil.ignore_patterns("reports")
    return Project(shutil.copytree(_trained.root, tmp_path / "root", ignore=without))


@pytest.fixture(scope="session")
def _blended(tmp_path_factory):
    root = copy_raw(tmp_path_factory.mktemp("blend") / "root", rows=120)
    folders = Project(root)
    up_to_date.preprocess(folders, force=False)
    small = Settings(
        models=("boosting",), folds=3, seeds=1, epochs=20, hidden=(8,), trees=60
    )
    both = replace(small, models=("boosting", "mlp"), lambdas=(0.0, 1.0, 20.0))
    for settings in small, both:
        up_to_date.train(folders, settings, lambda *_: None, jobs=1, force=False)
    return folders


@pytest.fixture
def blended(_blended, tmp_path):
    """A project of 120 houses with a run of boosting alone, and a newer blend."""
    without = shutil.ignore_patterns("reports")
    return Project(shutil.copytree(_blended.root, tmp_path / "root", ignore=without))


@pytest.fixture(scope="session")
def mixed_path(_blended):
    """The page of a run without networks and a blend, side by side."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importance, "_names", lambda _: FEW)
        runs = list_runs(_blended)[::-1]
        views = draw([read_facts(_blended, run) for run in runs])
    path = _blended.reports / "mixed.html"
    write_atomically(path, render(views, None))
    return path


@pytest.fixture
def few_columns(monkeypatch):
    """Compute the importance of a few columns only, since it takes most of the time."""
    monkeypatch.setattr(importance, "_names", lambda _: FEW)


@pytest.fixture(scope="session")
def facts(_trained):
    """The facts of the newest run."""
    return read_facts(_trained, find_run(_trained))


@pytest.fixture(scope="session")
def page_path(_trained, facts):
    """The page of the newest run."""
    path = _trained.reports / "one.html"
    write_atomically(path, render(draw([facts]), newest_baselines(_trained)))
    return path


@pytest.fixture(scope="session")
def pair_path(_trained, facts):
    """The page of both runs side by side."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importance, "_names", lambda _: FEW)
        older = read_facts(_trained, list_runs(_trained)[1])
    path = _trained.reports / "both.html"
    write_atomically(path, render(draw([older, facts]), newest_baselines(_trained)))
    return path
