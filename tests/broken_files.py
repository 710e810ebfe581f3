"""Invalid files: no file, not a table, malformed lines, wrong headers."""

import random
from pathlib import Path

from broken_entries import BOTH, ROWS, TEST, TRAIN, Input, refused, used
from situations import RAW
from spoiling import (
    a_file_for_its_folder,
    a_pipe,
    as_gzip,
    as_zip,
    bare_cells,
    bytes_as,
    cell,
    cut_after,
    instead,
    lines_as,
    link_to,
    renamed,
    rows_as,
    separated_by,
    the_other,
    with_a_line_of_200_mb,
    with_column,
    without_column,
)

LONG = "x" * 100_000
PAGE = b"<!DOCTYPE html><html><title>Sign in</title></html>\n"
EMPTY = "an empty line; remove it"
TRUNCATED = "no newline at end of file: it may be truncated"
QUOTE = "an unclosed quote, or a quote inside a cell"
NO_NAMES = "has no known column name; restore the header"
NOT_AMES = (
    "are not the columns of House Prices; restore the header, or, for other data, run "
    "`pipeline schema`"
)

NO_FILE = [
    *refused("no file", Path.unlink, "no such file; put Kaggle's file there", BOTH),
    *refused("a folder", instead(Path.mkdir), "a folder, not a file", BOTH),
    *refused("a file for data/raw", a_file_for_its_folder, "no such file"),
    *refused("a pipe", instead(a_pipe), "not a file"),
    *refused("a device without end", instead(link_to("/dev/zero")), "not a file"),
    *refused("a broken link", instead(link_to("gone")), "a broken link", BOTH),
    *refused("a link to itself", instead(link_to("train.csv")), "a broken link"),
]

NO_TABLE = [
    *refused("nothing in it", bytes_as(lambda _: b""), "the file is empty", BOTH),
    *refused("one newline", bytes_as(lambda _: b"\n"), f"line 1: {EMPTY}"),
    *refused("a zip archive", as_zip, "line 1: this is a zip archive", BOTH),
    *refused("a gzip archive", as_gzip, "line 1: this is a gzip archive"),
    *refused("a web page", bytes_as(lambda _: PAGE), "line 1: this is a web page"),
    *refused("zeros", bytes_as(lambda _: bytes(100_000)), "line 1: longer than"),
    *refused("the other file", the_other, "train.csv and test.csv swapped?", BOTH),
    *refused("semicolons", separated_by(";"), "separated by semicolons", BOTH),
    *refused("quotes", separated_by(";", quoting=1), "separated by semicolons"),
    *refused(
        "tabs", separated_by("\t"), "separated by tabs; save the file with commas"
    ),
    *refused("bars", separated_by("|"), "separated by bars"),
    *refused("spaces", separated_by(" "), "separated by spaces"),
    *refused(
        "UTF-16",
        bytes_as(lambda old: old.decode().encode("utf-16")),
        "line 1: this is UTF-16 text; save it as UTF-8",
        BOTH,
    ),
    *refused(
        "UTF-16 without a mark",
        bytes_as(lambda old: old.decode().encode("utf-16-le")),
        "line 1: a NUL byte, as in UTF-16",
    ),
]

LINES = [
    *used("a byte order mark", bytes_as(lambda old: b"\xef\xbb\xbf" + old), files=BOTH),
    *used("CRLF", bytes_as(lambda old: old.replace(b"\n", b"\r\n")), files=BOTH),
    *used("CR alone", bytes_as(lambda old: old.replace(b"\n", b"\r"))),
    *used(
        "CRLF in some lines",
        lines_as(lambda lines: [*(r[:-1] + "\r\n" for r in lines[:20]), *lines[20:]]),
    ),
    *used("every cell quoted", rows_as(list, quoting=1)),
    *refused(
        "a doubled CR",
        bytes_as(lambda old: old.replace(b"\n", b"\r\r\n")),
        f"line 2: {EMPTY}",
    ),
    *refused(
        "an empty line in between",
        lines_as(lambda lines: [*lines[:9], "\n", *lines[9:]]),
        f"line 10: {EMPTY}",
    ),
    *refused(
        "an empty line at the end",
        lines_as(lambda lines: [*lines, "\n"]),
        f"line {ROWS + 2}: {EMPTY}",
    ),
    *refused(
        "no newline in the last line",
        bytes_as(bytes.rstrip),
        f"line {ROWS + 1}: {TRUNCATED}",
        BOTH,
    ),
    *refused(
        "a CR within a line",
        bare_cells({("LotShape", 4): b"R\rg"}),
        "line 4: 8 cells where the header has 81",
    ),
    *refused(
        "a comma too many",
        bare_cells({("LotArea", 9): b"9,600"}),
        "line 9: 82 cells where the header has 81; fix a missing or extra comma",
    ),
    *refused(
        "a cell too few",
        lines_as(lambda lines: [*lines[:8], lines[8].split(",", 1)[1], *lines[9:]]),
        "line 9: 79 cells where the header has 80",
        [TEST],
    ),
    *refused(
        "a comma behind each row",
        lines_as(lambda lines: [lines[0], *(r[:-1] + ",\n" for r in lines[1:])]),
        "line 2: 82 cells",
    ),
    *refused(
        "a line of 200 MB",
        with_a_line_of_200_mb,
        "column MSSubClass, line 3: longer than 65,536 characters",
    ),
    *refused(
        "a category of 10,000 letters",
        cell("Neighborhood", 3, LONG),
        "column Neighborhood, line 3: longer than 65,536 characters",
        BOTH,
    ),
    *refused(
        "a quote left open",
        bare_cells({("MSZoning", 4): b'"RL'}),
        f"column MSZoning, line 4: {QUOTE}",
        BOTH,
    ),
    *refused(
        "a quote for an Id",
        bare_cells({("Id", 4): b'"'}),
        f"column Id, line 4: {QUOTE}",
    ),
    *refused(
        "a quote closed too early",
        bare_cells({("MSZoning", 4): b'"RL"', ("Street", 4): b'"Pa"ve'}),
        f"column Street, line 4: {QUOTE}",
    ),
    *refused(
        "a quote over two rows",
        bare_cells({("LotShape", 5): b'"Reg', ("LotShape", 6): b'Reg"'}),
        "column LotShape, line 5: 'Reg,Lvl,AllPub,Inside,Gtl,Gilbert,Nor…' is not a",
        [TEST],
    ),
    *refused(
        "Latin-1",
        bare_cells({("MSZoning", 4): "Résidence".encode("latin-1")}),
        "column MSZoning, line 4: byte 0xe9 (é in Windows-1252) is not UTF-8; save the",
        BOTH,
    ),
    *refused(
        "a NUL byte",
        bare_cells({("LotArea", 4): b"84\x0050"}),
        "column LotArea, line 4: a NUL byte",
        BOTH,
    ),
]

HEADERS = [
    *refused(
        "a header only",
        lines_as(lambda lines: lines[:1]),
        "a header but no rows",
        BOTH,
    ),
    *refused("half a header", cut_after(400), f"line 1: {TRUNCATED}"),
    *refused("no header", lines_as(lambda lines: lines[1:]), f"'1' … {NOT_AMES}"),
    *refused("no header", lines_as(lambda lines: lines[1:]), NO_NAMES, [TEST]),
    *refused(
        "a header in lower case",
        rows_as(lambda rows: [[name.lower() for name in rows[0]], *rows[1:]]),
        f"line 1: 'id' … {NOT_AMES}",
    ),
    *refused(
        "a space before each name",
        rows_as(lambda rows: [[f" {name}" for name in rows[0]], *rows[1:]]),
        f"line 1: ' Id' … {NOT_AMES}",
    ),
    *refused(
        "3,000 commas",
        bytes_as(lambda _: b"," * 3000 + b"\n"),
        f"'' … {NOT_AMES}",
    ),
    *refused("3,000 commas", bytes_as(lambda _: b"," * 3000 + b"\n"), NO_NAMES, [TEST]),
    *refused(
        "Excel's commas at the end of each line",
        lines_as(lambda lines: [line[:-1] + ",,\n" for line in lines]),
        "columns 82 and 83 have no name; name them, or remove them",
    ),
    *refused(
        "two files, one behind the other",
        lines_as(lambda lines: lines * 2),
        f"column Id, line {ROWS + 2}: 'Id' is not a positive integer",
    ),
    *refused("no LotArea", without_column("LotArea"), "column LotArea: missing", BOTH),
    *refused("no Id", without_column("Id"), "column Id: missing; add it"),
    *refused(
        "LotArea twice",
        with_column("LotArea", "1"),
        "column LotArea: duplicate column; keep one of them",
        BOTH,
    ),
    *refused(
        "Street for Alley",
        renamed({"Alley": "Street"}),
        "column Street: duplicate column; keep one of them",
    ),
    *refused(
        "Area for LotArea",
        renamed({"LotArea": "Area"}),
        "column LotArea: missing; rename the unknown column 'Area', or add it",
    ),
    *refused(
        "the index of pandas",
        with_column("Unnamed: 0", "0", index=0),
        "column 1 has no name: it is the index of a data frame",
    ),
    *refused(
        "a name of 3,000 letters",
        with_column(LONG[:3000], "0"),
        f"column '{'x' * 37}…': unknown; remove it",
    ),
    *refused(
        "a name that turns the terminal red",
        with_column("\x1b[31m", "0"),
        r"column '\x1b[31m': unknown; remove it",
    ),
    *refused(
        "prices of the test houses",
        with_column("SalePrice", "1"),
        "column SalePrice: in the test file",
        [TEST],
    ),
    *refused(
        "names swapped, cells not",
        renamed({"LotArea": "MSZoning", "MSZoning": "LotArea"}),
        "column MSZoning, line 2: '8450' is not a category",
    ),
    *used(
        "columns in another order",
        rows_as(lambda rows: [row[::-1] for row in rows]),
        files=BOTH,
    ),
]

HOUSES = [
    *refused("one house", lines_as(lambda lines: lines[:2]), "only one row"),
    *used("one house", lines_as(lambda lines: lines[:2]), '"test": 1\n', [TEST]),
    *used("two houses", lines_as(lambda lines: lines[:3]), '"train": 2,'),
    *used("truncated at a newline", lines_as(lambda lines: lines[:31]), '"train": 30,'),
]

FILES = NO_FILE + NO_TABLE + LINES + HEADERS + HOUSES


def cuts(file: str, times: int) -> list[Input]:
    """The file truncated at random places, none of which is the end of a line."""
    lines = (RAW / file).read_bytes().splitlines(keepends=True)
    content = b"".join(lines[: ROWS + 1])
    places = random.Random(7).sample(range(1, len(content)), times)
    return [cut for size in sorted(places) for cut in cut_within(file, content, size)]


def cut_within(file: str, content: bytes, size: int) -> list[Input]:
    said = f"line {content[:size].count(10) + 1}: {TRUNCATED}"
    return refused(f"cut after {size} bytes", cut_after(size), said, [file])


CUTS = cuts(TRAIN, 25) + cuts(TEST, 10)
