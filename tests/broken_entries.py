"""What is done to a file of the project, and what must come of it."""

from typing import NamedTuple

from spoiling import Spoil

ROWS = 40  # houses of each file, which are enough
TRAIN, TEST = BOTH = ("train.csv", "test.csv")


class Input(NamedTuple):
    """A file, what is done to it, and the words that must be said of it.

    Refused, the one line on standard error holds the words. Used, what `preprocess`
    shows or writes holds them; without words, it writes what it writes of the file as
    it was. Line 1 is the header.
    """

    file: str
    name: str
    spoil: Spoil
    said: str
    used: bool


def refused(name: str, spoil: Spoil, said: str, files=(TRAIN,)) -> list[Input]:
    return [Input(file, name, spoil, said, used=False) for file in files]


def used(name: str, spoil: Spoil, said: str = "", files=(TRAIN,)) -> list[Input]:
    return [Input(file, name, spoil, said, used=True) for file in files]
