"""The columns of Ames, for tests that go through all of them."""

import numpy as np
import pandas as pd

from pipeline.ames.table import ames
from pipeline.data import features
from pipeline.data.dataset import Dataset, Layout
from pipeline.data.encoder import Matrix, column_blocks
from pipeline.data.schema import Number

AMES = ames()
SCHEMA = AMES.schema
COLUMNS = SCHEMA.columns
CATEGORIES = SCHEMA.categories
NUMBERS = {c.name: c for c in COLUMNS if isinstance(c, Number)}
ID, TARGET = "Id", "SalePrice"
LAYOUT = features.layout(AMES, {})


def ames_dataset(train: pd.DataFrame, test: pd.DataFrame) -> Dataset:
    """Return features of training and test rows as models are given them."""
    return Dataset(SCHEMA, LAYOUT, train, test, {})


def to_matrix(rows: pd.DataFrame, layout: Layout) -> Matrix:
    """Return all encoded columns as floats of full precision, without padding."""
    blocks = list(column_blocks(rows, layout))
    return Matrix(
        np.hstack([block.entries for block in blocks]),
        [name for block in blocks for name in block.names],
    )
