"""`pipeline blend`: the blend of finished runs is a run with a score of its own."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from situations import QUICK, copy_raw

from pipeline.core.errors import UserError
from pipeline.core.files import sha256
from pipeline.core.fingerprint import record_digest
from pipeline.core.metrics import LOG_RMSE
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.runs.integrity import runs_to_blend
from pipeline.runs.predictor import Predictor
from pipeline.runs.record import Provenance, Run
from pipeline.runs.store import find_run
from pipeline.stages import blend as stage
from pipeline.stages import up_to_date
from pipeline.validation.weights import blend_weights


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(copy_raw(tmp_path_factory.mktemp("blend") / "root", rows=120))


@pytest.fixture
def runs(project, pipeline):
    """The ids of three runs, the last on other folds."""
    pipeline("preprocess", "--root", project.root)
    ids = []
    for options in (("--lr", 0.01), ("--hidden", "16,8"), ("--seed", 1)):
        words = ("train", "--root", project.root, *QUICK, *options, "--json")
        ids.append(json.loads(pipeline(*words).out)["run_id"])
    return ids


def weighted_mean(project, weights):
    """The weighted geometric mean of what runs predict for test.csv."""
    return np.exp(
        sum(
            weight
            * np.log(pd.read_csv(project.runs / run / "predictions.csv")["SalePrice"])
            for run, weight in weights.items()
        )
    )


def test_it_is_the_weighted_geometric_mean_with_its_own_score(project, runs, pipeline):
    shown = pipeline("blend", *runs[:2], "--root", project.root, "--json")
    assert shown.status == 0, shown.err
    record = json.loads(shown.out)
    assert record["blended"] == runs[:2]
    assert [score["model"] for score in record["scores"]] == [*runs[:2], "blend"]
    folder = project.runs / record["run_id"]
    assert list(record["weights"]) == runs[:2]
    np.testing.assert_allclose(
        pd.read_csv(folder / "predictions.csv")["SalePrice"],
        weighted_mean(project, record["weights"]),
        atol=0.01,
    )
    oof = pd.read_csv(folder / "oof.csv")
    errors = np.log(oof["prediction"] / oof["SalePrice"])
    fitted = blend_weights(
        np.stack([np.log(oof[run] / oof["SalePrice"]) for run in runs[:2]]), LOG_RMSE
    )
    assert list(record["weights"].values()) == pytest.approx(fitted, abs=1e-6)
    assert record["cv_log_rmse"] == pytest.approx(np.sqrt((errors**2).mean()), abs=1e-6)
    again = pipeline("blend", *runs[:2], "--root", project.root)
    assert "is up to date" in again.out


def test_it_can_be_submitted_listed_and_used_to_predict(project, runs, pipeline):
    pipeline("blend", *runs[:2], "--root", project.root, "--force")
    blended = find_run(project)
    assert blended.blended == runs[:2]
    submitted = pipeline("submit", "--root", project.root)
    assert submitted.status == 0, submitted.err
    listed = pipeline("runs", "--root", project.root).out.splitlines()
    row, *_ = (line for line in listed if line.lstrip().startswith(blended.run_id))
    # Neither λ nor layers nor seeds: the blended runs may differ in them.
    assert row.split()[:3] == [blended.run_id, "blend", f"{runs[0]},"]
    out = project.root / "prices.csv"
    test = project.raw / "test.csv"
    shown = pipeline("predict", test, "-o", out, "--root", project.root)
    assert shown.status == 0, shown.err
    kept = pd.read_csv(blended.folder / "predictions.csv")["SalePrice"]
    np.testing.assert_allclose(pd.read_csv(out)["SalePrice"], kept, atol=0.011)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ([0], "give two run ids or more"),
        ([0, 0], "give two run ids or more, each once"),
        ([0, 2], "its folds are not those of"),
    ],
)
def test_runs_that_cannot_be_blended_are_refused_in_a_line(
    chosen, message, project, runs, pipeline
):
    before = sorted(path.name for path in project.runs.iterdir())
    words = [runs[index] for index in chosen]
    shown = pipeline("blend", *words, "--root", project.root)
    assert shown.status == 2
    assert message in shown.err
    assert len(shown.err.splitlines()) == 1
    assert sorted(path.name for path in project.runs.iterdir()) == before


@pytest.fixture
def blended(project, runs):
    """The blend of the first two runs."""
    return up_to_date.blend(project, runs_to_blend(project, runs[:2])).result


@pytest.fixture
def copied(project, blended, tmp_path):
    """A copy of the project, which a test may damage."""
    return Project(shutil.copytree(project.root, tmp_path / "copy"))


def predict(project, run, pipeline):
    """Predict test.csv with a run."""
    words = (project.raw / "test.csv", "-o", project.root / "prices.csv")
    return pipeline("predict", *words, "--run", run, "--root", project.root)


def reseal(folder, **changes):
    """Change a record, and update all digests, as a stranger could."""
    path = folder / "run.json"
    record = json.loads(path.read_text(encoding="utf-8")) | changes
    record["files"] = {name: sha256(folder / name) for name in record["files"]}
    record["digest"] = record_digest(record)
    path.write_text(json.dumps(record), encoding="utf-8")


def test_the_table_has_a_row_for_each_run_and_marks_the_blend(blended, pipeline):
    root = blended.folder.parent.parent
    shown = pipeline("blend", *blended.blended, "--root", root)
    assert "is up to date" in shown.out
    for score in blended.scores:
        (row,) = (
            line
            for line in shown.out.splitlines()
            if score.model in line and f" {score.pooled:.4f} " in line
        )
        assert ("◂" in row) == (score.model == "blend")


def test_it_has_no_weights_of_its_own(blended):
    assert {path.name for path in blended.folder.iterdir()} == {
        "run.json",
        "oof.csv",
        "predictions.csv",
        "test_by_fold.csv",
    }
    assert blended.learner is None
    with pytest.raises(UserError, match="has no weights of its own"):
        Predictor.load(blended)


def test_the_order_of_the_runs_does_not_matter(project, runs, blended, pipeline):
    words = ("blend", runs[1], runs[0], "--root", project.root, "--json")
    again = json.loads(pipeline(*words).out)
    assert again["skipped"]
    assert again["run_id"] == blended.run_id


def test_a_run_of_several_models_is_blended_by_what_it_predicts(
    project, runs, pipeline
):
    settings = Settings(folds=5, seeds=1, epochs=2, hidden=(8,), trees=20)
    several = up_to_date.train(
        project, settings, lambda *_: None, jobs=1, force=False
    ).result
    ids = [runs[0], several.run_id]
    found = up_to_date.blend(project, runs_to_blend(project, ids)).result
    own = pd.read_csv(found.folder / "predictions.csv")
    expected = weighted_mean(project, found.weights)
    np.testing.assert_allclose(own["SalePrice"], expected, atol=0.01)
    shown = predict(project, found.run_id, pipeline)
    assert shown.status == 0, shown.err
    prices = pd.read_csv(project.root / "prices.csv")["SalePrice"]
    np.testing.assert_allclose(prices, own["SalePrice"], atol=0.011)


def test_its_page_compares_the_runs(blended, pipeline):
    root = blended.folder.parent.parent
    shown = pipeline("report", blended.run_id, "--root", root)
    assert shown.status == 0, shown.err
    path = root / "reports" / f"{blended.run_id}.html"
    page = path.read_text(encoding="utf-8")
    models = page[page.index("<h2>Models</h2>") :]
    for score in blended.scores:
        row = models[models.index(f'<th scope="row">{score.model}</th>') :]
        assert row.index(f"{score.pooled:.4f}") < row.index("</tr>")
    assert "This run has no networks of its own" in page


def test_runs_trained_on_another_device_are_blended_on_the_processor(
    project, runs, blended
):
    found = [find_run(project, run_id) for run_id in runs[:2]]
    elsewhere = [
        replace(run, settings=replace(run.settings, device="cuda")) for run in found
    ]
    provenance = Provenance(blended.fingerprint, blended.inputs)
    again = stage.blend(project, elsewhere, provenance)
    assert again.cv == blended.cv


def test_a_blend_is_not_blended_again(project, runs, blended, pipeline):
    words = ("blend", blended.run_id, runs[0], "--root", project.root)
    shown = pipeline(*words)
    assert shown.status == 2
    assert shown.err.splitlines() == [
        f"error: {blended.run_id}: a blend of runs; give the runs themselves"
    ]


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_run_that_was_edited_is_not_blended(copied, runs, force, pipeline):
    path = copied.runs / runs[0] / "oof.csv"
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    shown = pipeline("blend", *runs[:2], "--root", copied.root, *force)
    assert shown.status == 2
    assert len(shown.err.splitlines()) == 1
    assert f"{path}: changed since the run finished" in shown.err


def test_a_blend_does_not_predict_without_its_runs(copied, runs, blended, pipeline):
    weights = copied.runs / runs[1] / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"1")
    shown = predict(copied, blended.run_id, pipeline)
    assert (shown.status, len(shown.err.splitlines())) == (2, 1)
    assert f"{weights}: changed since the run finished" in shown.err
    shutil.rmtree(weights.parent)
    shown = predict(copied, blended.run_id, pipeline)
    assert (shown.status, len(shown.err.splitlines())) == (2, 1)
    assert f"no run is called {runs[1]}" in shown.err
    assert pipeline("submit", "--root", copied.root).status == 0


@pytest.mark.parametrize("cell", ["", "nan", "inf", "0", "-1", "1e999", "<script>"])
@pytest.mark.parametrize("name", ["oof.csv", "test_by_fold.csv"])
def test_a_cell_of_a_run_that_is_no_price_is_refused(
    copied, runs, name, cell, pipeline
):
    path = copied.runs / runs[0] / name
    table = pd.read_csv(path, dtype=str)
    table.iloc[3, -1] = cell
    table.to_csv(path, index=False)
    reseal(path.parent)
    shown = pipeline("blend", *runs[:2], "--root", copied.root)
    assert (shown.status, len(shown.err.splitlines())) == (2, 1)
    assert f"{path}: not as `pipeline train` writes it" in shown.err


@pytest.mark.parametrize("content", [b"", b"Id\n1\n", b"\xff\xfe\x00", b'Id,"'])
def test_a_file_of_a_run_that_is_no_table_is_refused(copied, runs, content, pipeline):
    path = copied.runs / runs[0] / "test_by_fold.csv"
    path.write_bytes(content)
    reseal(path.parent)
    shown = pipeline("blend", *runs[:2], "--root", copied.root)
    assert (shown.status, len(shown.err.splitlines())) == (2, 1)
    assert f"{path}: not as `pipeline train` writes it" in shown.err


@pytest.mark.parametrize("ids", [[], ["{own}", "{run}"], ["mlp", "{run}"], ["{run}"]])
def test_a_record_that_names_no_runs_to_blend_is_refused(
    copied, runs, blended, ids, pipeline
):
    names = [each.format(own=blended.run_id, run=runs[0]) for each in ids]
    document = json.loads(json.dumps(blended.to_json()))
    template = document["scores"][0]
    document["scores"] = [{**template, "model": name} for name in [*names, "blend"]]
    document["blended"] = names
    with pytest.raises(ValueError, match="blended: not two other runs or more"):
        Run.from_json(blended.folder, document)
    reseal(copied.runs / blended.run_id, **document)
    shown = predict(copied, blended.run_id, pipeline)
    assert (shown.status, len(shown.err.splitlines())) == (2, 1)
    assert "not two other runs or more" in shown.err


@pytest.fixture
def own(project, runs, tmp_path):
    """A folder with the predictions of another model, on the folds of the first run."""
    folder = tmp_path / "forest"
    folder.mkdir()
    source = project.runs / runs[1]
    oof = pd.read_csv(source / "oof.csv").drop(columns="SalePrice")
    oof.sample(frac=1, random_state=0).to_csv(folder / "oof.csv", index=False)
    tested = pd.read_csv(source / "predictions.csv")[["Id", "SalePrice"]]
    tested.to_csv(folder / "predictions.csv", index=False)
    return folder


def edited(path, **columns):
    """Change columns of a file, or drop those that are None."""
    rows = pd.read_csv(path).assign(**columns)
    rows.dropna(axis=1, how="all").to_csv(path, index=False)


def test_a_model_of_ones_own_is_blended_as_a_run_with_its_predictions(
    project, runs, own, pipeline
):
    shown = pipeline("blend", runs[0], own, "--root", project.root, "--json")
    assert shown.status == 0, shown.err
    record = json.loads(shown.out)
    assert record["blended"] == [runs[0], "forest"]
    assert record["inputs"]["forest/oof.csv"] == sha256(own / "oof.csv")
    both = pipeline("blend", *runs[:2], "--root", project.root, "--json")
    expected = json.loads(both.out)
    assert record["cv"] == pytest.approx(expected["cv"], abs=1e-6)
    weights = [list(each["weights"].values()) for each in (record, expected)]
    assert weights[0] == pytest.approx(weights[1], abs=1e-5)
    found, other = (
        pd.read_csv(project.runs / each["run_id"] / "predictions.csv")["SalePrice"]
        for each in (record, expected)
    )
    np.testing.assert_allclose(found, other, rtol=1e-3)
    assert (
        "folds are unknown"
        not in pipeline("blend", runs[0], own, "--root", project.root).out
    )
    assert pipeline("submit", "--root", project.root).status == 0
    refused = predict(project, record["run_id"], pipeline)
    assert "blends the predictions of forest, a model of your own" in refused.err
    page = pipeline("report", record["run_id"], "--root", project.root)
    assert page.status == 0, page.err


def test_folds_that_a_file_does_not_have_are_said_to_be_unknown(
    project, runs, own, pipeline
):
    edited(own / "oof.csv", fold=None)
    shown = pipeline("blend", own, runs[0], "--root", project.root)
    assert shown.status == 0, shown.err
    assert "Its folds are unknown" in " ".join(shown.out.split())


def test_the_numbers_of_folds_may_begin_at_zero(project, runs, own, pipeline):
    folds = pd.read_csv(own / "oof.csv")["fold"] - 1
    edited(own / "oof.csv", fold=folds)
    assert pipeline("blend", own, runs[0], "--root", project.root).status == 0


@pytest.mark.parametrize(
    ("name", "columns", "told"),
    [
        ("oof.csv", {"fold": 1}, "oof.csv: column fold: not the folds of the runs"),
        ("oof.csv", {"prediction": None}, "oof.csv: column prediction: missing"),
        ("oof.csv", {"Id": 1}, "oof.csv: column Id: must have each id of train.csv"),
        ("oof.csv", {"prediction": -1}, "column prediction, Id 1: '-1' is not"),
        ("predictions.csv", {"SalePrice": "x"}, "SalePrice, Id 1461: 'x' is not"),
        ("predictions.csv", {"Id": None}, "Id: must have each id of test.csv once"),
    ],
)
def test_files_that_do_not_fit_the_rows_are_refused_in_one_line(
    name, columns, told, project, runs, own, pipeline
):
    edited(own / name, **columns)
    before = sorted(path.name for path in project.runs.iterdir())
    shown = pipeline("blend", runs[0], own, "--root", project.root)
    assert shown.status == 2
    assert told in shown.err
    assert shown.err.count("\n") == 1
    assert sorted(path.name for path in project.runs.iterdir()) == before


def test_own_models_need_a_run_and_a_name_that_no_model_has(
    project, runs, own, pipeline
):
    alone = pipeline("blend", own, "--root", project.root)
    assert "or a run id and folders with oof.csv" in alone.err
    renamed = own.rename(own.with_name("ridge"))
    shown = pipeline("blend", runs[0], renamed, "--root", project.root)
    assert "ridge: the name of a model; rename the folder" in shown.err
