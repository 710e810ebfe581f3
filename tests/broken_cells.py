"""Invalid cells: numbers, prices, Ids, categories."""

import itertools
import math
from collections.abc import Callable

from broken_entries import BOTH, ROWS, TEST, TRAIN, Input, refused, used
from spoiling import cell, column_as, lines_as, rows_as

NO_NUMBER = "is not a number (missing values are NA); fix the cell or remove the row"
NO_CATEGORY = "is not a category of the data description"
MISSPELT = (
    "differs from the category RL in blanks, case or accents; restore RL in all rows"
)
INVALID_NAME = "is not a valid category name"
LOG_OF_8450 = f",{math.log1p(8450):.6f}"  # areas are written as logs


def shown(value: str) -> str:
    """A cell as a message quotes it."""
    return repr(value if len(value) <= 40 else value[:37] + "…")


def area(value: str, said: str = NO_NUMBER, file: str = TRAIN) -> list[Input]:
    said = f"column LotArea, line 5: {shown(value)} {said}"
    return refused(f"LotArea {shown(value)}", cell("LotArea", 5, value), said, [file])


def price(value: str, said: str) -> list[Input]:
    said = f"column SalePrice, line 6: {value!r} {said}"
    return refused(f"SalePrice {value!r}", cell("SalePrice", 6, value), said)


def identity(value: str, file: str = TRAIN) -> list[Input]:
    said = f"column Id, line 7: {value!r} is not a positive integer"
    return refused(f"Id {value!r}", cell("Id", 7, value), said, [file])


def zone(value: str, said: str = NO_CATEGORY, file: str = TRAIN) -> list[Input]:
    said = f"column MSZoning, line 5: {shown(value)} {said}"
    return refused(f"MSZoning {shown(value)}", cell("MSZoning", 5, value), said, [file])


def new_zones(*zones: str) -> list[Input]:
    def change(rows: list[list[str]]) -> list[list[str]]:
        for row, zone in zip(rows[5:], zones, strict=False):
            row[rows[0].index("MSZoning")] = zone
        return rows

    listed = ", ".join(("FV", "RH", *zones))
    said = f"Categories only in test.csv: MSZoning = {listed}"
    return used(f"new zones {', '.join(zones)}", rows_as(change), said, [TEST])


def filled(column: str, rows: int) -> str:
    """The summary of a column with missing values in training rows."""
    return f'"column": "{column}",\n      "train": {rows},'


def new_categories() -> Callable[[str], str]:
    """Return a function that returns new1, RL, new3, RL, …"""
    numbers = itertools.count(1)
    return lambda _: f"new{number}" if (number := next(numbers)) % 2 else "RL"


NUMBERS = [
    *area("big"),
    *area("big", file=TEST),
    *area("8,450"),
    *area("8450 sqft"),
    *area("8450m²", file=TEST),
    *area("$8450"),
    *area("8 450"),
    *area("0x2102"),
    *area("8_450"),
    *area("\u0668\u0664"),  # Arabic digits
    *area("\u22128450", "is not a number, as it has a minus sign (U+2212)"),
    *area("=8450+1"),
    *area("TRUE"),
    *area("nan"),
    *area("N/A", file=TEST),
    *area("?"),
    *area("[bold]8450[/bold]"),
    *area("[/red]"),
    *area("-1", "is outside 0 to 1,000,000; fix the cell"),
    *area("1000001", "is outside 0 to 1,000,000", TEST),
    *area("9" * 3000, "is outside 0 to 1,000,000"),
    *area("inf", "is outside 0 to 1,000,000"),
    *area("-inf", "is outside 0 to 1,000,000"),
    *area("1e308", "is outside 0 to 1,000,000"),
    *area("1e400", "is outside 0 to 1,000,000", TEST),
    *refused(
        "month 13", cell("MoSold", 8, "13"), "column MoSold, line 8: '13' is outs"
    ),
    *refused(
        "grade 11",
        cell("OverallQual", 8, "11"),
        "column OverallQual, line 8: '11' is outside 1 to 10",
    ),
    *refused(
        "year 20033",
        cell("YearBuilt", 8, "20033"),
        "column YearBuilt, line 8: '20033' is outside 1,600 to 2,100",
        [TEST],
    ),
    *used("areas as fractions", column_as("LotArea", lambda size: f"{size}.0")),
    *used("areas in exponents", column_as("LotArea", lambda size: f"{size}0E-1")),
    *used("areas with spaces", column_as("LotArea", lambda size: f" +{size} ")),
    *used("all areas alike", column_as("LotArea", lambda _: "8450"), LOG_OF_8450),
    *used(
        "nothing for NA",
        column_as("LotFrontage", lambda feet: feet.replace("NA", "")),
        files=BOTH,
    ),
    *used(
        "all frontages missing",
        column_as("LotFrontage", lambda _: "NA"),
        filled("LotFrontage", ROWS),
    ),
]

PRICES = [
    *price("0", "is outside 1 to 1,000,000,000"),
    *price("-1", "is outside 1 to 1,000,000,000"),
    *price("inf", "is outside 1 to 1,000,000,000"),
    *price("1e308", "is outside 1 to 1,000,000,000"),
    *price("", "is missing; every training row needs a target"),
    *price("NA", "is missing; every training row needs a target"),
    *price("nan", NO_NUMBER),
    *price("sold", NO_NUMBER),
    *price("208,500", NO_NUMBER),
    *price("208500 USD", NO_NUMBER),
    *refused(
        "all prices missing",
        column_as("SalePrice", lambda _: "NA"),
        "column SalePrice, line 2: 'NA' is missing",
    ),
    *refused(
        "one price for all",
        column_as("SalePrice", lambda _: "208500"),
        "column SalePrice: all values are 208,500",
    ),
    *used(
        "prices in exponents", column_as("SalePrice", lambda dollars: f"{dollars}e0")
    ),
]

IDS = [
    *identity("-1"),
    *identity("0"),
    *identity("00"),
    *identity(""),
    *identity("NA"),
    *identity("x"),
    *identity("1e6"),
    *identity("1e6", TEST),
    *identity("7.0"),
    *identity(" 7"),
    *identity("\uff17"),  # a wide 7
    *identity("1" * 20),
    *refused(
        "a row twice",
        lines_as(lambda lines: [*lines, lines[7]]),
        f"column Id, line {ROWS + 2}: duplicate Id 7; remove one of the rows",
    ),
    *refused(
        "an Id twice",
        cell("Id", 9, "1462"),
        "column Id, line 9: duplicate Id 1462; remove one of the rows",
        [TEST],
    ),
    *refused(
        "an Id twice, with a zero before it",
        cell("Id", 9, "01"),
        "column Id, line 9: duplicate Id 1; remove one of the rows",
    ),
    *used("zeros before Ids", column_as("Id", lambda house: f"00{house}"), files=BOTH),
    *used("Id 1000000", cell("Id", 7, "1000000"), "\n1000000,"),
    *used(
        "an Id of train.csv in test.csv",
        cell("Id", 7, "1"),
        "an Id that train.csv also has is a different row",
        [TEST],
    ),
]

CATEGORIES = [
    *zone("Atlantis"),
    *zone("rl", MISSPELT),
    *zone("RL ", MISSPELT),
    *zone("rl", MISSPELT, TEST),
    *zone("[bold]RL[/bold]"),
    *zone("[/red]"),
    *zone("<script>alert(1)</script>"),
    *zone("R\x08L"),
    *zone("x" * 1000),
    *zone("x" * 1001, INVALID_NAME, TEST),
    *zone("\x1b[31mRL", INVALID_NAME, TEST),
    *zone("\u202eRL", INVALID_NAME, TEST),  # right-to-left text
    *new_zones("Atlantis", "rlx", "Zürich"),
    *new_zones("[bold]RL[/bold]", "[/red]", ":bomb:", "<script>alert(1)</script>"),
    *refused(
        "a newline in a category",
        cell("MSZoning", 5, "R\nL"),
        r"column MSZoning, line 5: 'R\nL' is not a category",
    ),
    *refused(
        "cells of a row moved by one",
        rows_as(lambda rows: [*rows[:5], [*rows[5][:1], *rows[5][2:], "1"], *rows[6:]]),
        f"column MSSubClass, line 6: 'RL' {NO_CATEGORY}",
    ),
    *used(
        "20 new categories",
        column_as("MSZoning", new_categories()),
        "new19 and 10 more",
        [TEST],
    ),
    *refused(
        "only new categories",
        column_as("MSZoning", lambda _: "Atlantis"),
        "column MSZoning, line 2: 'Atlantis', as most cells of this column, is in no",
        [TEST],
    ),
    *used("no zone", cell("MSZoning", 5, ""), filled("MSZoning", 1)),
    *used(
        "all zones missing",
        column_as("MSZoning", lambda _: "NA"),
        filled("MSZoning", ROWS),
    ),
    *used(
        "one zone for all",
        column_as("MSZoning", lambda _: "RL"),
        "Categories only in test.csv: MSZoning = FV, RH, RM",
    ),
]

CELLS = NUMBERS + PRICES + IDS + CATEGORIES
