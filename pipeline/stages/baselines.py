"""The stage `baselines`: data/processed -> runs/<run id>/."""

from datetime import UTC, datetime

from joblib import cpu_count

from pipeline.core.paths import Project
from pipeline.core.progress import Callback
from pipeline.core.settings import Settings
from pipeline.lessons.baselines import train_baselines
from pipeline.network.threads import use_one_thread
from pipeline.runs.record import Provenance, Run
from pipeline.runs.writer import new_run, write_run
from pipeline.stages.preprocess import read_features
from pipeline.validation.fold_data import FoldData


def baselines(
    project: Project, settings: Settings, provenance: Provenance, callback: Callback
) -> Run:
    """Train the default network and the baselines on the same folds, and save the run.

    Args:
        project: The project.
        settings: The settings of the default network.
        provenance: The fingerprint and the digests of the inputs.
        callback: Called with the share of the work since the last call.

    Raises:
        UserError: There are too few rows, or runs/ cannot be written to.
    """
    use_one_thread()
    dataset, jobs = read_features(project, provenance.inputs), cpu_count()
    begin = datetime.now(UTC)
    with new_run(project, begin) as temporary:
        data = FoldData.fit(dataset, settings, jobs)
        default, ladder = train_baselines(project, data, callback, jobs)
        return write_run(temporary, default, provenance, begin, baselines=ladder)
