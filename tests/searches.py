"""Shared by the tests of searches: quick options, and functions to read the trials."""

import json
import time

QUICK = ("--epochs", "9", "--folds", "3")


def trials_of(root):
    """Return the trials that the only search of a project has kept, by number."""
    text = (root / "runs" / "tune.json").read_text(encoding="utf-8")
    (batches,) = json.loads(text).values()
    return [trial for batch in batches for trial in batch]


def told(root):
    """Return the scores of the trials that were told, by number."""
    trials = enumerate(trials_of(root))
    return {n: trial["rungs"][-1]["score"] for n, trial in trials if trial["rungs"]}


def wait_for_trials(root, number):
    """Wait until a search has told this many trials and others are running."""
    for _ in range(600):
        if (root / "runs" / "tune.json").is_file():
            finished, trials = told(root), trials_of(root)
            if number <= len(finished) < len(trials):
                return
        time.sleep(0.05)
    raise TimeoutError(number)
