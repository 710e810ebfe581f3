"""Where things lie below a project's root; nothing is created by importing this."""

from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parent.parent  # the code that is run


@dataclass(frozen=True)
class Project:
    """The folders of one project, each derived from its root."""

    root: Path

    @property
    def raw(self) -> Path:
        """The competition's files; no stage edits them."""
        return self.root / "data" / "raw"

    @property
    def processed(self) -> Path:
        """What `preprocess` writes."""
        return self.root / "data" / "processed"

    @property
    def runs(self) -> Path:
        """One folder for each training run."""
        return self.root / "runs"

    @property
    def submissions(self) -> Path:
        """The files for Kaggle."""
        return self.root / "submissions"

    @property
    def reports(self) -> Path:
        """Pictures and pages."""
        return self.root / "reports"
