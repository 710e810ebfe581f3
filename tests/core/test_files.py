"""Files and folders are written atomically."""

import pytest

from pipeline.core.errors import UserError
from pipeline.core.files import (
    atomic_folder,
    read_json,
    sha256,
    to_json,
    write_atomically,
)


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "new" / "file.csv"
    write_atomically(path, "old")
    write_atomically(path, "new")
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_the_digest_given_is_that_of_the_file(tmp_path):
    path = tmp_path / "file.csv"
    assert write_atomically(path, ["Id,", "Straße\n"]) == sha256(path)


def test_a_folder_whose_making_fails_leaves_nothing(tmp_path):
    with (
        pytest.raises(RuntimeError),
        atomic_folder(tmp_path / "runs", ["one"]) as temporary,
    ):
        (temporary.path / "half").write_text("half")
        raise RuntimeError
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written to"):
        write_atomically(tmp_path / "file" / "below.csv", "text")
    with (
        pytest.raises(UserError, match="cannot be written to"),
        atomic_folder(tmp_path / "file", ["run"]),
    ):
        pass


def test_a_file_may_come_in_parts_and_is_left_as_it_was_if_one_fails(tmp_path):
    path = tmp_path / "file.csv"
    write_atomically(path, (part for part in ("Id,SalePrice\n", "1,2\n")))
    assert path.read_text() == "Id,SalePrice\n1,2\n"

    def failing():
        yield "new"
        raise ValueError

    with pytest.raises(ValueError):
        write_atomically(path, failing())
    assert path.read_text() == "Id,SalePrice\n1,2\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_numbers_that_are_not_json_are_refused(number, tmp_path):
    path = tmp_path / "record.json"
    path.write_text(f'{{"score": [1.5, {number}]}}')
    with pytest.raises(ValueError, match=number):
        read_json(path)
    path.write_text(to_json({"score": [1.5, None]}))
    assert read_json(path) == {"score": [1.5, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"score": float(number)})
