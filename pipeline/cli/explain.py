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
from pipeline.core.progress import announce
from pipeline.runs.store import find_run

if TYPE_CHECKING:  # it loads pandas
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
        announce("loading the libraries")
        from pipeline.stages.explain import explain

        explained = explain(project, found, row_id, in_train=train)
    if as_json:
        print_json({"run_id": found.run_id, **_record(explained)})
        return
    show_explained(explained)


def show_explained(explained: "Explained") -> None:
    """Print the prediction with its interval, similar rows and contributions."""
    from pipeline.explain.explanation import ABOUT_SIMILAR

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
    if explanation.similar is None:
        say_wrapped("Similar rows need boosting: `pipeline train --model boosting`")
    else:
        similar = explanation.similar_lines()
        show(ABOUT_SIMILAR, make_table(["id"], [target, "similarity"], similar))
    table = make_table(*explanation.table(target, _SHOWN))
    show(explanation.what_columns_do, table)


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
