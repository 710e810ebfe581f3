"""Read the CSV files of a run: predictions and learning curves."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pipeline.core.errors import UserError
from pipeline.core.metrics import Metric


def read_numbers(
    path: Path, columns: Mapping[str, type], metric: Metric | None = None
) -> pd.DataFrame:
    """Read some columns of a file, each of a type.

    Args:
        path: the file.
        columns: the type of each column.
        metric: if given, the floats are targets or predictions: they must be finite,
            and positive where their logs count.

    Raises:
        UserError: the file is not as `pipeline train` writes it.
    """
    try:
        texts = {name: str for name, kind in columns.items() if kind is str}
        frame = pd.read_csv(path, dtype=texts, keep_default_na=not texts)
        frame = frame[list(columns)].astype(dict(columns))
        if frame.empty:
            raise ValueError("no rows")
        if metric is not None:
            _check(frame.select_dtypes(float), metric)
    except (OSError, LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise UserError(
            f"{path}: not as `pipeline train` writes it ({error!r}); train again"
        ) from None
    return frame


def _check(targets: pd.DataFrame, metric: Metric) -> None:
    if not metric.allows(targets.to_numpy()).all():
        raise ValueError(f"a target or prediction that is not {metric.allowed}")
