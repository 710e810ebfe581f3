"""Which run commands use: the one of the last `train` or `blend`, or the one named."""

import json
import shutil

import pytest
from situations import QUICK

from pipeline.core.errors import UserError
from pipeline.core.files import to_json
from pipeline.core.paths import Project
from pipeline.runs.store import find_run, list_runs, select

ONE_EPOCH = (*QUICK, "--epochs", "1")


def train(pipeline, root, *options):
    shown = pipeline("train", "--root", root, *options, "--json")
    assert shown.status == 0, shown.err
    return json.loads(shown.out)


def edit(folder, **changes):
    """Change the record of a run, as another version or command would write it."""
    path = folder / "run.json"
    path.write_text(to_json(json.loads(path.read_text()) | changes), encoding="utf-8")


def test_a_skipped_train_hands_on_its_own_run(pipeline, trained_project):
    root = trained_project
    first = train(pipeline, root, *QUICK)
    other = train(pipeline, root, *ONE_EPOCH)
    again = train(pipeline, root, *QUICK)
    assert again["skipped"]
    assert again["run_id"] == first["run_id"] != other["run_id"]
    shown = pipeline("submit", "--root", root)
    assert shown.out.splitlines()[0].startswith(f"Run {first['run_id']}: `train`, mlp")
    assert [path.stem for path in (root / "submissions").iterdir()] == [first["run_id"]]


def test_every_command_that_uses_a_run_names_it_and_its_score(
    pipeline, trained_project, tmp_path
):
    root = trained_project
    run = train(pipeline, root, *QUICK)
    line = f"Run {run['run_id']}: `train`, mlp, log-RMSE {run['cv_log_rmse']:.4f}"
    test_csv = root / "data" / "raw" / "test.csv"
    for command in (
        ("submit",),
        ("report",),
        ("predict", test_csv, "-o", tmp_path / "prices.csv"),
    ):
        assert pipeline(*command, "--root", root).out.splitlines()[0] == line


def test_the_id_file_has_the_run_id_also_when_train_is_skipped(
    pipeline, trained_project, tmp_path
):
    path = tmp_path / "id"
    for _ in range(2):
        run = train(pipeline, trained_project, *QUICK, "--id-file", path)
        assert path.read_text() == f"{run['run_id']}\n"
        path.unlink()


def test_without_a_selected_run_the_newest_of_train_is_used(pipeline, trained_project):
    project = Project(trained_project)
    train(pipeline, trained_project, *ONE_EPOCH)
    (project.processed / "selected-run").unlink()
    assert find_run(project).run_id == list_runs(project)[0].run_id
    select(project, list_runs(project)[1])
    assert find_run(project).run_id == list_runs(project)[1].run_id


def test_a_selected_run_that_was_removed_is_replaced_by_the_newest(
    pipeline, trained_project
):
    project = Project(trained_project)
    run = train(pipeline, trained_project, *ONE_EPOCH)
    shutil.rmtree(project.runs / run["run_id"])
    assert find_run(project).run_id == list_runs(project)[0].run_id


SEARCH = {
    "best": {"lambda": 1.0, "lr": 0.01, "dropout": 0.0, "hidden": [8]},
    "command": "pipeline train",
    "trials": [],
    "confirmed": {
        "fold_seeds": [10],
        "best": {"pooled": [0.2], "mean": 0.2},
        "default": {"pooled": [0.1], "mean": 0.1},
        "difference": 0.1,
        "difference_error": 0.01,
    },
}
BASELINE = {
    "name": "mean",
    "what": "the mean price",
    "folds": [0.4],
    "mean": 0.4,
    "std": 0.1,
    "pooled": 0.4,
    "seconds": 0.1,
    "accuracy": None,
}


@pytest.mark.parametrize("made_by", [{"search": SEARCH}, {"baselines": [BASELINE]}])
def test_a_refuted_search_or_a_baseline_is_used_only_by_its_id(
    made_by, trained_project
):
    project = Project(trained_project)
    (older,) = list_runs(project)
    newest = shutil.copytree(older.folder, project.runs / "99990101-000000-000")
    edit(newest, run_id=newest.name, created="9999-01-01T00:00:00.000+00:00", **made_by)
    assert find_run(project).run_id == older.run_id
    assert find_run(project, newest.name).run_id == newest.name
    shutil.rmtree(older.folder)
    with pytest.raises(UserError, match="no run of `pipeline train` yet"):
        find_run(project)


def test_a_confirmed_search_is_used_where_nothing_was_trained(trained_project):
    project = Project(trained_project)
    (run,) = list_runs(project)
    confirmed = SEARCH["confirmed"] | {"difference": -0.1}
    edit(run.folder, search=SEARCH | {"confirmed": confirmed})
    (project.processed / "selected-run").unlink()
    assert find_run(project).command == "tune"


def test_best_is_the_run_with_the_lowest_score_on_the_same_folds(
    pipeline, trained_project
):
    project = Project(trained_project)
    with pytest.raises(UserError, match="no run yet"):
        find_run(Project(trained_project / "elsewhere"), "best")
    runs = [
        train(pipeline, trained_project, *QUICK, *words)
        for words in (("--lr", 0.01), ("--lr", 1e-6), ("--seed", 3, "--lr", 0.02))
    ]
    other_folds = runs[2]["run_id"]
    assert find_run(project, "best").run_id == other_folds
    shutil.rmtree(project.runs / other_folds)
    found = find_run(project, "best")
    assert found.cv == min(run.cv for run in list_runs(project))
    assert found.run_id != runs[1]["run_id"]
    shown = pipeline("submit", "--root", trained_project, "--run", "best")
    assert shown.out.startswith(f"Run {found.run_id}: ")
    lowest = shutil.copytree(found.folder, project.runs / "99990101-000000-000")
    edit(lowest, run_id=lowest.name, baselines=[BASELINE])
    assert find_run(project, "best").run_id == found.run_id
