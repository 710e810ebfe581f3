"""Ablation: change one part of the default at a time and score it again.

python -m experiments.ablation
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import NamedTuple
from unittest.mock import patch

import numpy as np

from experiments.common import DEVELOPMENT, load, scores_of, validate
from experiments.documents import SCORE, put, table
from pipeline.ames import columns
from pipeline.ames.table import ames
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.validation import robust_ridge
from pipeline.validation.clipping import RowBounds

Change = Callable[[], AbstractContextManager[object]]
ONE = Settings(models=("mlp",), seeds=1)  # one network per fold


class Variant(NamedTuple):
    """The default with one change: of its settings, its code or its columns."""

    name: str
    settings: Settings = ONE
    change: Change = nullcontext
    without: tuple[str, ...] = ()
    interactions: bool = True


def names(built: Iterable[str]) -> tuple[str, ...]:
    """Return the names of built columns, except for those that interactions need."""
    needed = {number for _, number in ames().schema.interactions}
    return tuple(name for name in built if name not in needed)


VARIANTS = (
    Variant("the default, one network per fold"),
    Variant("two networks per fold (the default)", replace(ONE, seeds=2)),
    Variant("four networks per fold", replace(ONE, seeds=4)),
    Variant("margin of the widest gap", replace(ONE, margin_quantile=1.0)),
    Variant(
        "no price bounds",
        change=partial(patch.object, RowBounds, "clip", lambda _, predicted: predicted),
    ),
    Variant(
        "squared loss", change=partial(patch.object, robust_ridge, "EFFICIENT", 1e9)
    ),
    Variant("rare columns in full", replace(ONE, rare_share=1e-9)),
    Variant("no weight decay", replace(ONE, lambdas=(0.0,))),
    Variant("weight decay 0.3", replace(ONE, lambdas=(0.3,))),
    Variant("weight decay 3", replace(ONE, lambdas=(3.0,))),
    Variant("weight decay 5 at lr 0.001", replace(ONE, lambdas=(5.0,), lr=1e-3)),
    Variant("no dropout", replace(ONE, dropout=0.0)),
    Variant("16 hidden units", replace(ONE, hidden=(16,))),
    Variant("256 hidden units", replace(ONE, hidden=(256,))),
    Variant("two hidden layers, 128 and 64", replace(ONE, hidden=(128, 64))),
    Variant("40 epochs", replace(ONE, epochs=40)),
    Variant("400 epochs", replace(ONE, epochs=400)),
    Variant("no warm-up", replace(ONE, warm_up=1e-9)),
    Variant("no sums", without=names(columns.SUMS)),
    Variant("no products", without=names(columns.PRODUCTS)),
    Variant("no curves", without=names(columns.CURVES)),
    Variant("no interactions", interactions=False),
    Variant("no built columns", without=names(columns.BUILT), interactions=False),
)


def predicted(dataset: Dataset, variant: Variant, seed: int) -> np.ndarray:
    """Return out-of-fold log prices of a variant, shape (rows,)."""
    interactions = dataset.layout.interactions if variant.interactions else ()
    changed = replace(
        dataset,
        layout=replace(dataset.layout, interactions=interactions),
        train=dataset.train.drop(columns=list(variant.without)),
        test=dataset.test.drop(columns=list(variant.without)),
    )
    with variant.change():
        return validate(changed, variant.settings, seed).predictions.out_of_fold


def main() -> None:
    """Score every variant, and its difference to the default on the same folds."""
    dataset = load()
    rows, scores = [], []
    for variant in VARIANTS:
        log_prices = [predicted(dataset, variant, seed) for seed in DEVELOPMENT]
        scores.append(scores_of(dataset, log_prices))
        difference = scores[-1].difference(scores[0])
        rows.append([variant.name, *scores[-1].texts, difference])
        print(*rows[-1], sep=" · ", flush=True)
    header = ["variant", "all rows", "without the two", "difference over all rows"]
    put("ablation", table(header, rows), SCORE)


if __name__ == "__main__":
    main()
