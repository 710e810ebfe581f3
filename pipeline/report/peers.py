"""The scores of other models on the same competition, to judge a run by."""

from typing import NamedTuple

from pipeline.ames import DIGESTS
from pipeline.runs.record import Run

OWN = "this run"


class Peer(NamedTuple):
    """The name of a model or program, and its log-RMSE."""

    name: str
    score: float


# Out-of-fold over all rows, five shuffled folds. The mean price is that of the training
# rows of each fold. The book is Dive into Deep Learning, section 3.16, whose score is
# published. The others were measured: ridge regression on one-hot encoded columns, and
# XGBoost with tuned settings.
CROSS_VALIDATED = (
    Peer("mean price", 0.3995),
    Peer("the book", 0.1709),
    Peer("ridge", 0.1327),
    Peer("tuned boosting", 0.1202),
)
# Kaggle's leaderboard. Boosting is CatBoost; docs/score.md lists more models.
LEADERBOARD = (
    Peer("sample submission", 0.4061),
    Peer("the book", 0.1671),
    Peer("ridge", 0.1224),
    Peer("tuned boosting", 0.1183),
    Peer("best public without leaked answers", 0.1162),
)


def ranked(peers: tuple[Peer, ...], own: float | None) -> list[Peer]:
    """Return peers and, if it has a score, the run itself; the highest score first."""
    mine = [] if own is None else [Peer(OWN, own)]
    return sorted([*peers, *mine], key=lambda peer: -peer.score)


def comparison(run: Run, leaderboard: float | None = None) -> dict[str, list[Peer]]:
    """Return the peers of a run by where they were scored; none for other data.

    A cross-validated score and one of the leaderboard are of different houses, and
    cannot be compared with each other.

    Args:
        run: the run.
        leaderboard: its score on Kaggle, if it was sent.
    """
    if run.inputs.get("data/raw/train.csv") != DIGESTS["train.csv"]:
        return {}
    return {
        "cross-validated": ranked(CROSS_VALIDATED, run.cv),
        "on the leaderboard": ranked(LEADERBOARD, leaderboard),
    }
