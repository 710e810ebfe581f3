"""The page of a blend compares its models; a run without networks has a page too."""

import numpy as np
import pandas as pd
import pytest
from situations import copy_raw

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.report.facts import read_facts
from pipeline.report.models import compare_models
from pipeline.runs.store import find_run
from pipeline.stages import up_to_date


@pytest.fixture
def project(tmp_path):
    project = Project(copy_raw(tmp_path / "root", rows=80))
    up_to_date.preprocess(project, force=False)
    return project


def train(project, **settings):
    small = Settings(folds=2, seeds=1, epochs=2, hidden=(8,), trees=20, **settings)
    up_to_date.train(project, small, lambda *_: None, jobs=1, force=False)
    return find_run(project)


def test_a_blend_shows_its_models_and_how_alike_they_err(project, pipeline):
    run = train(project)
    assert pipeline("report", "--root", project.root).status == 0
    page = (project.reports / f"{run.run_id}.html").read_text(encoding="utf-8")
    assert "<h2>Models</h2>" in page
    oof = pd.read_csv(run.folder / "oof.csv")
    errors = np.log(oof[["mlp", "boosting"]]).sub(np.log(oof["SalePrice"]), axis=0)
    alike = errors.corr().loc["mlp", "boosting"]
    rows = compare_models(read_facts(project, run))
    assert [row.name for row in rows] == ["mlp", "boosting", "blend"]
    assert rows[0].correlations == ["1.00", f"{alike:.2f}"]
    typical = np.expm1(errors["mlp"].abs().median())
    assert rows[0].typical == f"{typical:.1%}"


def test_a_run_without_networks_has_a_page_that_says_so(project, pipeline):
    run = train(project, models=("boosting",))
    shown = pipeline("report", "--root", project.root)
    assert shown.status == 0, shown.err
    page = (project.reports / f"{run.run_id}.html").read_text(encoding="utf-8")
    assert "This run has no networks of its own" in page
    assert "<h2>Models</h2>" not in page
    assert "year built" in page


def test_a_price_of_a_model_that_is_not_positive_is_refused(project):
    run = train(project)
    path = run.folder / "oof.csv"
    oof = pd.read_csv(path)
    oof.loc[3, "boosting"] = -1.0
    oof.to_csv(path, index=False)
    with pytest.raises(UserError, match=r"oof\.csv: not as `pipeline train` writes it"):
        read_facts(project, run)
