"""The scores of the models and of their blend, on held-out fold seeds.

python -m experiments.cv_score
"""

from dataclasses import replace

import numpy as np
from joblib import cpu_count

from experiments.common import HELD_OUT, Houses, load, scores_of
from experiments.documents import SCORE, put, table
from pipeline.core.settings import Settings
from pipeline.models.ensemble import cross_validate_models


def log_predictions(houses: Houses, seed: int) -> dict[str, np.ndarray]:
    """Return the out-of-fold log prices of each model and of the blend."""
    settings = replace(Settings(), seed=seed)
    result = cross_validate_models(
        houses.dataset, settings, lambda *_: None, cpu_count()
    )
    every = {**result.members, "blend": result.predictions}
    return {name: np.log(each.out_of_fold) for name, each in every.items()}


def main() -> None:
    """Score each model, and compare it with the blend."""
    houses = load()
    runs = [log_predictions(houses, seed) for seed in HELD_OUT]
    scores = {name: scores_of(houses, [run[name] for run in runs]) for name in runs[0]}
    rows = []
    for name, own in scores.items():
        errors = [[run[n] - houses.transformed for n in (name, "mlp")] for run in runs]
        alike = np.mean([np.corrcoef(each)[0, 1] for each in errors])
        gap = "" if name == "blend" else own.difference(scores["blend"])
        rows.append([name, f"{own.every:.4f}", f"{own.usual:.4f}", gap, f"{alike:.2f}"])
        print(*rows[-1], sep=" · ", flush=True)
    header = ["model", "all rows", "without the two", "difference to the blend"]
    put("score", table([*header, "error correlation with mlp"], rows), SCORE)


if __name__ == "__main__":
    main()
