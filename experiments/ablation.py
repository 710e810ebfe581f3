"""What each part of the default buys: take it away and score again.

python -m experiments.ablation
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch

from experiments.common import (
    CHOOSING,
    Houses,
    Scores,
    load,
    put,
    scores_of,
    standard_error,
    table,
    validate,
)
from pipeline.core.settings import Settings
from pipeline.data import encoder, features
from pipeline.network import stacked_mlp, trainer
from pipeline.validation import parallel
from pipeline.validation.clipping import PriceBounds
from pipeline.validation.fold_data import FoldData

Change = Callable[[], AbstractContextManager[object]]
ONE = replace(Settings(), seeds=1)  # one network a fold, on both sides


class Variant(NamedTuple):
    """The default with one thing changed: its settings, code or columns."""

    name: str
    settings: Settings = ONE
    change: Change = nullcontext
    without: tuple[str, ...] = ()


def one_head(index: int) -> Change:
    """Predict with the deep (0) or the wide (1) head alone; both still learn."""

    @torch.no_grad()
    def predict(stack: stacked_mlp.StackedMLP, inputs: torch.Tensor) -> torch.Tensor:
        return stack.heads(inputs)[index]

    return lambda: patch.object(trainer, "predict", predict)


def one_ceiling() -> AbstractContextManager[object]:
    """Bound every house by the highest training price, wherever it stands."""

    def highest(limits: PriceBounds, neighbourhoods: pd.Series) -> np.ndarray:
        return np.full(len(neighbourhoods), limits.highest)

    return patch.object(PriceBounds, "ceiling_of", highest)


@contextmanager
def nothing_crossed() -> Iterator[None]:
    """Leave out the columns that cross a word with a number."""
    with patch.object(encoder, "CROSSED", ()):
        yield


def names(columns: tuple[features.Built, ...]) -> tuple[str, ...]:
    """Built columns by name, but for those that the crossings need."""
    needed = {number for _, number in features.CROSSED}
    return tuple(column.name for column in columns if column.name not in needed)


def swap(owner: object, name: str, value: object) -> Change:
    """Another value for a constant or function of a module."""
    return lambda: patch.object(owner, name, value)


VARIANTS = (
    Variant("the default, one network a fold"),
    Variant("two networks a fold (the default)", replace(ONE, seeds=2)),
    Variant("four networks a fold", replace(ONE, seeds=4)),
    Variant("the highest price as only ceiling", change=one_ceiling),
    Variant("no bounds at all", change=swap(FoldData, "bound", lambda _, x: x)),
    Variant("squared loss", change=swap(parallel, "HUBER_DELTA", 1e9)),
    Variant("rare words in full", change=swap(encoder, "FULL_SHARE", 1e-9)),
    Variant("the deep head alone", change=one_head(0)),
    Variant("the wide head alone", change=one_head(1)),
    Variant("no weight decay", replace(ONE, lambdas=(0.0,))),
    Variant("weight decay 1", replace(ONE, lambdas=(1.0,))),
    Variant("weight decay 10", replace(ONE, lambdas=(10.0,))),
    Variant("no dropout", replace(ONE, dropout=0.0)),
    Variant("16 hidden units", replace(ONE, hidden=(16,))),
    Variant("256 hidden units", replace(ONE, hidden=(256,))),
    Variant("two hidden layers, 128 and 64", replace(ONE, hidden=(128, 64))),
    Variant("20 epochs", replace(ONE, epochs=20)),
    Variant("80 epochs", replace(ONE, epochs=80)),
    Variant("no warm-up", change=swap(trainer, "WARM_UP", 1e-9)),
    Variant("no sums", without=names(features.SUMS)),
    Variant("no products", without=names(features.PRODUCTS)),
    Variant("no curves", without=names(features.CURVES)),
    Variant("no commercial zone", without=("CommercialZone",)),
    Variant("no crossings", change=nothing_crossed),
    Variant("no built columns", change=nothing_crossed, without=names(features.BUILT)),
)


def predicted(houses: Houses, variant: Variant, seed: int) -> np.ndarray:
    """The out-of-fold prices of a variant on the folds of a seed, [rows]."""
    fewer = houses._replace(
        train=houses.train.drop(columns=list(variant.without)),
        test=houses.test.drop(columns=list(variant.without)),
    )
    with variant.change():
        return validate(fewer, variant.settings, seed).out_of_fold[0]


def score(houses: Houses, variant: Variant) -> Scores:
    """Score a variant on the fold seeds that choices are made on."""
    log_prices = [np.log(predicted(houses, variant, seed)) for seed in CHOOSING]
    return scores_of(houses, log_prices)


def main() -> None:
    """Score every variant and set it against the default on the same folds."""
    houses = load()
    rows, base = [], None
    for variant in VARIANTS:
        scores = score(houses, variant)
        base = scores if base is None else base
        gap = scores.every - base.every
        change = f"{gap.mean():+.4f} ± {standard_error(gap):.4f}"
        parallel = f"{scores.every.mean():.4f}", f"{scores.usual.mean():.4f}", change
        rows.append([variant.name, *parallel])
        print(*rows[-1], sep=" · ", flush=True)
    header = ["variant", "all rows", "without the two", "change of all rows"]
    put("ablation", table(header, rows))


if __name__ == "__main__":
    main()
