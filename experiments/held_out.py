"""Scores on held-out rows: what is sent beside its own models and the peers.

Nothing is run here. An `Outcome` has the losses of one split of a table, a `Result`
those of all its splits, and `figures` counts over the tables of a suite.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import geometric_mean
from typing import NamedTuple

import pandas as pd

from experiments.documents import table
from experiments.peers import PEERS
from experiments.shipped_tables import SUITE
from pipeline.core.metrics import Metric
from pipeline.core.numbers import difference_text, score_text
from pipeline.validation.uncertainty import Difference, paired_difference

SENT = "sent"  # the predictions that `submit` sends


class Outcome(NamedTuple):
    """What one split of a table showed.

    Attributes:
        metric: of all losses.
        losses: a row per held-out row of the table, whose number is the index, and a
            column per model: `SENT`, the run's own models, the peers.
        held: whether the 90 % interval of the forecast holds the score of `SENT`.
    """

    metric: Metric
    losses: pd.DataFrame
    held: bool


class Result(NamedTuple):
    """All splits of a table.

    Attributes:
        metric: of the scores.
        scores: of each model, the mean over the splits; NaN unless it has all.
        losses: of each row, the mean over the splits that hold it out, by model.
        held: in how many splits the interval holds the score.
        splits: how many there are.
    """

    metric: Metric
    scores: "pd.Series[float]"
    losses: pd.DataFrame
    held: int
    splits: int

    @property
    def own(self) -> list[str]:
        """The names of the run's own models."""
        return [name for name in self.losses if name not in {SENT, *PEERS}]

    def behind(self, other: str) -> Difference:
        """Return how much higher the error of `SENT` is than another model's.

        Rows are paired, and the standard error is over rows.
        """
        first, second = (self.losses[name].to_numpy() for name in (other, SENT))
        return paired_difference(first, second, self.metric)

    def verdict(self, other: str) -> str:
        """Return whether `SENT` is "worse" or "better" by two standard errors."""
        behind = self.behind(other)
        if not behind.is_told_apart:
            return "level"
        return "worse" if behind.value > 0 else "better"

    @property
    def better_own(self) -> list[str]:
        """The own models that are better than `SENT`."""
        return [name for name in self.own if self.verdict(name) == "worse"]

    @property
    def ratio(self) -> float:
        """The error of `SENT` over that of the best peer."""
        return float(self.scores[SENT] / self.scores[list(PEERS)].min())

    @property
    def is_held(self) -> bool:
        """Whether the interval holds the score in most of the splits."""
        return 2 * self.held > self.splits


def combine(outcomes: Sequence[Outcome]) -> Result:
    """Return the splits of a table together.

    Raises:
        ValueError: The splits have different metrics.
    """
    metric = outcomes[0].metric
    if any(outcome.metric != metric for outcome in outcomes):
        raise ValueError("the splits of a table have different metrics")
    scores = [outcome.losses.mean().map(metric.of_mean) for outcome in outcomes]
    rows = pd.concat([outcome.losses for outcome in outcomes])
    return Result(
        metric=metric,
        scores=pd.concat(scores, axis=1).mean(axis=1, skipna=False),
        losses=rows.groupby(level=0).mean(),
        held=sum(outcome.held for outcome in outcomes),
        splits=len(outcomes),
    )


def figures(found: Mapping[str, Result]) -> str:
    """Return the table of the figures that the suite decides by, with its goals.

    Other tables have the figures without goals.
    """
    results = list(found.values())
    count = Counter(
        (peer, result.verdict(peer)) for result in results for peer in PEERS
    )
    ratios = [result.ratio for result in results]
    own = sum(bool(result.better_own) for result in results)
    held = sum(result.is_held for result in results)
    cat, light, ridge = "CatBoost", "LightGBM", "RidgeCV"
    rows = [
        ("worse than CatBoost", f"{count[cat, 'worse']}", "≤ 1", "0"),
        ("better than CatBoost", f"{count[cat, 'better']}", "≥ 3", "≥ 6"),
        ("worse than RidgeCV", f"{count[ridge, 'worse']}", "≤ 1", "0"),
        ("worse than LightGBM", f"{count[light, 'worse']}", "≤ 1", "0"),
        ("an own model is better than what is sent", f"{own}", "≤ 1", "0"),
        (
            "error over the best peer's, geometric mean",
            f"{geometric_mean(ratios):.3f}",
            "≤ 1.00",
            "≤ .97",
        ),
        ("the same, worst table", f"{max(ratios):.3f}", "≤ 1.10", "≤ 1.03"),
        ("the 90 % interval holds the score", f"{held}", "≥ 11", ""),
    ]
    columns = 4 if found.keys() == SUITE.keys() else 2
    header = [f"of {len(results)} tables", "measured", "must", "hoped for"]
    return table(header[:columns], [row[:columns] for row in rows])


def score_table(results: Mapping[str, Result]) -> str:
    """Return the table of the scores: what is sent, each own model, each peer."""
    own = list(dict.fromkeys(name for each in results.values() for name in each.own))
    models = [SENT, *own, *PEERS]
    rows = []
    for name, result in results.items():
        scores = [score_text(result.scores.get(model)) for model in models]
        facts = [name, str(len(result.losses)), result.metric.title]
        rows.append([*facts, *scores, f"{result.ratio:.3f}"])
    header = ["table", "rows held out", "metric", *models, "over the best peer"]
    return table(header, rows)


def difference_table(results: Mapping[str, Result]) -> str:
    """Return the table of what is sent against each peer and against its own models."""
    rows = []
    for name, result in results.items():
        cells = [
            f"{difference_text(*result.behind(peer))} {result.verdict(peer)}"
            for peer in PEERS
        ]
        own, held = ", ".join(result.better_own), f"{result.held}/{result.splits}"
        rows.append([name, *cells, own, held])
    return table(["table", *PEERS, "better own model", "interval holds"], rows)


def report(results: Mapping[str, Result]) -> str:
    """Return all tables of a suite, in Markdown."""
    parts = figures(results), score_table(results), difference_table(results)
    return "\n\n".join(parts)
