"""Ways to damage a CSV file of houses; each takes a path and changes the file."""

import csv
import gzip
import io
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

Spoil = Callable[[Path], None]


def bytes_as(change: Callable[[bytes], bytes]) -> Spoil:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def lines_as(change: Callable[[list[str]], list[str]]) -> Spoil:
    """Change the lines, which keep their newlines; the first is the header."""

    def spoil(path: Path) -> None:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(change(lines)), encoding="utf-8", newline="")

    return spoil


def rows_as(change: Callable[[list[list[str]]], list[list[str]]], **form) -> Spoil:
    """Change the rows of cells; `form` are options of csv.writer."""

    def spoil(path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        rows = change(list(csv.reader(io.StringIO(text))))
        written = io.StringIO()
        csv.writer(written, **{"lineterminator": "\n", **form}).writerows(rows)
        path.write_text(written.getvalue(), encoding="utf-8", newline="")

    return spoil


def separated_by(mark: str, **form) -> Spoil:
    return rows_as(list, delimiter=mark, **form)


def cell(column: str, line: int, value: str) -> Spoil:
    """Set one cell; the header is line 1."""

    def change(rows: list[list[str]]) -> list[list[str]]:
        rows[line - 1][rows[0].index(column)] = value
        return rows

    return rows_as(change)


def bare_cells(values: dict[tuple[str, int], bytes]) -> Spoil:
    """Set cells, by column and line, to raw bytes without quoting."""

    def change(content: bytes) -> bytes:
        rows = [row.split(b",") for row in content.split(b"\n")]
        names = rows[0].copy()
        for (column, line), value in values.items():
            rows[line - 1][names.index(column.encode())] = value
        return b"\n".join(b",".join(row) for row in rows)

    return bytes_as(change)


def column_as(column: str, change: Callable[[str], str]) -> Spoil:
    """Change every cell of a column."""

    def spoil(rows: list[list[str]]) -> list[list[str]]:
        index = rows[0].index(column)
        for row in rows[1:]:
            row[index] = change(row[index])
        return rows

    return rows_as(spoil)


def renamed(names: dict[str, str]) -> Spoil:
    """Rename columns in the header only."""
    return rows_as(lambda rows: [[names.get(n, n) for n in rows[0]], *rows[1:]])


def without_column(column: str) -> Spoil:
    def change(rows: list[list[str]]) -> list[list[str]]:
        index = rows[0].index(column)
        return [row[:index] + row[index + 1 :] for row in rows]

    return rows_as(change)


def with_column(name: str, value: str, index: int | None = None) -> Spoil:
    def change(rows: list[list[str]]) -> list[list[str]]:
        at = len(rows[0]) if index is None else index
        added = [name, *[value] * (len(rows) - 1)]
        return [[*r[:at], x, *r[at:]] for r, x in zip(rows, added, strict=True)]

    return rows_as(change)


def cut_after(size: int) -> Spoil:
    return bytes_as(lambda content: content[:size])


def instead(make: Spoil) -> Spoil:
    """Replace the file by something else."""

    def spoil(path: Path) -> None:
        path.unlink()
        make(path)

    return spoil


def link_to(target: str) -> Spoil:
    return lambda path: path.symlink_to(target)


def the_other(path: Path) -> None:
    """Replace the file by the other of train.csv and test.csv."""
    other = {"train.csv": "test.csv", "test.csv": "train.csv"}[path.name]
    path.write_bytes(path.with_name(other).read_bytes())


def as_zip(path: Path) -> None:
    with zipfile.ZipFile(path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(path, path.name)
    path.with_suffix(".zip").replace(path)


def as_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(path.read_bytes()))


def with_a_line_of_200_mb(path: Path) -> None:
    """Open a quote in line 3 that is never closed."""
    lines = path.read_bytes().splitlines(keepends=True)
    with path.open("wb") as file:
        file.writelines(lines[:2])
        file.write(b'3,"')
        for _ in range(200):
            file.write(b"x" * 1_000_000)


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_file_for_its_folder(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_bytes(b"")
