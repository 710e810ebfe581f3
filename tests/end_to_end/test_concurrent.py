"""Several commands at once in one root: all succeed and none disturbs another."""

import pandas as pd
import pytest
from forks import fork
from situations import QUICK

from pipeline.core.errors import UserError
from pipeline.core.files import sha256, write_atomically
from pipeline.core.paths import Project
from pipeline.data import processed
from pipeline.runs import integrity, store
from pipeline.stages import preprocess as stage
from pipeline.stages.preprocess import preprocess, read_features

FILES = ("oof.csv", "predictions.csv", "history.csv", "weights.safetensors")


@pytest.fixture
def at_once(tmp_path):
    """Run lists of commands at the same time, one process per list."""

    def run(*each):
        processes = [
            fork(tmp_path / f"log{number}", *commands)
            for number, commands in enumerate(each)
        ]
        for process in processes:
            status, _, err = process.end()
            assert status == 0, err

    return run


def digests_of(run):
    return [sha256(run.folder / name) for name in FILES]


def test_two_trainings_at_once_are_two_runs_each_as_if_alone(at_once, trained_project):
    (alone,) = store.list_runs(Project(trained_project))
    other = (*QUICK, "--lambda", 2)
    command = ("train", "--root", trained_project, "--force")
    at_once([(*command, *QUICK)], [(*command, *other)], [(*command, *QUICK)])
    runs = store.list_runs(Project(trained_project))
    assert len({run.run_id for run in runs}) == 4
    for run in runs:
        assert not list(integrity.changes(Project(trained_project), run))
    same = [run for run in runs if run.best_value == alone.best_value]
    assert len(same) == 3
    for run in same:
        assert digests_of(run) == digests_of(alone)


def test_all_stages_twice_at_once_succeed_twice(at_once, small_project):
    way = [
        ("preprocess", "--root", small_project),
        ("train", "--root", small_project, *QUICK),
        ("submit", "--root", small_project),
    ]
    at_once(way, way)
    runs = store.list_runs(Project(small_project))
    digests = [digests_of(run) for run in runs]
    assert all(each == digests[0] for each in digests)
    submitted = list((small_project / "submissions").iterdir())
    assert 1 <= len(submitted) <= len(runs) <= 2
    for path in submitted:
        assert sha256(path) == digests[0][FILES.index("predictions.csv")]
    assert not list(small_project.rglob(".tmp-*"))


def test_training_and_preprocessing_at_once_disturb_neither(at_once, trained_project):
    paths = [trained_project / name for name in processed.FILES]
    before = [sha256(path) for path in paths]
    (alone,) = store.list_runs(Project(trained_project))
    again = ("preprocess", "--root", trained_project, "--force")
    train = ("train", "--root", trained_project, *QUICK, "--force")
    at_once([again] * 3, [again] * 3, [train] * 3)
    assert [sha256(path) for path in paths] == before
    for run in store.list_runs(Project(trained_project)):
        assert digests_of(run) == digests_of(alone)


def test_features_that_changed_after_they_were_checked_are_refused(trained_project):
    folders = Project(trained_project)
    inputs = processed.require(folders)
    path = trained_project / processed.FILES[1]
    write_atomically(path, path.read_text().replace("NAmes", "OldTown"))
    with pytest.raises(UserError, match=r"test\.csv: preprocessed again while"):
        read_features(folders, inputs)


@pytest.mark.parametrize("name", [*processed.FILES, processed.SUMMARY])
def test_features_removed_after_they_were_checked_are_one_line(name, trained_project):
    folders = Project(trained_project)
    inputs = processed.require(folders)
    (trained_project / name).unlink()
    with pytest.raises(UserError, match=f"{name}: removed while this command was"):
        read_features(folders, inputs)


def test_features_replaced_while_they_are_read_are_read_as_they_were(
    trained_project, monkeypatch
):
    folders = Project(trained_project)
    inputs = processed.require(folders)
    expected = read_features(folders, inputs)
    read_csv = pd.read_csv

    def replace(file, **options):
        write_atomically(trained_project / processed.FILES[0], "Id\n1\n")
        return read_csv(file, **options)

    monkeypatch.setattr(pd, "read_csv", replace)
    read = read_features(folders, inputs)
    pd.testing.assert_frame_equal(read.train, expected.train)
    pd.testing.assert_frame_equal(read.test, expected.test)


def test_two_preprocessings_of_different_data_are_not_taken_for_one(
    small_project, tmp_path, monkeypatch
):
    """The second starts and ends while the first is writing."""
    folders = Project(small_project)
    train = folders.raw / "train.csv"
    written = []

    def write_and_let_the_other_in(path, content):
        digest = write_atomically(path, content)
        written.append(path)
        if len(written) == 2:
            monkeypatch.setattr(stage, "write_atomically", write_atomically)
            train.write_text(train.read_text().replace(",Normal", ",Family"))
            preprocess(folders)
        return digest

    monkeypatch.setattr(stage, "write_atomically", write_and_let_the_other_in)
    preprocess(folders)
    assert processed.fresh_summary(folders) is None
    with pytest.raises(UserError, match="run `pipeline preprocess` again"):
        processed.require(folders)


def test_two_submits_at_once_write_one_file(at_once, trained_project):
    command = [("submit", "--root", trained_project, "--json")]
    at_once(command, command, command)
    (run,) = store.list_runs(Project(trained_project))
    (path,) = (trained_project / "submissions").iterdir()
    assert sha256(path) == run.files["predictions.csv"]
