"""The command that a run suggests is one that `pipeline train` accepts."""

import inspect
from dataclasses import fields

import pytest

from pipeline.cli.train import train
from pipeline.core.errors import UserError
from pipeline.core.settings import Settings, option_name, train_command
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
    options = "--lambda 2.73,5 --hidden 64,32 --lr 0.002 --folds 3"
    assert train_command(settings) == f"pipeline train {options}"


def test_train_reads_from_the_command_the_settings_it_is_made_from(trained):
    names = {field.name for field in fields(Settings)}
    options = names & inspect.signature(train).parameters.keys()
    assert all(getattr(CHANGED, n) != getattr(Settings(), n) for n in options)
    assert all(f"--{option_name(n)} " in train_command(CHANGED) for n in options)
    assert trained(train_command(CHANGED)) == CHANGED
    assert trained(train_command(Settings())) == Settings()
