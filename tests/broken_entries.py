"""How a file of the project is changed, and the expected outcome."""

from typing import NamedTuple

from spoiling import Spoil

ROWS = 40  # houses per file
TRAIN, TEST = BOTH = ("train.csv", "test.csv")


class Input(NamedTuple):
    """A file, a change of it, and the expected text.

    If it is refused, the one line on standard error contains the text. If it is used,
    what `preprocess` shows or writes contains the text; without a text, the output is
    that of the unchanged file. Line 1 is the header.
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
