"""The folders of a project. Importing this module creates none of them."""

from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parent.parent  # the code that is running


@dataclass(frozen=True)
class Project:
    """The folders of one project, all below its root."""

    root: Path

    @property
    def raw(self) -> Path:
        """The competition's files; no stage edits them."""
        return self.root / "data" / "raw"

    @property
    def schema_file(self) -> Path:
        """The schema of the files in data/raw; House Prices needs none."""
        return self.raw / "schema.toml"

    @property
    def columns_file(self) -> Path:
        """The Python file in which the user may add columns."""
        return self.raw / "columns.py"

    @property
    def processed(self) -> Path:
        """The files that `preprocess` writes."""
        return self.root / "data" / "processed"

    @property
    def runs(self) -> Path:
        """One folder per training run."""
        return self.root / "runs"

    @property
    def submissions(self) -> Path:
        """The submission files for Kaggle."""
        return self.root / "submissions"

    @property
    def reports(self) -> Path:
        """Report pages and figures."""
        return self.root / "reports"


def nearest_project() -> Project:
    """Return the project that the current folder is in, for notebooks.

    It is the nearest folder with data/raw, or else the current folder.
    """
    here = Path.cwd()
    roots = [root for root in (here, *here.parents) if (root / "data/raw").is_dir()]
    return Project(roots[0] if roots else here)
