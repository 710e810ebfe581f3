"""The folders of a project. Importing this module creates none of them."""

from pathlib import Path

PACKAGE = Path(__file__).parent.parent  # the code that is running


class Project:
    """The folders and files of a project, all below its root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.raw = root / "data" / "raw"  # the competition's files; no stage edits them
        self.schema_file = self.raw / "schema.toml"  # House Prices needs none
        self.columns_file = self.raw / "columns.py"  # the user may add columns in it
        self.sample_file = self.raw / "sample_submission.csv"  # optional
        self.processed = root / "data" / "processed"  # written by `preprocess`
        self.runs = root / "runs"  # a folder for each training run
        self.submissions = root / "submissions"  # the files for Kaggle
        self.reports = root / "reports"  # pages and figures


def nearest_project() -> Project:
    """Return the project that the current folder is in, for notebooks.

    It is the nearest folder with data/raw, or else the current folder.
    """
    here = Path.cwd()
    roots = [root for root in (here, *here.parents) if (root / "data/raw").is_dir()]
    return Project(roots[0] if roots else here)
