"""The command `explain`: why a row has its prediction."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.console import make_table, print_json, say, say_wrapped, show, using
from pipeline.cli.options import Json, Root, RunId
from pipeline.cli.progress import steps
from pipeline.core.errors import one_line
from pipeline.core.numbers import prediction_text, target_text
from pipeline.core.paths import Project
from pipeline.core.progress import LOADING, announce
from pipeline.runs.store import find_run

if TYPE_CHECKING:  # it loads pandas
    from pipeline.explain.explainer import Explanation
    from pipeline.stages.explain import Explained

_SHOWN = 12  # columns in the table; --json has all


def explain(
    row_id: Annotated[
        str, typer.Argument(metavar="ID", help="Id of a row of test.csv or train.csv.")
    ],
    root: Root = Path(),
    run: RunId = None,
    train: Annotated[
        bool,
        typer.Option("--train", help="Look in train.csv only: both may have the id."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Explain a prediction: interval, similar rows, and what each column adds.

    Example: pipeline explain 1461
    """
    project = Project(root)
    found = find_run(project, run)
    if not as_json:
        say(using(found))
    with steps(hidden=as_json):
        announce(LOADING)
        from pipeline.stages.explain import explain

        explained = explain(project, found, row_id, in_train=train)
    if as_json:
        print_json({"run_id": found.run_id, **_record(explained)})
        return
    show_explained(explained)


def show_explained(explained: "Explained") -> None:
    """Print the prediction with its interval, similar rows and contributions."""
    explanation, schema = explained.explanation, explained.schema
    target = schema.target
    say(f"{schema.id_name} {one_line(str(explanation.id))} of {explained.file}")
    low, high = map(target_text, (explanation.low, explanation.high))
    price = prediction_text(explanation.prediction)
    say(f"{target} predicted: {price}, 80 % interval {low} to {high}")
    if explained.actual is not None:
        say(
            f"Actual {target}: {target_text(explained.actual)}; predicted by the "
            "models of the fold that did not see this row"
        )
    say_wrapped(_coverage(explained))
    _show_similar(explanation, target)
    _show_contributions(explanation, target)


def _coverage(explained: "Explained") -> str:
    text = (
        "Such an interval usually has 80 % of new rows; 60 % is guaranteed, if the "
        "rows are exchangeable: if their order does not matter."
    )
    schema = explained.schema
    if schema.group:
        text += f" Here rows of one {schema.group} are alike: it is for a new one."
    if schema.date_parts:
        text += " Here rows have dates: later rows may differ more than it says."
    return text


def _show_similar(explanation: "Explanation", target: str) -> None:
    if explanation.similar is None:
        say_wrapped("Similar rows need boosting: `pipeline train --model boosting`")
        return
    rows = [
        (one_line(str(each.id)), target_text(each.target), f"{each.similarity:.2f}")
        for each in explanation.similar
    ]
    table = make_table(["id"], [target, "similarity"], rows)
    show("The most similar training rows; 1 is in the same leaf of every tree", table)


def _show_contributions(explanation: "Explanation", target: str) -> None:
    """Print the base, the columns with the largest effects, the others, and the sum."""
    contributions, steps_of = explanation.contributions, explanation.steps()
    is_factor = explanation.metric.log
    mark = "×" if is_factor else "+"
    table = make_table(["column", "value"], [mark, "± error", f"change of {target}"])
    table.add_row("typical rows", "", "", "", target_text(explanation.base))
    for each, change in list(zip(contributions, steps_of, strict=True))[:_SHOWN]:
        value = "–" if each.value is None else one_line(str(each.value), 40)
        effect = f"{each.effect:.3f}" if is_factor else _signed(each.effect)
        error = f"{each.error:.3f}" if is_factor else target_text(each.error)
        table.add_row(each.column, value, effect, error, _signed(change))
    if others := contributions[_SHOWN:]:
        table.add_row(
            f"{len(others)} others", "", "", "", _signed(sum(steps_of[_SHOWN:]))
        )
    table.add_row("prediction", "", "", "", target_text(explanation.prediction))
    what = f"multiplies {explanation.metric.base} by" if is_factor else "adds"
    show(f"What each column {what}, compared with typical rows", table)


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "−") + target_text(abs(value))


def _record(explained: "Explained") -> dict[str, object]:
    explanation = explained.explanation
    similar = explanation.similar
    return {
        "id": explanation.id,
        "file": explained.file,
        "actual": explained.actual,
        "prediction": explanation.prediction,
        "low": explanation.low,
        "high": explanation.high,
        "similar": similar if similar is None else [s._asdict() for s in similar],
        "base": explanation.base,
        "effects": "factor" if explanation.metric.log else "added",
        "contributions": [each._asdict() for each in explanation.contributions],
    }
