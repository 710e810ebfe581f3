"""The command line on real rows: what it writes, shows, skips and refuses."""

import json
import os
import subprocess
import sys

import pandas as pd
import pytest
from situations import QUICK, REPOSITORY
from spoiling import column_as

from pipeline.core.settings import Settings

HEAVY = ("torch", "pandas", "sklearn", "matplotlib", "numpy")


@pytest.fixture
def ready(pipeline, small_project):
    """A small project, preprocessed."""
    assert pipeline("preprocess", "--root", small_project).status == 0
    return small_project


@pytest.fixture
def trained(pipeline, ready):
    """A small project with one run."""
    assert pipeline("train", "--root", ready, *QUICK).status == 0
    return ready


def files_below(root):
    return sorted(p for p in root.rglob("*") if p.is_file())


def run_folder(root):
    (folder,) = (root / "runs").iterdir()
    return folder


def test_all_stages_from_raw_data_to_a_submission(pipeline, project):
    pipeline("preprocess", "--root", project)
    trained = pipeline("train", "--root", project, *QUICK, "--json")
    record = json.loads(trained.out)
    submitted = pipeline("submit", "--root", project, "--json")
    path = project / "submissions" / f"{record['run_id']}.csv"
    assert json.loads(submitted.out)["path"] == str(path)
    submission = pd.read_csv(path)
    assert list(submission.columns) == ["Id", "SalePrice"]
    assert list(submission["Id"]) == list(range(1461, 2920))
    assert submission["SalePrice"].between(10_000, 2_000_000).all()


def test_processed_files_open_with_pandas_and_hold_every_row(ready):
    features = pd.read_csv(ready / "data/processed/train.csv", keep_default_na=False)
    assert len(features) == 120
    assert {"Id", "SalePrice", "GrLivArea", "Size"} <= set(features.columns)


def test_preprocess_shows_rows_fillings_and_unseen_categories(pipeline, project):
    shown = pipeline("preprocess", "--root", project)
    for text in ("1,460", "1,459", "LotFrontage", "MSSubClass = 150"):
        assert text in shown.out


def test_a_run_folder_holds_what_the_contract_names(trained):
    folder = run_folder(trained)
    assert {p.name for p in folder.iterdir()} == {
        "run.json",
        "oof.csv",
        "predictions.csv",
        "test_by_fold.csv",
        "history.csv",
        "weights.safetensors",
    }
    columns = {
        name: list(pd.read_csv(folder / name).columns)
        for name in ("oof.csv", "predictions.csv", "test_by_fold.csv", "history.csv")
    }
    assert columns == {
        "oof.csv": ["Id", "fold", "SalePrice", "prediction"],
        "predictions.csv": ["Id", "SalePrice"],
        "test_by_fold.csv": ["Id", *(f"fold {n}" for n in range(1, 6))],
        "history.csv": ["lambda", "fold", "seed", "epoch", "train", "valid"],
    }
    record = json.loads((folder / "run.json").read_text())
    assert {"settings", "inputs", "versions", "threads", "scores"} <= record.keys()


def test_train_json_is_one_object_with_the_contracts_keys(pipeline, ready):
    shown = pipeline(
        "train", "--root", ready, *QUICK, "--lambda", 0, "--lambda", 3, "--json"
    )
    record = json.loads(shown.out)
    assert shown.err == ""
    assert {"run_id", "best_lambda", "cv_log_rmse", "seconds"} <= record.keys()
    assert [score["lambda"] for score in record["scores"]] == [0, 3]
    for score in record["scores"]:
        assert len(score["folds"]) == 5
        assert {"mean", "std", "pooled", "seconds"} <= score.keys()
    best = min(record["scores"], key=lambda score: score["pooled"])
    assert record["best_lambda"] == best["lambda"]
    assert record["cv_log_rmse"] == best["pooled"]
    low, high = record["forecast"]["low"], record["forecast"]["high"]
    assert low < record["forecast"]["estimate"] < high


def test_a_house_without_a_neighbourhood_may_have_a_largest_error(
    pipeline, small_project
):
    path = small_project / "data" / "raw" / "train.csv"
    column_as("Neighborhood", lambda _: "NA")(path)
    pipeline("preprocess", "--root", small_project)
    shown = pipeline("train", "--root", small_project, *QUICK)
    assert shown.status == 0
    assert shown.out.count("missing") == 10
    (record,) = (small_project / "runs").glob("*/run.json")
    assert json.loads(record.read_text())["largest_errors"][0]["place"] is None


def test_the_pooled_score_is_that_of_the_out_of_fold_file(pipeline, ready):
    record = json.loads(pipeline("train", "--root", ready, *QUICK, "--json").out)
    oof = pd.read_csv(run_folder(ready) / "oof.csv")
    ratio = (oof["prediction"] / oof["SalePrice"]).apply("log")
    assert record["cv_log_rmse"] == pytest.approx((ratio**2).mean() ** 0.5, rel=1e-5)


def test_a_stage_that_is_up_to_date_is_skipped_and_says_so(pipeline, trained):
    before = files_below(trained)
    again = pipeline("preprocess", "--root", trained).out
    assert "data/processed is up to date" in again
    assert again.count("\n") == 1
    assert "up to date" in pipeline("train", "--root", trained, *QUICK).out
    assert files_below(trained) == before


def test_a_stage_whose_inputs_changed_runs_again(pipeline, trained):
    raw = trained / "data" / "raw" / "train.csv"
    raw.write_text(raw.read_text().replace(",208500", ",208501"))
    refused = pipeline("train", "--root", trained, *QUICK)
    assert refused.status == 2
    assert "train.csv: changed since it was preprocessed" in refused.err
    assert "up to date" not in pipeline("preprocess", "--root", trained).out
    pipeline("train", "--root", trained, *QUICK)
    assert len(list((trained / "runs").iterdir())) == 2


def test_other_options_make_another_run(pipeline, trained):
    pipeline("train", "--root", trained, *QUICK, "--lambda", "2")
    assert len(list((trained / "runs").iterdir())) == 2


def test_runs_lists_the_newest_first_with_its_submission(pipeline, trained):
    pipeline("train", "--root", trained, *QUICK, "--lambda", "2")
    pipeline("submit", "--root", trained)
    runs = json.loads(pipeline("runs", "--root", trained, "--json").out)["runs"]
    assert [run["best_lambda"] for run in runs] == [2.0, Settings().lambdas[0]]
    assert [run["submission"] is None for run in runs] == [False, True]
    assert runs[0]["run_id"] in pipeline("runs", "--root", trained).out


def test_submit_uses_the_run_that_is_named(pipeline, trained):
    older = run_folder(trained).name
    pipeline("train", "--root", trained, *QUICK, "--lambda", "2")
    pipeline("submit", "--root", trained, "--run", older)
    assert [p.name for p in (trained / "submissions").iterdir()] == [f"{older}.csv"]


def test_the_table_of_ten_folds_fits_into_a_hundred_columns(pipeline, ready):
    shown = pipeline("train", "--root", ready, *QUICK, "--folds", "10")
    table, _ = shown.out.split("The 10 largest errors")
    assert max(map(len, table.splitlines())) <= 100
    assert "…" not in table


def fewer_folds(root):
    return ("train", "--folds", 1)


def no_raw_data(root):
    for path in (root / "data" / "raw").iterdir():
        path.unlink()
    return ("preprocess",)


def swapped(root):
    train, test = root / "data/raw/train.csv", root / "data/raw/test.csv"
    train_bytes = train.read_bytes()
    train.write_bytes(test.read_bytes())
    test.write_bytes(train_bytes)
    return ("preprocess",)


def broken_run_name(root):
    return ("submit", "--run", "nothing-like-it")


def edited_features(root):
    path = root / "data/processed/train.csv"
    path.write_text(path.read_text().replace("NAmes", "OldTown"))
    return ("train",)


MISTAKES = {
    "no data in data/raw": (no_raw_data, "train.csv: no such file"),
    "train and test swapped": (swapped, "swapped?"),
    "one fold": (lambda root: ("train", "--folds", 1), "--folds 1: must be 2 or more"),
    "more folds than rows": (lambda root: ("train", "--folds", 121), "more folds than"),
    "a negative lambda": (
        lambda root: ("train", "--lambda", -1),
        "--lambda -1: must be",
    ),
    "a lambda twice": (
        lambda root: ("train", "--lambda", 1, "--lambda", 1.0),
        "each value may be given once",
    ),
    "a lambda of text": (
        lambda root: ("train", "--lambda", "big"),
        "--lambda 'big': give numbers separated by commas, like 1,2",
    ),
    "no epochs": (lambda root: ("train", "--epochs", 0), "--epochs 0"),
    "hidden of text": (
        lambda root: ("train", "--hidden", "wide"),
        "--hidden 'wide': give numbers separated by commas, like 1,2",
    ),
    "a learning rate of zero": (lambda root: ("train", "--lr", 0), "--lr 0: must be"),
    "all units dropped": (
        lambda root: ("train", "--dropout", 1),
        "--dropout 1: must be",
    ),
    "a seed too large": (lambda root: ("train", "--seed", 2**32), "4294967295 or less"),
    "networks too large": (
        lambda root: ("train", "--hidden", "1000000,1000000"),
        "GB of memory, and this machine has",
    ),
    "networks too many": (
        lambda root: ("train", "--seeds", 10**9),
        "5,000,000,000 networks",
    ),
    "no such device": (
        lambda root: ("train", "--device", "cuda"),
        "--device cuda: torch",
    ),
    "an unknown option": (lambda root: ("train", "--layers", 3), "No such option"),
    "an unknown command": (lambda root: ("trane",), "No such command 'trane'"),
    "submit before train": (lambda root: ("submit",), "no run yet"),
    "edited features": (edited_features, "changed since `preprocess` wrote it"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_and_nothing_is_written(mistake, pipeline, ready):
    spoil, message = MISTAKES[mistake]
    command, *options = spoil(ready)
    before = files_below(ready)
    result = pipeline(command, "--root", ready, *options)
    assert result.status == 2
    assert result.out == ""
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert message in result.err
    assert files_below(ready) == before


def test_a_missing_run_is_an_error_that_says_how_to_list_runs(pipeline, trained):
    result = pipeline("submit", "--root", trained, "--run", "nothing")
    assert result.status == 2
    assert "no run is called nothing; `pipeline runs` lists them" in result.err


def test_train_before_preprocess_names_the_stage_to_run(pipeline, small_project):
    result = pipeline("train", "--root", small_project)
    assert result.status == 2
    assert "run `pipeline preprocess` first" in result.err


def test_a_folder_that_cannot_be_written_to_is_one_line(pipeline, small_project):
    (small_project / "data" / "processed").write_text("a file in the way")
    result = pipeline("preprocess", "--root", small_project)
    assert result.status == 2
    assert "cannot be written to" in result.err


def test_ctrl_c_ends_with_status_130_and_one_line(pipeline, ready, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.stages.up_to_date.train", interrupt)
    result = pipeline("train", "--root", ready)
    assert result.status == 130
    assert result.err.count("\n") == 1


def loaded(arguments, modules, root):
    """The modules, of those given, that a command loads."""
    code = (
        "import sys; from pipeline.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print([m for m in {modules} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["runs"]])
def test_light_commands_load_no_heavy_module(arguments, tmp_path):
    assert loaded(arguments, HEAVY, tmp_path) == "[]"


def test_a_submission_is_written_without_a_heavy_module(trained):
    assert loaded(["submit"], HEAVY, trained) == "[]"


def test_runs_are_compared_without_torch(pipeline, trained):
    pipeline("train", *QUICK, "--epochs", 1, "--root", trained)
    ids = [path.parent.name for path in (trained / "runs").glob("*/run.json")]
    heavy = ["torch", "sklearn", "catboost", "matplotlib"]
    assert loaded(["runs", *ids], heavy, trained) == "[]"


def test_training_loads_neither_matplotlib_nor_lessons_nor_the_search(ready):
    others = ["matplotlib", "pipeline.lessons", "optuna", "jinja2"]
    assert loaded(["train", *QUICK], others, ready) == "[]"


def test_a_terminal_without_greek_letters_shows_their_codes():
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "train", "--help"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    assert r"\u03bb" in done.stdout
