"""The score of the default on development and on held-out fold seeds.

python -m experiments.cv_score
"""

import numpy as np

from experiments.common import (
    DEVELOPMENT,
    HELD_OUT,
    load,
    put,
    scores_of,
    table,
    validate,
)
from pipeline.core.settings import Settings


def main() -> None:
    """Score the default on ten fold seeds."""
    houses = load()
    rows = []
    for name, seeds in (("development", DEVELOPMENT), ("held-out", HELD_OUT)):
        results = [validate(houses, Settings(), seed) for seed in seeds]
        log_prices = [np.log(result.out_of_fold[0]) for result in results]
        scores = scores_of(houses, log_prices)
        each = zip(seeds, scores.every, scores.usual, strict=True)
        rows += [[f"{seed} ({name})", f"{a:.4f}", f"{b:.4f}"] for seed, a, b in each]
        means = f"{scores.every.mean():.4f}", f"{scores.usual.mean():.4f}"
        rows.append([f"**mean, {name}**", *(f"**{mean}**" for mean in means)])
    header = ["fold seed", "all 1,460 rows", "without Ids 524 and 1299"]
    put("score", table(header, rows))


if __name__ == "__main__":
    main()
