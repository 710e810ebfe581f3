"""The command that a run suggests is one that `pipeline train` accepts."""

import inspect

import pytest

from pipeline.cli.train import train
from pipeline.core.errors import UserError
from pipeline.core.settings import Settings, option_name, options, train_command
from pipeline.stages import up_to_date

CHANGED = Settings(
    models=("mlp",),
    folds=7,
    lambdas=(1.25, 5.5),
    seeds=3,
    seed=11,
    epochs=9,
    lr=0.0125,
    hidden=(16, 8),
    dropout=0.05,
    batch_size=17,
    device="auto",
)


@pytest.fixture
def trained(pipeline, monkeypatch, tmp_path):
    """The settings that a command would train, as the real command line reads it."""
    given = []

    def take(_, settings, *__, **___):
        given.append(settings)
        raise UserError("not trained")

    def read(command):
        words = command.split()[1:]
        assert pipeline(*words, "--root", tmp_path).err == "error: not trained\n"
        return given.pop()

    monkeypatch.setattr(up_to_date, "train", take)
    return read


def test_the_command_has_the_settings_that_differ_from_the_default():
    assert train_command(Settings()) == "pipeline train"
    settings = Settings(lambdas=(2.73, 5), hidden=(64, 32), lr=0.002, folds=3)
    options = "--folds 3 --lambda 2.73,5 --lr 0.002 --hidden 64,32"
    assert train_command(settings) == f"pipeline train {options}"


@pytest.mark.parametrize("rows", [50, 1168, 3000, 50_000])
def test_of_settings_for_rows_the_command_has_what_does_not_follow_from_the_rows(rows):
    assert train_command(Settings().for_rows(rows)) == "pipeline train"
    given = Settings(epochs=7, batch_size=64, dropout=0.2).for_rows(rows)
    dropout = "--dropout 0.2 " if rows >= 2000 else ""
    expected = f"pipeline train --epochs 7 {dropout}--batch-size 64"
    assert train_command(given) == expected
    assert Settings(epochs=7, batch_size=64, dropout=0.2).for_rows(rows) == given


def test_train_reads_from_the_command_the_settings_it_is_made_from(trained):
    names = [field.name for field in options()]
    assert all(getattr(CHANGED, n) != getattr(Settings(), n) for n in names)
    assert set(names) < inspect.signature(train).parameters.keys()
    words = train_command(CHANGED).split()
    assert all(f"--{option_name(field)}" in words for field in options())
    assert trained(train_command(CHANGED)) == CHANGED
    assert trained(train_command(Settings())) == Settings()
