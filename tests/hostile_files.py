"""Hostile changes of whole files, of the order of columns, and of schema.toml."""

from hostile_tables import NEW, TEST, TRAIN, Case, Change, file_as, schema_as
from hypothesis import strategies as st


def in_lines(change):
    return lambda old: b"".join(map(change, old.splitlines(keepends=True)))


def in_header(old: bytes, new: bytes):
    return lambda content: content.replace(old, new, 1)


ENCODED = st.builds(
    lambda file, made: file_as(file, *made),
    st.sampled_from([TRAIN, TEST]),
    st.sampled_from(
        [
            ("a byte order mark", lambda old: b"\xef\xbb\xbf" + old),
            ("CRLF", lambda old: old.replace(b"\n", b"\r\n")),
            ("UTF-16", lambda old: old.decode().encode("utf-16"), "line 1: "),
            ("UTF-16 bare", lambda old: old.decode().encode("utf-16-be"), "line 1: "),
            ("UTF-32", lambda old: old.decode().encode("utf-32"), "line 1: "),
            ("Latin-1", lambda old: old[:-2] + b"\xe9\n", "0xe9"),
            ("NUL", lambda old: old[:-2] + b"\0\n", "a NUL byte"),
            ("commas", in_lines(lambda r: r[:-1] + b",,\n"), "have no name"),
            ("commas in rows", lambda old: old[:-1] + b",\n", "cells"),
            ("no last line", lambda old: old[:-1], "truncated"),
            ("semicolons", lambda old: old.replace(b",", b";"), "semicolons"),
            ("two equal names", in_header(b"shop", b"size"), "duplicate column"),
            (
                "two empty names",
                lambda old: old.replace(b"shop", b"").replace(b"size", b""),
                "have no name",
            ),
            ("an empty line", lambda old: old + b"\n", "an empty line"),
            ("a header only", lambda old: old[: old.index(b"\n") + 1], "no rows"),
            ("empty", lambda _: b"", "the file is empty"),
            ("gzip", lambda _: b"\x1f\x8b\x08" + bytes(20), "gzip"),
            ("a web page", lambda _: b"<html>\n", "web page"),
        ]
    ),
)


def reordered(case: Case) -> None:
    frame = case.frames[TEST]
    case.frames[TEST] = frame[frame.columns[::-1]]


def swapped(case: Case) -> None:
    frame = case.frames[TEST]
    frame[["size", "shop"]] = frame[["shop", "size"]].to_numpy()


def without_size(case: Case) -> None:
    del case.frames[NEW]["size"]


ORDERS = st.sampled_from(
    [
        Change("columns in another order", frozenset(), reordered),
        Change(
            "swapped cells",
            frozenset(["size", "shop"]),
            swapped,
            late=True,
            refused="column size, line ",
        ),
        Change(
            "no size to predict",
            frozenset(["size"]),
            without_size,
            late=True,
            refused="missing",
        ),
    ]
)


def size_has(keys):
    """Give the only number of a schema other keys."""
    number = 'kind = "number"'
    return lambda text: text.replace(number, f"{number}, {keys}", 1)


def instead(old, new):
    return lambda text: text.replace(old, new, 1)


def first(line):
    return lambda text: f"{line}\n{text}"


MANY = "".join(f'"w{number}", ' for number in range(20_000))
NORTH = '"north"'
OF_SIZE = (  # keys, and by what they are refused
    *(("range = [-inf, inf]", None), (f"range = [0, 1{'0' * 400}]", "range")),
    *((f"range = [0, 1{'0' * 5000}]", "integer"), ("range = [1, 0]", "range")),
    *(("range = [nan, 1]", "range"), ("range = [0, 5]", "column size, line ")),
    ("range = [0, inf], log = true", None),
    ("range = [0, inf], log = true, blank = -1", "blank"),
    ("range = [0, inf], log = true, blank = -5", "blank"),
    *(("blank = 1e39", "blank"), ("blank = inf", "blank"), ("blank = -1", None)),
    *(("knots = [10, 20]", None), ("knots = [1e39]", "knots")),
    *(("knots = [20, 10]", "knots"), ("colour = 'red'", "colour")),
    *(("form = '1.234,5'", "column size, line "), ("form = ''", "form")),
)
FORMATS = ("%Y-%Y-%m", "%Y-%m-%d %z", "%Y-%m", "%q", "", "%", "%Y-%m-%d%%")
OTHERS = (  # a name, what is done, the columns, and by what it is refused
    ("20,000 words", instead(NORTH, MANY + NORTH), "shop", None),
    ("a word twice", instead(NORTH, f"{NORTH}, {NORTH}"), "shop", "listed twice"),
    ("no blanks", instead("missing =", "#"), "note", None),
    ("a group", first('group = "shop"'), "shop", None),
    ("a group that is left out", first('group = "note"'), "note", None),
    ("a group that is not there", first('group = "gone"'), "note", "group"),
    ("another metric", instead('"rmse"', '"mae"'), "y", None),
    ("high targets", first("target_range = [1e3, inf]"), "y", "column y, line "),
    ("a bracket", lambda text: f"{text}\n[[", "note", "schema.toml: "),
    ("a key twice", first('metric = "mae"'), "note", "schema.toml: "),
    ("an unknown key", first("colour = 1"), "note", "colour"),
)
SCHEMAS = st.sampled_from(
    [
        *(schema_as(keys[:60], size_has(keys), "size", why) for keys, why in OF_SIZE),
        *(
            schema_as(form, instead("%Y-%m-%d", form), "sold", "sold")
            for form in FORMATS
        ),
        *(schema_as(*other) for other in OTHERS),
    ]
)
