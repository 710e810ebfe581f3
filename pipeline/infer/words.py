"""Is a column words or free text, and which words does its vocabulary list?"""

from itertools import pairwise

import numpy as np

from pipeline.core.errors import short
from pipeline.data.schema import ABSENT, OTHER
from pipeline.infer.texts import SOME, Found, Tally, Texts

_SCALES = (  # the fewest levels that must be met, and the words from lowest to highest
    (2, (("low",), ("medium",), ("high",))),
    (2, (("small",), ("medium",), ("large",))),
    (3, (("xs",), ("s",), ("m",), ("l",), ("xl",), ("xxl",))),  # S, M may be others
    (2, (("poor",), ("fair",), ("average", "typical"), ("good",), ("excellent",))),
    (2, (("po",), ("fa",), ("ta",), ("gd",), ("ex",))),
)
_MOST_LEVELS = max(len(scale) for _, scale in _SCALES)
_LONGEST = 40  # characters of a word
_MOST_WORDS = 5  # in a cell that is not free text
_FEWEST_TEXTS = 10  # that are in one row only, in a column of free text
_SHORT_LIST = 30  # words, all of which are listed
_LONG_LIST = 100
_RARE = 5  # rows; a word in fewer rows is not listed in a long list
_SMALL_FILE = 200  # rows, of which all words may be rare
_ALMOST = 0.8  # share of numbers among the texts of a column of broken numbers
_MARKS = str.maketrans("", "", ",$€£% ")  # around the digits of a number


def find_text(texts: Texts) -> Found:
    """Return what a column is if it is neither a number nor a date."""
    if found := _ordered(texts):
        return found
    warning = _like_numbers(texts)
    if why := _free_text(texts):
        reason = "; ".join(filter(None, (warning, why)))
        return Found("left out", reason, doubtful=True)
    return find_word(texts, warning, doubtful=bool(warning))


def find_word(texts: Texts, reason: str = "", *, doubtful: bool = False) -> Found:
    """Return a column of words, or leave it out if no word can be listed.

    Args:
        texts: Of the column.
        reason: Why they are words, if it is known.
        doubtful: Whether a person should look at the column.
    """
    number = len(texts.train)
    chosen = _chosen(texts.train, texts.train.total + texts.train_blanks)
    listed = [w for w in chosen if len(w) <= _LONGEST and w.isprintable()]
    new = len(set(texts.test.texts).difference(texts.train.texts))
    others = bool(new) or len(listed) < number or number > _SHORT_LIST
    if others:
        listed = [word for word in listed if word != OTHER]
    if not listed:
        why = "too long or not printable" if chosen else f"in fewer than {_RARE} rows"
        reason = "; ".join(filter(None, (reason, f"all {number:,} words are {why}")))
        return Found("left out", reason, doubtful=True)
    absent = (
        bool(texts.blanks) and ABSENT not in texts.train and ABSENT not in texts.test
    )
    keys = {
        **({"blank": "none"} if absent else {}),
        **({"others": True} if others else {}),
        "vocabulary": _sorted(listed),
    }
    facts = [reason or _count(number, "word")]
    if len(listed) < number:
        facts.append(_what_is_listed(number, len(listed)))
    if new:
        facts.append(f"{new:,} more in test.csv")
    facts.append(_what_blanks_mean(texts.blanks, absent=absent))
    reason = ", ".join(filter(None, facts))
    return Found("word", reason, doubtful or number > _LONG_LIST, keys)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _what_is_listed(number: int, listed: int) -> str:
    return (
        f"the {listed} most frequent are listed"
        if number > _SHORT_LIST
        else f"{listed} are listed"
    )


def _what_blanks_mean(blanks: int, *, absent: bool) -> str:
    if absent:
        return f"{blanks:,} blank: a category of its own"
    return f"{blanks:,} blank: missing, as {ABSENT} is a word here" if blanks else ""


def _chosen(train: Tally, file_rows: int) -> list[str]:
    """Return the words to list of a file with some rows, the most frequent first."""
    order = np.argsort(-train.rows, kind="stable")
    texts, rows = train.texts[order], train.rows[order]
    if len(texts) <= _SHORT_LIST and (rows[0] >= _RARE or file_rows < _SMALL_FILE):
        return [*texts]
    return [*texts[rows >= _RARE][:_LONG_LIST]]


def _sorted(words: list[str]) -> list[str]:
    """Return words in their order; numbers by size."""
    numbers = Tally(np.array(words, dtype=object), np.ones(len(words))).numbers
    if np.isnan(numbers).any():
        return sorted(words)
    return [word for _, word in sorted(zip(numbers, words, strict=True))]


def _ordered(texts: Texts) -> Found | None:
    """Return a column whose words are on a known scale, or None."""
    words = {*texts.train.texts, *texts.test.texts}
    if len(words) > _MOST_LEVELS:
        return None
    for fewest, scale in _SCALES:
        level = {name: i for i, names in enumerate(scale) for name in names}
        if not all(word.lower() in level for word in words):
            continue
        listed = sorted(words, key=lambda word: level[word.lower()])
        levels = [level[word.lower()] for word in listed]
        if len(words) < fewest or any(a == b for a, b in pairwise(levels)):
            continue
        keys = {
            **({"blank": "none"} if texts.blanks else {}),
            "vocabulary": listed,
        }
        blanks = _what_blanks_mean(texts.blanks, absent=True) if texts.blanks else ""
        reason = ", ".join(filter(None, ("a known scale", blanks)))
        return Found("ordered", reason, keys=keys)
    return None


def _free_text(texts: Texts) -> str | None:
    """Return why a column is free text, or None if it is not."""
    train = texts.train
    single = int((train.rows == 1).sum())
    if single >= _FEWEST_TEXTS and single > train.total / 2:
        return f"free text: {len(train):,} of {train.total:,} are different"
    words = np.median([len(text.split()) for text in train.texts[:SOME]])
    if words > _MOST_WORDS:
        return f"free text: {words:.0f} words in a cell"
    longest = max(map(len, train.texts))
    if longest > _LONGEST and len(train) > 20:
        return f"free text: up to {longest:,} characters"
    return None


def _like_numbers(texts: Texts) -> str:
    """Return a warning if nearly all texts are numbers; "" if not."""
    both = np.concatenate([texts.train.texts, texts.test.texts])
    if texts.number_share >= _ALMOST:
        broken = np.isnan(np.concatenate([texts.train.numbers, texts.test.numbers]))
        rest = f"numbers but for {short(both[broken][0])}"
        alone = len(set(both[broken])) == 1
        return f"{rest}; if it means a blank, add it to missing" if alone else rest
    some = np.array([text.translate(_MARKS) for text in both[:SOME]], dtype=object)
    numbers = Tally(some, np.ones(len(some))).numbers
    if not np.isnan(numbers).any():
        return "like numbers, but with commas or other marks; write them without"
    return ""
