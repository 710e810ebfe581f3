"""The stage `predict`: a run's networks and a file of houses -> a file of prices."""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import torch

from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.data.clean import clean_rows
from pipeline.data.features import build_features
from pipeline.data.raw import read_new
from pipeline.data.schema import CATEGORIES, ID, TARGET
from pipeline.runs import integrity
from pipeline.runs.predictor import Predictor
from pipeline.runs.writer import PRICES


class Prediction(NamedTuple):
    """The houses of a file, priced, and what had to be assumed of them."""

    path: Path
    rows: list[tuple[int, float]]
    assumptions: list[dict[str, Any]]
    unseen: dict[str, list[str]]


def predict(
    project: Project, record: dict[str, Any], source: Path, path: Path
) -> Prediction:
    """Price the houses of a file as the run priced its test houses.

    Args:
        project: the project.
        record: of the run.
        source: any file with the competition's columns, with prices or without.
        path: of the file to write.

    Raises:
        UserError: the run is not as it was finished, the file cannot be used, or the
            other cannot be written.
    """
    _refuse(project, source, path)
    for change in integrity.run_changes(project, record):
        raise UserError(change)
    houses, outside_schema = read_new(source)
    cleaned = clean_rows(houses)
    torch.set_num_threads(1)  # as in training: sums depend on how they are shared
    fitted = Predictor.load(project, record)
    prices = fitted.prices(build_features(cleaned.frame))
    priced = pd.DataFrame({ID: houses[ID], TARGET: prices})
    write_atomically(path, priced.to_csv(index=False, float_format=PRICES))
    assumptions = [{"file": source.name, **a._asdict()} for a in cleaned.assumptions]
    rows = list(priced.itertuples(index=False, name=None))
    return Prediction(path, rows, assumptions, _unseen(fitted, houses, outside_schema))


def _unseen(
    fitted: Predictor, houses: pd.DataFrame, outside_schema: dict[str, list[str]]
) -> dict[str, list[str]]:
    """Words of the houses that no network has met, column by column."""
    unseen = {
        name: [
            *(
                w
                for w in sorted(set(houses[name].dropna()))
                if f"{name}={w}" in fitted.unmet
            ),
            *outside_schema.get(name, []),
        ]
        for name in CATEGORIES
    }
    return {name: words for name, words in unseen.items() if words}


def _refuse(project: Project, source: Path, path: Path) -> None:
    """Refuse to write over what no program edits."""
    if path.is_dir():
        raise UserError(f"-o {path}: a folder; name the file to write")
    kept = {source.name: source, "data/raw": project.raw, "runs": project.runs}
    for name, place in kept.items():
        if path.resolve().is_relative_to(place.resolve()):
            raise UserError(f"-o {path}: {name} is not written over; name another file")
