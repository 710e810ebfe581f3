"""What lies in data/processed is what the code computed."""

import pandas as pd

from pipeline.paths import Folders
from pipeline.preprocess import preprocess, read_features
from pipeline.schema import CATEGORIES


def test_features_come_back_from_disk_as_they_were(
    project, train_features, test_features
):
    preprocess(Folders(project))
    for name, expected in (("train.csv", train_features), ("test.csv", test_features)):
        read = read_features(Folders(project), name)
        assert list(read.columns) == list(expected.columns)
        words = [c.name for c in CATEGORIES.values() if not c.ordered]
        pd.testing.assert_frame_equal(
            read.drop(columns=words),
            expected.drop(columns=words),
            check_dtype=False,
            rtol=1e-12,
        )
        for word in words:
            assert read[word].equals(expected[word].astype(read[word].dtype)), word


def test_the_summary_counts_what_was_filled(project):
    summary = preprocess(Folders(project))
    filled = {row["column"]: row for row in summary["filled"]}
    assert filled["LotFrontage"]["train"] == 259
    assert filled["LotFrontage"]["test"] == 227
    assert filled["MSZoning"] == {
        "column": "MSZoning",
        "train": 0,
        "test": 4,
        "value": None,
    }
    assert summary["unseen_categories"] == {"MSSubClass": ["150"]}
