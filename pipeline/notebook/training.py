"""Train the models on loaded rows, with the settings of `pipeline train`."""

from collections.abc import Sequence
from dataclasses import replace

from joblib import cpu_count

from pipeline.core.settings import MODELS
from pipeline.models.ensemble import cross_validate_models
from pipeline.network.threads import one_thread
from pipeline.notebook.data import Data
from pipeline.notebook.mistakes import python_errors, settings_of
from pipeline.notebook.progress import progress
from pipeline.notebook.result import Result
from pipeline.notebook.saving import Trained
from pipeline.stages.train import usable_device


@python_errors()
def train(  # noqa: PLR0913 - the settings are arguments
    data: Data,
    *,
    models: str | Sequence[str] = MODELS,
    folds: int = 5,
    lambdas: float | Sequence[float] = (1.0,),
    seeds: int = 2,
    seed: int = 0,
    epochs: int | None = None,
    lr: float = 5e-3,
    hidden: int | Sequence[int] | None = None,
    dropout: float | None = None,
    batch_size: int | None = None,
    device: str = "cpu",
    trees: int | None = None,
    quiet: bool = False,
) -> Result:
    """Train the models under cross-validation, and blend them.

    What is None follows from the number of rows, as in `pipeline train`.

    Args:
        data: What `load` returned.
        models: Models to train and to blend: mlp, boosting, ridge.
        folds: Number of cross-validation folds.
        lambdas: Weight decay λ of the networks; several are compared.
        seeds: Networks per fold, averaged.
        seed: Random seed of folds, weights and batches.
        epochs: Number of training epochs of the networks.
        lr: Peak learning rate of the networks (warm-up, then cosine decay).
        hidden: Widths of their hidden layers.
        dropout: Their dropout probability.
        batch_size: Rows per training step.
        device: Device to train the networks on: cpu, cuda, mps or auto.
        trees: Number of boosted trees per fold.
        quiet: Show no progress.

    Raises:
        InputError: A setting is outside its range, or does not fit the rows; it is a
            ValueError.
        TypeError: A setting is of another type, or `data` is not what `load` returned.
    """
    given = {n: v for n, v in locals().items() if n not in {"data", "quiet"}}
    if not isinstance(data, Data):
        kind = type(data).__name__
        raise TypeError(f"data: must be what load(train, test) returns, not {kind}")
    settings = settings_of(**given)
    settings = replace(settings, device=usable_device(settings.device))
    with one_thread(), progress(hidden=quiet) as callback:
        result = cross_validate_models(data.dataset, settings, callback, cpu_count())
        return Result.of(Trained(data, settings, result))
