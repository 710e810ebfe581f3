"""The contract of the file for Kaggle, checked as Kaggle would."""

import pytest

from pipeline.errors import UserError
from pipeline.submission import check

BROKEN = {
    "another header": ("id,price\n1,2.0\n2,3.0\n", "line 1: the header"),
    "a house too few": ("Id,SalePrice\n1,2.0\n", "1 houses where test.csv has 2"),
    "houses out of order": (
        "Id,SalePrice\n2,2.0\n1,3.0\n",
        "line 2: expected the house 1",
    ),
    "price zero": ("Id,SalePrice\n1,2.0\n2,0.0\n", "line 3: '0.0' is not a positive"),
    "price infinite": ("Id,SalePrice\n1,2.0\n2,inf\n", "line 3: 'inf'"),
    "price not a number": ("Id,SalePrice\n1,nan\n2,2\n", "line 2: 'nan'"),
    "nothing": ("", "empty"),
}


def test_a_file_that_keeps_the_contract_passes(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("Id,SalePrice\n1,2.5\n2,3.0\n")
    assert check(path, ["1", "2"]) == [(1, 2.5), (2, 3.0)]


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_breaks_the_contract_is_refused(case, tmp_path):
    text, said = BROKEN[case]
    path = tmp_path / "s.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=said):
        check(path, ["1", "2"])
