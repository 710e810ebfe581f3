"""Whatever a run's files hold, the page shows it as text."""

import json

import pytest

from pipeline.analysis.facts import read_facts
from pipeline.analysis.importance import Importance
from pipeline.report.page import draw, render
from pipeline.runs.store import find_run, newest_baselines

SCRIPT = "<script>window.hacked = 1</script>"
IMAGE = '"><img src=x onerror="window.hacked = 1">'
CLOSING = "</title></desc></svg></style></textarea>{{ 7 * 7 }}" + IMAGE


@pytest.fixture
def hostile_page(folders, few_columns):
    """The page of a run whose texts are all markup."""
    run = find_run(folders)
    folder = run.folder.rename(folders.runs / f"0{IMAGE}")
    document = run.to_json()
    document |= {
        "run_id": folder.name,
        "created": SCRIPT,
        "versions": {CLOSING: SCRIPT},
    }
    document["settings"] |= {"device": SCRIPT, IMAGE: CLOSING}
    settings = {"lambda": 5.0, "lr": 0.1, "dropout": 0.0, "hidden": [8]}
    trial = {"number": 1, **settings, "score": 0.1, "pruned": False, "rungs": []}
    score = {"pooled": [], "mean": 0.1}
    document["search"] = {
        "best": settings,
        "command": SCRIPT,
        "trials": [trial],
        "confirmed": {"fold_seeds": [], "best": score, "default": score},
    }
    numbers = {"folds": [], "mean": 0.1, "std": 0.1, "pooled": 0.1, "seconds": 1.0}
    baseline = {"what": CLOSING, **numbers, "accuracy": None}
    document["baselines"] = [{**baseline, "name": name} for name in (IMAGE, "b")]
    (folder / "run.json").write_text(json.dumps(document), encoding="utf-8")
    facts = read_facts(folders, find_run(folders, folder.name))
    words = {"Neighborhood": SCRIPT, "SaleCondition": IMAGE, "YearBuilt": 2000}
    numbers = {"OverallQual": 5, "OverallCond": 5, "GrLivArea": 1000}
    houses = facts.rows.assign(**words, **numbers)
    path = folders.reports / "hostile.html"
    path.parent.mkdir(exist_ok=True)
    important = [Importance(CLOSING, [0.1], 0.1)]
    found = draw([facts._replace(rows=houses, importance=important)])
    path.write_text(render(found, newest_baselines(folders)), encoding="utf-8")
    return path


def test_markup_in_a_run_stays_text(visit, hostile_page):
    page = visit(hostile_page)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    assert page.requests == [hostile_page.as_uri()]
    assert page.messages == []
    text = page.locator("body").inner_text()
    for hostile in (SCRIPT, IMAGE, CLOSING):
        assert hostile in text


def test_a_script_that_is_not_the_pages_own_would_not_run(visit, page_path):
    page = visit(page_path)
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.hacked = 1";
          document.body.append(script);
          const image = new Image();
          image.src = "http://localhost:9/x.png";
          document.body.append(image);
        }"""
    )
    page.wait_for_timeout(100)
    assert page.evaluate("window.hacked") is None
    assert len(page.messages) == 2
    assert all("Content Security Policy" in line for line in page.messages)
