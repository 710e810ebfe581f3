"""The command `baselines`."""

from contextlib import nullcontext
from pathlib import Path

from pipeline.cli.options import Force, Json, Root
from pipeline.cli.output import ignore, next_step, print_json, saved
from pipeline.core.paths import Project
from pipeline.core.settings import MLP, Settings

_DEFAULT = Settings(models=(MLP,))


def baselines(root: Root = Path(), as_json: Json = False, force: Force = False) -> None:
    """Train each lesson's model on the same rows, up to the default network.

    Example: pipeline baselines
    """
    from pipeline.cli.tables.baselines import show_baselines
    from pipeline.cli.tables.console import say
    from pipeline.cli.tables.progress import shared_progress
    from pipeline.stages import up_to_date

    project = Project(root)
    with nullcontext(ignore) if as_json else shared_progress() as callback:
        outcome = up_to_date.baselines(project, _DEFAULT, callback, force=force)
    if as_json:
        print_json({**outcome.result.to_json(), "skipped": outcome.skipped})
        return
    show_baselines(outcome.result)
    submit_one = f"submit --run {outcome.result.run_id} --rung NAME"
    say(f"{saved(outcome)}. {next_step(submit_one, root)}")
