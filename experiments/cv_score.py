"""The default's score on fold seeds that chose it and on fresh ones.

python -m experiments.cv_score
"""

import numpy as np

from experiments.common import CHOOSING, FRESH, load, put, scores_of, table, validate
from pipeline.core.settings import Settings


def main() -> None:
    """Score the default on ten fold seeds, with and without what bounds prices."""
    houses = load()
    rows = []
    for name, seeds in (("choosing", CHOOSING), ("fresh", FRESH)):
        results = [validate(houses, Settings(), seed) for seed in seeds]
        capped_decay = [np.log(result.out_of_fold[0]) for result in results]
        scores = scores_of(houses, capped_decay)
        replicas = zip(seeds, scores.every, scores.usual, strict=True)
        rows += [
            [f"{seed} ({name})", f"{a:.4f}", f"{b:.4f}"] for seed, a, b in replicas
        ]
        means = f"{scores.every.mean():.4f}", f"{scores.usual.mean():.4f}"
        rows.append([f"**mean, {name}**", *(f"**{mean}**" for mean in means)])
    header = ["fold seed", "all 1,460 rows", "without Ids 524 and 1299"]
    put("score", table(header, rows))


if __name__ == "__main__":
    main()
