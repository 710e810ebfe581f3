"""The scores of the models and of their blend, and the coverage of the forecast.

python -m experiments.cv_score
"""

from dataclasses import replace

import numpy as np
from joblib import cpu_count

from experiments.common import (
    DEVELOPMENT,
    HELD_OUT,
    Houses,
    error_correlation,
    load,
    scores_of,
)
from experiments.documents import SCORE, put, table
from pipeline.core.settings import Settings
from pipeline.models.ensemble import cross_validate_models
from pipeline.validation.uncertainty import forecast

DRAWS = 200  # random halves of the houses


def log_predictions(houses: Houses, seed: int) -> dict[str, np.ndarray]:
    """Return the out-of-fold log prices of each model and of the blend."""
    settings = replace(Settings(), seed=seed)
    result = cross_validate_models(
        houses.dataset, settings, lambda *_: None, cpu_count()
    )
    found = {member.name: member.chosen.out_of_fold for member in result.members}
    return {**found, "blend": result.predictions.out_of_fold}


def score_table(houses: Houses, runs: dict[str, list[np.ndarray]]) -> str:
    """Score each model, and compare it with the blend."""
    scores = {name: scores_of(houses, predicted) for name, predicted in runs.items()}
    rows = []
    for name, score in scores.items():
        alike = error_correlation(houses, runs[name], runs["mlp"])
        gap = "" if name == "blend" else score.difference(scores["blend"])
        means = f"{score.every:.4f}", f"{score.usual:.4f}"
        rows.append([name, *means, gap, f"{alike:.2f}"])
    header = ["model", "all rows", "without the two", "difference to the blend"]
    return table([*header, "error correlation with mlp"], rows)


def coverage_table(errors: dict[int, np.ndarray]) -> str:
    """Count how often the score of one half is in the interval of the other half.

    `errors` are those of the blend, by fold seed.
    """
    rows = []
    generator = np.random.default_rng(0)
    for seed, errors_of_seed in errors.items():
        below = above = 0
        for _ in range(DRAWS):
            half, other = np.array_split(generator.permutation(errors_of_seed), 2)
            expected = forecast(half**2, len(other), draws=1000)
            score = np.sqrt(np.mean(other**2))
            below += score < expected.low
            above += score > expected.high
        counts = below, DRAWS - below - above, above
        rows.append([str(seed), *(f"{count / DRAWS:.1%}" for count in counts)])
    return table(["fold seed", "score below", "inside", "above"], rows)


def main() -> None:
    """Write both tables."""
    houses = load()
    by_seed = {seed: log_predictions(houses, seed) for seed in HELD_OUT}
    names = by_seed[HELD_OUT[0]]
    runs = {name: [run[name] for run in by_seed.values()] for name in names}
    put("score", score_table(houses, runs), SCORE)
    by_seed[DEVELOPMENT[0]] = log_predictions(houses, DEVELOPMENT[0])
    errors = {
        seed: by_seed[seed]["blend"] - houses.transformed
        for seed in (DEVELOPMENT[0], HELD_OUT[0])
    }
    put("coverage", coverage_table(errors), SCORE)


if __name__ == "__main__":
    main()
