"""The coverage of the 90 % interval of the forecast.

python -m experiments.forecast_coverage

The out-of-fold errors of the blend are split into random halves. The forecast from
one half is compared with the score of the other.
"""

import numpy as np

from experiments.common import DEVELOPMENT, HELD_OUT, load
from experiments.cv_score import log_predictions
from experiments.documents import SCORE, put, table
from pipeline.validation.uncertainty import forecast

DRAWS = 200


def main() -> None:
    """Count how often the other half's score is in the interval."""
    houses = load()
    rows = []
    generator = np.random.default_rng(0)
    for seed in (DEVELOPMENT[0], HELD_OUT[0]):
        errors = log_predictions(houses, seed)["blend"] - houses.transformed
        counts = np.zeros(3, dtype=int)
        for _ in range(DRAWS):
            known, other = np.array_split(generator.permutation(errors), 2)
            expected = forecast(known**2, len(other), draws=1000)
            score = np.sqrt(np.mean(other**2))
            counts += [score < expected.low, False, score > expected.high]
        counts[1] = DRAWS - counts.sum()
        low, inside, high = (f"{count / DRAWS:.1%}" for count in counts)
        rows.append([str(seed), low, inside, high])
    header = ["fold seed", "score below", "inside", "above"]
    put("coverage", table(header, rows), SCORE)


if __name__ == "__main__":
    main()
