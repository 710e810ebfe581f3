"""Hostile changes of cells and names, and tables with one to three changes."""

from hostile_files import ENCODED, ORDERS, SCHEMAS
from hostile_tables import (
    FILES,
    NEW,
    TEST,
    TRAIN,
    Change,
    a_cell,
    cells,
    measured,
    refused_cell,
    renamed,
)
from hypothesis import strategies as st

OURS = (
    *("mlp", "ridge", "boosting", "blend", "prediction", "fold", "row", "self"),
    *("fold 1", "row_", "prediction_", "sold year", "sold day of year", "shop=north"),
    *(
        "shop=other",
        "size > 20",
        "actual",
        "error",
        "model",
        "0",
        "nan",
        "None",
        "level",
    ),
    *(
        "columns",
        "target",
        "kind",
        "missing",
        "left_out",
        "a,b",
        'say "a"',
        "[red]",
        "é",
    ),
    *(
        "e\u0301",
        "<b>",
        "'",
        "x" * 300,
        "a.b",
        "a b ",
        "#",
        "\\",
        "$",
        "%s",
        "{}",
        "日本",
    ),
)
SCALES = (1e-300, 1e-45, 1e-39, 1e-12, 1e-9, 1e-6, 1e6, 1e12, 1e30, 5e36, -1.0, -1e9)
OFFSETS = (-1e9, -1e6, 1e4, 1e7, 1e9, 1.6e9, 1e11)
NAMES = st.builds(
    renamed, st.sampled_from(["size", "shop", "y"]), st.sampled_from(OURS)
) | st.builds(  # a file that begins with { or < is JSON or a web page
    renamed, st.just("ref"), st.sampled_from([n for n in OURS if n[0] not in "{<"])
)
UNITS = st.builds(
    lambda scale, offset: cells("size", measured(scale, offset)),
    *(st.sampled_from([1.0, *SCALES]), st.just(0.0)),
) | st.builds(
    lambda scale, offset: cells("size", measured(scale, offset)),
    *(st.sampled_from([-1.0, 1.0, 1e3]), st.sampled_from(OFFSETS)),
)


def target_in(scale: float, offset: float) -> Change:
    return cells(
        "y", measured(scale, offset), (TRAIN,), target=lambda y: (y - offset) / scale
    )


TARGETS = st.one_of(
    st.builds(
        target_in, st.sampled_from([1e-100, 1e-30, 1e-9, -1.0, 1e9, 1e30]), st.just(0)
    ),
    st.builds(target_in, st.just(1.0), st.sampled_from([-1e3, 1e6, 1e9, -1e11])),
    st.just(cells("y", measured(1e-300, 0), (TRAIN,), refused="column y")),
    st.sampled_from(["", "NA", "inf", "nan", "1e39", "ten", "\u00a012", "1e400"]).map(
        lambda text: a_cell("y", text, TRAIN, refused="column y, line ")
    ),
    st.sampled_from(["1e30", "-1e38", "1e-40"]).map(
        lambda text: a_cell("y", text, TRAIN, same=False)
    ),
    st.just(cells("y", lambda _: "7", (TRAIN,), refused="column y")),
)
IDS = st.sampled_from(
    [
        lambda text: str(2**53 + int(text[2:])),
        lambda text: str(10**30 + int(text[2:])),
        lambda text: f"00{text[2:]}",
        lambda text: f"-{text[2:]}",
        lambda text: f"{text[2:]}e3",
        lambda text: f"1.{text[2:]}",
        lambda text: f'{text[2:]},"é" ',
        lambda text: f"é日本{text[2:]}",
        lambda text: f"=cmd({text[2:]})",
    ]
).map(
    lambda new: cells("ref", lambda text: new(text) if text[2:].isdigit() else text)
) | (
    st.sampled_from(["", "NA", "R\n1", "R\u20281", "x" * 1001, "R-0002", "R-1002"]).map(
        lambda text: Change(
            f"an id {text[:20]!r}",
            frozenset(["ref"]),
            a_cell("ref", text, TRAIN if text != "R-1002" else TEST).make,
            late=True,
            refused="column ref, line ",
        )
    )
)
WILD = st.one_of(
    st.builds(
        refused_cell,
        st.just("size"),
        st.sampled_from(
            [
                *("1e39", "-1e39", "3.5e38", "inf", "-inf", "1e400", "ten", "1,5"),
                *("1\u00a0", "\u00a01", "1\u202f000", "\u22121", "1 000", "1_000"),
                *("0x10", "1\n"),
            ]
        ),
        st.sampled_from(FILES),
    ),
    st.builds(
        lambda text, file: a_cell("size", text, file, late=True, same=False),
        st.sampled_from(["1e38", "-3e38", "1e20", "1e-45", "", "NA", "-0.0", "1e-400"]),
        st.sampled_from(FILES),
    ),
    st.builds(
        refused_cell,
        st.just("sold"),
        st.sampled_from(["2021-02-30", "2021-13-01", "0000-01-01", "2021", "today"]),
        st.sampled_from(FILES),
    ),
    st.builds(
        lambda text, file: a_cell("sold", text, file, late=True, same=False),
        st.sampled_from(["9999-12-31", "0001-01-01", "1677-09-20", "", "NA"]),
        st.sampled_from(FILES),
    ),
)
SPELT = (str.upper, str.title, lambda t: t + " ", lambda t: t.replace("o", "o\u0308"))
WORDS = st.one_of(
    st.sampled_from(
        [
            lambda t: {"north": "True", "south": "False"}.get(t, "None"),
            lambda t: {"north": "nan", "south": "1e3"}.get(t, "1"),
            lambda t: {"north": "NULL ", "south": "other"}.get(t, "none"),
            lambda t: {"north": "é", "south": "e\u0301"}.get(t, "ê"),
            lambda t: {"north": 'a, "b"', "south": "a=b"}.get(t, "[red]"),
            lambda t: t[:1] * 1000,
            lambda t: f"{t}'" * 50,
        ]
    ).map(lambda new: cells("shop", new)),
    st.sampled_from(
        [str.upper, str.title, lambda t: f" {t}", lambda t: f"{t}\u00a0"]
    ).map(
        lambda new: cells(
            "shop", new, (TEST, NEW), left_out="shop", said="test.csv has '", same=False
        )
    ),
    st.sampled_from(
        [str.upper, lambda t: f"{t} ", lambda t: t.replace("t", "t\u200b")]
    ).map(
        lambda new: cells(
            "shop", new, (TEST, NEW), late=True, refused="column shop, line "
        )
    ),
    st.sampled_from(["x" * 1001, "a\nb", "\x1b[31m", "a\u2028b"]).map(
        lambda word: refused_cell("shop", word, TRAIN)
    ),
    st.sampled_from(["east", "[bold]", "日本"]).map(
        lambda word: a_cell("shop", word, TEST, late=True, said=word, same=False)
    ),
    st.just(cells("shop", lambda t: t + "x" * 1001, left_out="shop", same=False)),
    st.just(cells("shop", lambda t: t[:2] + "\n" + t[2:], left_out="shop", same=False)),
    st.just(
        cells("shop", lambda t: t * 20_000, (TRAIN,), refused="column shop, line ")
    ),
)
BLANKS = st.one_of(
    st.builds(
        lambda column, word, file, step: cells(
            column, lambda _: word, (file,), slice(0, None, step), same=False
        ),
        st.sampled_from(["size", "shop", "sold"]),
        st.sampled_from(["", "NA", "NaN", "N/A", "null", "#N/A"]),
        st.sampled_from([TRAIN, TEST]),
        st.sampled_from([2, 5, 17]),
    ),
    st.builds(
        lambda column, word: cells(
            column, lambda _: word, (TRAIN,), left_out=column, same=False
        ),
        st.sampled_from(["size", "shop", "sold"]),
        st.sampled_from(["", "NA", "null"]),
    ),
    st.builds(
        lambda column, word: cells(
            column, lambda _: word, (TEST, NEW), late=True, same=False
        ),
        st.sampled_from(["size", "shop", "sold"]),
        st.sampled_from(["", "NA"]),
    ),
    st.builds(
        lambda column, word: cells(column, lambda _: word, left_out=column, same=False),
        st.sampled_from(["size", "shop", "sold"]),
        st.sampled_from(["0", "2020-01-01", "north", "1e300", "0.1", " ", "\u00a0"]),
    ),
    st.builds(
        lambda mark: cells(
            "size",
            lambda t: t + mark,
            (TRAIN,),
            slice(0, None, 2),
            left_out="size",
            said="U+",
            same=False,
        ),
        st.sampled_from(["\u00a0", "\u202f", "\u200b", "\ufeff"]),
    ),
)
NOTES = st.sampled_from(
    [
        lambda t: t + "\n" + t,
        lambda t: '"\r\n' + t,
        lambda t: t + ",\n\n,",
        lambda t: t * 3000,
        lambda t: t + "\u00a0\u2028\x85\x1c\x0c",
        lambda t: "é" + t,
        lambda t: "=1+" + t,
        lambda t: "\x1b[31m" + t,
    ]
).map(lambda new: cells("note", new, left_out="note"))
KINDS = (
    NAMES,
    UNITS,
    TARGETS,
    IDS,
    WILD,
    WORDS,
    BLANKS,
    NOTES,
    ENCODED,
    ORDERS,
    SCHEMAS,
)


@st.composite
def hostile(draw):
    """One to three changes, no two of which are of the same column or file."""
    found, taken = [], set()
    for kind in draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3)):
        change = draw(kind)
        new_names = {
            c.name.split(" is called ")[1] for c in found if "called" in c.name
        }
        clashes = any(change.name.endswith(f" is called {name}") for name in new_names)
        if not taken & change.of and not clashes:
            found.append(change)
            taken |= change.of
    return found
