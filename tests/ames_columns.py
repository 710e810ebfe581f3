"""The columns of Ames, for tests that go through all of them."""

import pandas as pd

from pipeline.ames.table import ames
from pipeline.data.dataset import Dataset
from pipeline.data.features import layout
from pipeline.data.schema import Number

AMES = ames()
SCHEMA = AMES.schema
COLUMNS = SCHEMA.columns
CATEGORIES = SCHEMA.categories
NUMBERS = {c.name: c for c in COLUMNS if isinstance(c, Number)}
ID, TARGET = "Id", "SalePrice"
LAYOUT = layout(AMES, {})


def ames_dataset(train: pd.DataFrame, test: pd.DataFrame) -> Dataset:
    """Return features of training and test rows as models are given them."""
    return Dataset(SCHEMA, LAYOUT, train, test, {})
