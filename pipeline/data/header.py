"""Check that a header has each column of the competition exactly once."""

from collections import Counter
from pathlib import Path

from pipeline.core.errors import UserError, short
from pipeline.data.schema import COLUMNS, ID, TARGET


def check_header(path: Path, header: list[str], *, with_price: bool) -> None:
    """Check the column names; their order does not matter.

    Raises:
        UserError: A column is missing, unknown or duplicated, or this is another file.
    """
    wanted = [ID, *(c.name for c in COLUMNS)] + [TARGET] * with_price
    _check_kind(path, header, wanted, with_price=with_price)
    for name, times in Counter(header).items():
        if times > 1 and name in wanted:
            raise UserError(
                f"{path}: column {name}: duplicate column; keep one of them"
            )
    named, known = set(header), set(wanted)
    missing = [name for name in wanted if name not in named]
    extra = [name for name in header if name not in known]
    if missing:
        hint = f"rename the unknown column {short(extra[0])}, or " if extra else ""
        raise UserError(f"{path}: column {missing[0]}: missing; {hint}add it")
    if extra:
        raise UserError(f"{path}: column {short(extra[0])}: unknown; remove it")


def _check_kind(
    path: Path, header: list[str], wanted: list[str], *, with_price: bool
) -> None:
    """Refuse train.csv in place of test.csv, the reverse, and a missing header."""
    if not with_price and TARGET in header:
        raise UserError(
            f"{path}: column {TARGET}: prices in the test file; "
            "are train.csv and test.csv swapped?"
        )
    if with_price and sorted(header) == sorted(wanted[:-1]):
        raise UserError(
            f"{path}: column {TARGET}: missing from the training file; "
            "are train.csv and test.csv swapped?"
        )
    if not set(header) & set(wanted):
        first = short(header[0]) if header else TARGET
        raise UserError(
            f"{path}: line 1: {first} … has no known column name; "
            "restore the header as the first line"
        )
