"""Reading: the meaning of NA in this data, and one-line errors for invalid files."""

import pytest
from ames_columns import AMES
from situations import RAW

from pipeline.core.errors import UserError
from pipeline.data.raw import read_test, read_train


def write(tmp_path, text):
    path = tmp_path / "train.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def train_text():
    return (RAW / "train.csv").read_text(encoding="utf-8")


def with_cell(column, line, value):
    """The real training file with one cell changed; the header is line 1."""
    rows = [row.split(",") for row in train_text().splitlines()]
    rows[line - 1][rows[0].index(column)] = value
    return "\n".join(",".join(row) for row in rows) + "\n"


def test_every_real_row_and_column_is_read():
    assert read_train(RAW / "train.csv", AMES).shape == (1460, 81)
    assert read_test(RAW / "test.csv", AMES).frame.shape == (1459, 80)


def test_none_is_a_category_of_masonry_and_na_is_missing():
    masonry = read_train(RAW / "train.csv", AMES)["MasVnrType"]
    assert (masonry == "None").sum() == 864
    assert masonry.isna().sum() == 8


def test_na_means_that_the_house_has_no_pool():
    pools = read_train(RAW / "train.csv", AMES)["PoolQC"]
    assert (pools == "None").sum() == 1453
    assert pools.isna().sum() == 0


def test_na_of_a_numeric_column_is_missing():
    houses = read_train(RAW / "train.csv", AMES)
    assert houses["LotFrontage"].isna().sum() == 259
    assert houses["GarageYrBlt"].isna().sum() == 81


def test_a_byte_order_mark_and_windows_line_ends_are_read_like_the_plain_file(tmp_path):
    windows = ("\ufeff" + train_text()).replace("\n", "\r\n")
    assert read_train(write(tmp_path, windows), AMES).equals(
        read_train(RAW / "train.csv", AMES)
    )


def test_a_category_outside_the_schema_is_allowed_in_test_rows_and_reported(tmp_path):
    text = (RAW / "test.csv").read_text(encoding="utf-8")
    path = tmp_path / "test.csv"
    path.write_text(text.replace(",NAmes,", ",Atlantis,", 1), encoding="utf-8")
    table = read_test(path, AMES)
    assert table.unlisted == {"Neighborhood": ["Atlantis"]}
    assert table.frame["Neighborhood"].isna().sum() == 1


REFUSED = {
    "text in a number": (lambda: with_cell("LotArea", 5, "big"), "LotArea, line 5"),
    "a number with a unit": (lambda: with_cell("GrLivArea", 9, "1710 sf"), "line 9"),
    "a no-break space": (
        lambda: with_cell("LotArea", 5, "9550\u00a0"),
        r"LotArea, line 5: '9550\xa0' is not a number, as it has a no-break space "
        "(U+00A0); replace or remove it in all rows",
    ),
    "a minus sign": (
        lambda: with_cell("LotArea", 5, "\u22129550"),
        "is not a number, as it has a minus sign (U+2212); replace",
    ),
    "a zero-width space": (
        lambda: with_cell("SalePrice", 5, "140000\u200b"),
        "SalePrice, line 5: '140000\\u200b' is not a number, as it has a zero width sp",
    ),
    "infinity": (lambda: with_cell("LotArea", 3, "inf"), "LotArea, line 3"),
    "a size below zero": (lambda: with_cell("LotArea", 3, "-5"), "outside 0 to"),
    "month 13": (lambda: with_cell("MoSold", 7, "13"), "MoSold, line 7"),
    "an unknown category": (lambda: with_cell("MSZoning", 4, "XX"), "MSZoning, line 4"),
    "price zero": (lambda: with_cell("SalePrice", 6, "0"), "SalePrice, line 6"),
    "a negative price": (lambda: with_cell("SalePrice", 6, "-1"), "SalePrice, line 6"),
    "no price": (lambda: with_cell("SalePrice", 6, ""), "SalePrice, line 6"),
    "an Id twice": (lambda: with_cell("Id", 8, "1"), "Id, line 8: duplicate Id 1"),
    "an Id of text": (lambda: with_cell("Id", 8, "x"), "Id, line 8"),
    "an empty Id": (lambda: with_cell("Id", 8, ""), "Id, line 8"),
    "an empty file": (lambda: "", "the file is empty"),
    "a header only": (
        lambda: train_text().split("\n")[0] + "\n",
        "a header but no rows",
    ),
    "one house": (
        lambda: "\n".join(train_text().split("\n")[:2]) + "\n",
        "only one row",
    ),
    "a cut file": (lambda: train_text()[:5000], "line 15: no newline at end of file"),
    "Latin-1": (lambda: with_cell("MSZoning", 4, "é").encode("latin-1"), "not UTF-8"),
    "an open quote": (
        lambda: train_text().replace("RL", '"RL', 1),
        "MSZoning, line 2: an unclosed quote",
    ),
    "a column missing": (
        lambda: train_text().replace("LotArea,", "", 1),
        "column LotArea: missing",
    ),
    "a column renamed": (
        lambda: train_text().replace("LotArea", "lot_area", 1),
        "missing; rename the unknown column 'lot_area', or add it",
    ),
    "a column doubled": (
        lambda: train_text().replace("LotArea", "Street", 1),
        "column Street: duplicate column",
    ),
    "test in place of train": (
        lambda: (RAW / "test.csv").read_text(encoding="utf-8"),
        "swapped?",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_training_data_that_cannot_be_used_is_refused_in_one_line(case, tmp_path):
    make, expected = REFUSED[case]
    path = write(tmp_path, make())
    with pytest.raises(UserError) as error:
        read_train(path, AMES)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert expected in message
    assert "\n" not in message


def test_training_data_in_place_of_test_data_is_refused(tmp_path):
    with pytest.raises(UserError, match="swapped"):
        read_test(write(tmp_path, train_text()), AMES)


def test_a_missing_file_is_refused_with_the_way_to_get_it(tmp_path):
    with pytest.raises(UserError, match="git checkout data/raw"):
        read_train(tmp_path / "train.csv", AMES)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    with pytest.raises(UserError, match="a folder, not a file"):
        read_train(tmp_path, AMES)
