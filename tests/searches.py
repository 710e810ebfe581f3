"""Shared by the tests of searches: quick options, and functions to read the journal."""

import time

import optuna
from optuna.trial import TrialState

QUICK = ("--epochs", "9", "--folds", "3")


def studies_of(root):
    journal = str(root / "runs" / "tune.journal")
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(journal)
    )
    return optuna.get_all_study_summaries(storage), storage


def study_of(root):
    summaries, storage = studies_of(root)
    (name,) = [summary.study_name for summary in summaries]
    return optuna.load_study(study_name=name, storage=storage)


def trials_of(root):
    return study_of(root).trials


def states_of(root):
    states = [trial.state for trial in trials_of(root)]
    return {state: states.count(state) for state in TrialState}


def wait_for_trials(root, number):
    """Wait until a search has told this many trials and others are running."""
    for _ in range(600):
        if (root / "runs" / "tune.journal").is_file() and studies_of(root)[0]:
            states = states_of(root)
            told = states[TrialState.COMPLETE]
            if told >= number and states[TrialState.RUNNING]:
                return
        time.sleep(0.05)
    raise TimeoutError(number)
