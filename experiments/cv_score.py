"""The scores of the models and of their blend, and the coverage of the forecast.

python -m experiments.cv_score
"""

import numpy as np

from experiments import common
from experiments.documents import SCORE, put, table
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.validation.uncertainty import forecast

SPLITS = 200  # of the houses into random halves


def log_prices(dataset: Dataset, seed: int) -> dict[str, np.ndarray]:
    """Return the out-of-fold log prices of each model and of the blend."""
    result = common.validate(dataset, Settings(), seed)
    found = {member.name: member.chosen.out_of_fold for member in result.members}
    return {**found, "blend": result.predictions.out_of_fold}


def score_table(dataset: Dataset, runs: dict[str, common.LogPrices]) -> str:
    """Score each model, and compare it with the blend."""
    scores = {
        name: common.scores_of(dataset, predicted) for name, predicted in runs.items()
    }
    rows = []
    for name, score in scores.items():
        correlation = common.error_correlation(dataset, runs[name], runs["mlp"])
        gap = "" if name == "blend" else score.difference(scores["blend"])
        rows.append([name, *score.texts, gap, correlation])
    header = ["model", "all rows", "without the two", "difference to the blend"]
    return table([*header, "error correlation with mlp"], rows)


def coverage_table(errors: dict[int, np.ndarray]) -> str:
    """Count how often the score of one half is in the interval of the other half.

    `errors` are those of the blend, by fold seed.
    """
    rows = []
    generator = np.random.default_rng(0)
    for seed, errors_of_seed in errors.items():
        counts = np.zeros(3, int)  # below the interval, inside, above
        for _ in range(SPLITS):
            half, other = np.array_split(generator.permutation(errors_of_seed), 2)
            expected = forecast(half**2, len(other), draws=1000)
            score = np.sqrt(np.mean(other**2))
            counts[int(score >= expected.low) + int(score > expected.high)] += 1
        rows.append([str(seed), *(f"{count / SPLITS:.1%}" for count in counts)])
    return table(["fold seed", "score below", "inside", "above"], rows)


def main() -> None:
    """Write both tables."""
    dataset, first = common.load(), common.DEVELOPMENT[0]
    by_seed = {s: log_prices(dataset, s) for s in (first, *common.HELD_OUT)}
    names = by_seed[first]
    runs = {name: [by_seed[s][name] for s in common.HELD_OUT] for name in names}
    put("score", score_table(dataset, runs), SCORE)
    errors = {
        seed: by_seed[seed]["blend"] - np.log(dataset.actual)
        for seed in (first, common.HELD_OUT[0])
    }
    put("coverage", coverage_table(errors), SCORE)


if __name__ == "__main__":
    main()
