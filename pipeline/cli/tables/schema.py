"""What `schema` shows: the kinds of the columns, what is left out, what is doubtful."""

from typing import TYPE_CHECKING

from pipeline.cli.tables.console import make_table, say, say_wrapped, show

if TYPE_CHECKING:  # it loads pandas
    from pipeline.stages.schema import WrittenSchema

_MOST = 40  # columns in the table


def show_schema(written: "WrittenSchema") -> None:
    """Print what was inferred, and the columns that a person should look at."""
    if not written.guesses:
        say("The columns are those of House Prices, so their schema was copied")
    else:
        _show_guesses(written)
    say(f"Schema saved to {written.path}; edit it where you know better")


def _show_guesses(written: "WrittenSchema") -> None:
    schema = written.schema
    table = make_table(["column", "kind", "why", ""], [])
    of_interest = [
        guess
        for guess in written.guesses
        if guess.doubtful or guess.kind in {"id", "target", "left out"}
    ]
    for guess in of_interest[:_MOST]:
        mark = "check" if guess.doubtful else ""
        table.add_row(guess.column or "(none)", guess.kind, guess.reason, mark)
    show("Id, target, columns left out, and what is doubtful", table)
    if (more := len(of_interest) - _MOST) > 0:
        say(f"and {more} more: see {written.path}")
    kinds = ", ".join(f"{number} {kind}" for kind, number in written.kinds.items())
    say_wrapped(f"Columns: {kinds}. Metric: {schema.metric}")
