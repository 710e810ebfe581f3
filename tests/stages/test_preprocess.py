"""The files of data/processed contain what the code computed."""

import pandas as pd
from ames_columns import CATEGORIES

from pipeline.core.paths import Project
from pipeline.stages.preprocess import preprocess, read_features


def test_features_come_back_from_disk_as_they_were(
    project, train_features, test_features
):
    folders = Project(project)
    written = read_features(folders, preprocess(folders)["outputs"])
    pairs = ((written.train, train_features), (written.test, test_features))
    for read, expected in pairs:
        assert list(read.columns) == list(expected.columns)
        categories = [c.name for c in CATEGORIES.values() if not c.ordered]
        pd.testing.assert_frame_equal(
            read.drop(columns=categories),
            expected.drop(columns=categories),
            check_dtype=False,
            rtol=1e-12,
        )
        for name in categories:
            assert read[name].equals(expected[name].astype(read[name].dtype)), name


def test_the_summary_counts_the_missing_values(project):
    summary = preprocess(Project(project))
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
