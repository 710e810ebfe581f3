"""The table of baselines."""

from collections.abc import Iterator

from pipeline.cli.tables.console import make_table, say, show
from pipeline.report.svg.labels import signed
from pipeline.report.texts import texts
from pipeline.runs.record import BaselineScore, Run


def show_baselines(run: Run) -> None:
    """Show what is new in each baseline, its score, and its gain."""
    baselines = run.baselines or []
    names = ["baseline", "what is new", "built on"]
    table = make_table(names, [run.metric_title, "gain ± se", "s"])
    for baseline in baselines:
        table.add_row(
            baseline.name,
            baseline.what,
            baseline.over or "",
            *texts([baseline.pooled], short=False),
            "" if baseline.gain is None else signed(baseline.gain, baseline.gain_error),
            f"{baseline.seconds:.0f}",
        )
    show(f"Baselines: {run.metric_title} over all rows, lower is better", table)
    for line in _notes(baselines):
        say(line)


def _notes(baselines: list[BaselineScore]) -> Iterator[str]:
    """Yield how to read the gains, and what is special about some baselines."""
    yield (
        "gain: how much lower than the model it is built on, ± its standard error over "
        "the same rows"
    )
    if near := [each.name for each in baselines if each.gain_may_be_chance]:
        yield f"a gain within two standard errors may be chance: {', '.join(near)}"
    for each in baselines:
        if each.accuracy is not None:
            yield f"{each.name}: {each.accuracy:.0%} of rows in the right band"
    if any(each.name == "book-linear" for each in baselines):
        yield "book-linear: on contiguous folds, as in the book; all others on the same"
