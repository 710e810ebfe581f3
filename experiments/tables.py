"""The suite that decides: real tables, nothing edited, beside other libraries.

Needs the extra `bench`: python -m experiments.tables

A third of each table is held out at random, three times. On the rest, `pipeline schema`
infers the schema, and `preprocess`, `train` and `submit` run with their default
settings. The peers, with theirs, are fitted once on the same rows. All are scored on
the held-out rows, in the metric that the schema has.

Predictions are kept in the folder that the variable TABLES_CACHE names (data/tables):
those of the peers, and ours under a label, such as a version. What is there is not run
again.
"""

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from experiments.documents import TABLES as DOCUMENT
from experiments.documents import put
from experiments.held_out import SENT, Outcome, Result, combine, report
from experiments.peers import PEERS, predict
from experiments.processes import cost, temporary_project
from experiments.shipped_tables import CACHE, OTHERS, SUITE, TABLES, Split, load, split
from pipeline.core.files import read_json, write_atomically
from pipeline.core.metrics import METRICS, Metric
from pipeline.core.paths import Project

SPLITS = (0, 1, 2)
GROUPS = {"suite": list(SUITE), "others": list(OTHERS)}
KEPT = "oof.csv", "predictions.csv", "run.json"


class Task(NamedTuple):
    """A split of a table."""

    name: str
    seed: int

    @property
    def parts(self) -> Split:
        """The training and the held-out rows."""
        return split(load(self.name), self.seed)

    def folder(self, label: str) -> Path:
        """Return where predictions of a version, or of the peers, are kept."""
        return CACHE / label / f"{self.name}-{self.seed}"

    def record(self, label: str) -> dict[str, Any]:
        """Return the run's record; empty if the run is not kept."""
        path = self.folder(label) / "run.json"
        return read_json(path) if path.exists() else {}

    def peer_file(self, peer: str, metric: Metric) -> Path:
        """Return where the predictions of a peer for a metric are kept."""
        return self.folder("peers") / f"{peer}, {metric.name}.csv"


def run_ours(task: Task, label: str) -> None:
    """Run the commands on a split, and keep the schema and files of the run.

    Raises:
        CalledProcessError: A command failed.
        ValueError: The predictions do not have the rows of test.csv in their order.
    """
    (train, test), target = task.parts, TABLES[task.name].target
    folder = task.folder(label)
    with temporary_project() as root:
        project, place = Project(root), ("--root", str(root))
        train.to_csv(project.raw / "train.csv", index=False)
        test.drop(columns=target).to_csv(project.raw / "test.csv", index=False)
        cost("schema", *place)
        cost("preprocess", *place)
        done = cost("train", *place, "--json")
        cost("submit", *place)
        run = project.runs / json.loads(done.output)["run_id"]
        ids = pd.read_csv(run / "predictions.csv").iloc[:, 0]
        expected = test[ids.name] if ids.name in test else range(1, len(test) + 1)
        if list(ids) != list(expected):
            raise ValueError(f"{task}: the predictions have other rows than test.csv")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(project.raw / "schema.toml", folder)
        for name in KEPT:  # run.json is the last: with it, all are there
            shutil.copy(run / name, folder)


def run_peer(task: Task, peer: str, metric: Metric) -> None:
    """Keep a peer's predictions."""
    parts, path = task.parts, task.peer_file(peer, metric)
    predicted = predict(peer, parts, TABLES[task.name], metric)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = pd.DataFrame({"row": parts.test.index, "prediction": predicted})
    write_atomically(path, kept.to_csv(index=False))


def run(tasks: Sequence[Task], label: str) -> None:
    """Run what is not kept yet: ours, and the peers."""
    for task in tasks:
        if not task.record(label):
            print(*task, label, flush=True)
            run_ours(task, label)
    for task in tasks:
        metric = METRICS[task.record(label)["metric"]]
        for peer in PEERS:
            if not task.peer_file(peer, metric).exists():
                print(*task, peer, flush=True)
                run_peer(task, peer, metric)


def outcome(task: Task, label: str) -> Outcome:
    """Return the losses of our models and of the peers, from what is kept."""
    record, test = task.record(label), task.parts.test
    metric, target = METRICS[record["metric"]], TABLES[task.name].target
    ours = pd.read_csv(task.folder(label) / "predictions.csv").iloc[:, 1:]
    predicted = ours.rename(columns={target: SENT}).set_index(test.index)
    for peer in PEERS:
        kept = pd.read_csv(task.peer_file(peer, metric), index_col="row")
        predicted[peer] = kept["prediction"]
    actual = test[target].to_numpy()
    losses = predicted.apply(lambda column: metric.losses(column.to_numpy(), actual))
    score, expected = metric.of_mean(losses[SENT].mean()), record["forecast"]
    return Outcome(metric, losses, expected["low"] <= score <= expected["high"])


def results(tasks: Sequence[Task], label: str) -> dict[str, Result]:
    """Return the results of the tables, from what is kept."""
    outcomes: dict[str, list[Outcome]] = {}
    for task in tasks:
        outcomes.setdefault(task.name, []).append(outcome(task, label))
    return {name: combine(splits) for name, splits in outcomes.items()}


def main() -> None:
    """Run what the arguments name, and print the tables.

    A whole suite with all its splits is written into the document, too.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add = parser.add_argument
    add("--tables", default="suite", help="suite, others, or names with commas")
    add("--splits", default="0,1,2", help="seeds with commas")
    add("--label", default="now", help="the name under which ours is kept")
    given = parser.parse_args()
    seeds = [int(seed) for seed in given.splits.split(",")]
    names = GROUPS.get(given.tables) or given.tables.split(",")
    tasks = [Task(name, seed) for seed in seeds for name in names]
    run(tasks, given.label)
    text = report(results(tasks, given.label))
    if given.tables in GROUPS and seeds == list(SPLITS):
        put(given.tables, text, DOCUMENT)
    else:
        print(text)


if __name__ == "__main__":
    main()
