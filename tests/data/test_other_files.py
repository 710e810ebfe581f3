"""Files that people really have in place of train.csv or test.csv."""

import gzip
import io
import math

import pandas as pd
import pytest
from ames_columns import AMES
from situations import RAW

from pipeline.core.errors import UserError
from pipeline.data.raw import read_new, read_test, read_train


@pytest.fixture(scope="module")
def train():
    """The training rows as pandas reads them when told to keep NA as text."""
    return pd.read_csv(RAW / "train.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def test():
    return pd.read_csv(RAW / "test.csv", dtype=str, keep_default_na=False)


def csv_of(frame, **options):
    buffer = io.StringIO()
    frame.to_csv(buffer, index=options.pop("index", False), **options)
    return buffer.getvalue()


def refusal(read, tmp_path, content):
    """The one-line error about a file."""
    path = tmp_path / "houses.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as error:
        read(path, AMES)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    "change",
    [
        math.log1p,
        math.log10,
        lambda price: price / 1000,
        math.sqrt,
    ],
    ids=["log1p", "log10", "thousands", "square root"],
)
def test_prices_that_cannot_be_dollars_are_refused(change, train, tmp_path):
    prices = train["SalePrice"].astype(float).map(change)
    content = csv_of(train.assign(SalePrice=prices))
    message = refusal(read_train, tmp_path, content)
    assert message.startswith(
        f"column SalePrice: half of the values are below {prices.median():.6g} (the "
        f"first is {prices[0]:.6g}), and their median must be 1,000 to "
    )
    assert "restore the unit" in message


def test_one_low_price_is_no_reason_to_refuse(train, tmp_path):
    path = tmp_path / "train.csv"
    prices = train["SalePrice"].mask(train.index == 0, "500")
    path.write_text(csv_of(train.assign(SalePrice=prices)))
    assert read_train(path, AMES)["SalePrice"][0] == 500


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (lambda cell: f"{cell:<8}", "'RL      '"),
        (str.lower, "'rl'"),
        (lambda cell: f" {cell}", "' RL'"),
    ],
    ids=["trailing blanks", "lower case", "a leading blank"],
)
@pytest.mark.parametrize("read", [read_test, read_new])
def test_categories_in_other_blanks_or_case_are_refused_with_what_mends_them(
    read, change, shown, test, tmp_path
):
    content = csv_of(test.assign(MSZoning=test["MSZoning"].map(change)))
    message = refusal(read, tmp_path, content)
    named = {"'RL      '": "RH      ", "'rl'": "rh", "' RL'": " RH"}[shown]
    assert message.startswith(f"column MSZoning, line 2: '{named}' differs from the")
    assert "restore RH in all rows" in message


def test_in_training_rows_too(train, tmp_path):
    content = csv_of(train.assign(Street=train["Street"] + " "))
    message = refusal(read_train, tmp_path, content)
    assert message.startswith(
        "column Street, line 2: 'Pave ' differs from the category"
    )


def test_a_column_of_unknown_categories_is_refused(test, tmp_path):
    content = csv_of(test.assign(Neighborhood="Atlantis"))
    message = refusal(read_test, tmp_path, content)
    assert message.startswith("column Neighborhood, line 2: 'Atlantis', as most cells")


def test_a_few_houses_of_a_new_place_are_read(test, tmp_path):
    path = tmp_path / "houses.csv"
    path.write_text(csv_of(test.head(3).assign(Neighborhood="Atlantis")))
    assert read_new(path, AMES).unlisted["Neighborhood"] == ["Atlantis"]


OTHERS = {
    "an underscore in a name": (
        lambda train: csv_of(
            train.rename(columns={"GarageArea": "Garage_Area"}).assign(Notes="")
        ),
        "column GarageArea: missing; rename the unknown column 'Garage_Area'",
    ),
    "names as R writes them": (
        lambda train: csv_of(train.rename(columns={"1stFlrSF": "X1stFlrSF"})),
        "column 1stFlrSF: missing; rename the unknown column 'X1stFlrSF'",
    ),
    "a column missing beside one of notes": (
        lambda train: csv_of(train.drop(columns="GarageArea").assign(Notes="")),
        "column GarageArea: missing; add it",
    ),
    "the index of a data frame": (
        lambda train: csv_of(train, index=True),
        "column 1 has no name: it is the index of a data frame; save the file with",
    ),
    "the index, read and written again": (
        lambda train: csv_of(train.assign(**{"Unnamed: 0": 1})[["Unnamed: 0", *train]]),
        "column 1 has no name",
    ),
    "Excel's line": (
        lambda train: "sep=;\n" + csv_of(train, sep=";"),
        "line 1: this is a file with a first line for Excel; remove that line",
    ),
    "semicolons and decimal commas": (
        lambda train: csv_of(train, sep=";", decimal=","),
        "line 1: the cells are separated by semicolons",
    ),
    "thousands": (
        lambda train: csv_of(
            train.assign(LotArea=train["LotArea"].astype(int).map("{:,}".format))
        ),
        "column LotArea, line 2: '8,450' is not a number",
    ),
    "UTF-16": (
        lambda train: csv_of(train).encode("utf-16"),
        "line 1: this is UTF-16 text; save it as UTF-8",
    ),
    "gzip": (
        lambda train: gzip.compress(csv_of(train).encode()),
        "line 1: this is a gzip archive; unpack it",
    ),
    "Parquet": (lambda _: b"PAR1\x15\x04\n", "line 1: this is a Parquet file"),
    "a submission": (
        lambda train: csv_of(train[["Id", "SalePrice"]]),
        "line 1: this is a submission file, with prices but without columns",
    ),
    "De Cock's names": (
        lambda _: "Order,PID,MS SubClass,Gr Liv Area,SalePrice\n1,1,20,1000,1\n",
        "line 1: this is De Cock's original table, with other columns and houses",
    ),
    "a web page": (lambda _: "<!DOCTYPE html>\n", "line 1: this is a web page"),
    "a blank line at the end": (
        lambda train: csv_of(train) + "\n",
        "line 1462: an empty line; remove it",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_another_file_is_refused_with_the_line_that_fits_it(case, train, tmp_path):
    make, expected = OTHERS[case]
    assert refusal(read_train, tmp_path, make(train)).startswith(expected)


def test_quotes_around_every_cell_change_nothing(train, tmp_path):
    path = tmp_path / "train.csv"
    path.write_text(csv_of(train, quoting=1))
    assert read_train(path, AMES).equals(read_train(RAW / "train.csv", AMES))
