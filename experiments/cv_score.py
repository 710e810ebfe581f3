"""The scores of the models and of their blend, and the coverage of the forecast.

python -m experiments.cv_score
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from joblib import cpu_count

from experiments.documents import SCORE, put, table
from pipeline.ames.table import ames
from pipeline.core.numbers import difference_text, score_texts
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.data.features import read_dataset
from pipeline.models.ensemble import Ensemble, cross_validate_models
from pipeline.validation.uncertainty import forecast, paired_difference

SEEDS = range(10, 15)  # of the folds; not held out from all choices: see docs/score.md
OUTLIERS = (524, 1299)  # very large houses, sold cheaply; not removed from training
SPLITS = 200  # of the houses into random halves


def load() -> Dataset:
    """Return the real data, and set one thread per part, as `pipeline train` does."""
    torch.set_num_threads(1)
    return read_dataset(Project(Path()).raw, ames())


def validate(dataset: Dataset, settings: Settings) -> Ensemble:
    """Cross-validate the models of the settings, using all cores."""
    return cross_validate_models(dataset, settings, lambda *_: None, cpu_count())


def errors_of(dataset: Dataset, seed: int) -> dict[str, np.ndarray]:
    """Return the out-of-fold errors of the logs of each model and of the blend."""
    result = validate(dataset, replace(Settings(), seed=seed))
    found = {member.name: member.chosen.out_of_fold for member in result.members}
    found["blend"] = result.predictions.out_of_fold
    return {name: each - np.log(dataset.actual) for name, each in found.items()}


def score_table(dataset: Dataset, errors: Mapping[str, np.ndarray]) -> str:
    """Score each model, and compare it with the blend.

    The errors have the shape (fold seeds, rows). The seeds share the houses, so only
    the houses tell how sure a difference is (Nadeau and Bengio, Machine Learning,
    2003): the losses that are compared are means over the seeds.
    """
    inliers = ~dataset.train["Id"].isin(OUTLIERS).to_numpy()
    losses = {name: (each**2).mean(axis=0) for name, each in errors.items()}
    rows = []
    for name, each in errors.items():
        scores = [
            np.sqrt((part**2).mean(axis=1)).mean() for part in (each, each[:, inliers])
        ]
        gap = paired_difference(losses["blend"], losses[name])
        pairs = zip(each, errors["mlp"], strict=True)
        correlation = np.mean([np.corrcoef(*pair)[0, 1] for pair in pairs])
        difference = "" if name == "blend" else difference_text(*gap)
        rows.append([name, *score_texts(scores), difference, f"{correlation:.2f}"])
    header = ["model", "all rows", "without the two", "difference to the blend"]
    return table([*header, "error correlation with mlp"], rows)


def coverage_table(errors: Mapping[int, np.ndarray]) -> str:
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
    dataset, default = load(), Settings().seed
    by_seed = {seed: errors_of(dataset, seed) for seed in (default, *SEEDS)}
    errors = {
        name: np.stack([by_seed[seed][name] for seed in SEEDS])
        for name in by_seed[default]
    }
    put("score", score_table(dataset, errors), SCORE)
    blend = {seed: by_seed[seed]["blend"] for seed in (default, SEEDS[0])}
    put("coverage", coverage_table(blend), SCORE)


if __name__ == "__main__":
    main()
