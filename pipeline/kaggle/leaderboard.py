"""All runs, each beside the score that its submission got on the leaderboard."""

from typing import Any

from pipeline.core.paths import Project
from pipeline.kaggle import receipts
from pipeline.runs.store import is_edited, list_runs


def experiment_table(project: Project) -> list[dict[str, Any]]:
    """The records, newest first: is it edited, its submission and score, if any.

    Raises:
        UserError: what Kaggle answered cannot be read.
    """
    table = []
    for record in list_runs(project):
        path = project.submissions / f"{record['run_id']}.csv"
        sent = receipts.read(path)
        found = {
            "submission": str(path) if path.is_file() else None,
            "leaderboard": sent and sent.public_score,
            "kaggle": sent and sent.record(),
            "edited": is_edited(record),
        }
        table.append(record | found)
    return table
