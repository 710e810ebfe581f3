"""Which texts of a table mean a blank?"""

from collections.abc import Mapping

import numpy as np

from pipeline.infer.texts import Tally

_BLANKS = ("NA", "")
_OTHER_BLANKS = ("NaN", "nan", "N/A", "n/a", "NULL", "null", "#N/A")
_QUESTION = "?"  # a blank, or a word


def find_missing(known: Mapping[str, Tally], asked: Mapping[str, Tally]) -> list[str]:
    """Return the texts that mean a blank in the files."""
    tallies = [*known.values(), *asked.values()]
    others = [text for text in _OTHER_BLANKS if any(text in tally for tally in tallies)]
    found = [*_BLANKS, *others]
    questioned = [
        name
        for name, tally in known.items()
        if _QUESTION in tally or _QUESTION in asked.get(name, tally)
    ]
    if len(questioned) > 1 or any(
        _is_numeric(known[name].without([*found, _QUESTION])) for name in questioned
    ):
        found.append(_QUESTION)
    return found


def _is_numeric(tally: Tally) -> bool:
    return bool(len(tally)) and not np.isnan(tally.numbers).any()
