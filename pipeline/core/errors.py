"""Errors that the user can fix, and text that fits on one line of a terminal."""

import re
import shlex
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from traceback import extract_tb

INTERRUPTED = 130  # the exit status after Ctrl-C
INTERRUPTED_LINE = "interrupted; what was finished is kept"


class UserError(Exception):
    """An error the user can fix; the message says where it is and what to do.

    The command line prints it as one line and exits with status 2.
    """


def one_line(message: str | BaseException, longest: int = 1000) -> str:
    """Return a message on one line of bounded length, control characters escaped.

    Args:
        message: The text, or an exception; one without text is shown as its type.
        longest: The number of characters to keep; of a longer message both ends stay.
    """
    words = " ".join(str(message).split())
    if not words and isinstance(message, BaseException):
        words = type(message).__name__
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words)
    if len(line) <= longest:
        return line
    return f"{line[: longest // 2]} … {line[-longest // 2 :]}"


def error_in(path: Path, error: BaseException) -> str:
    """Return an error of the user's code on one line: the file, the line, the error."""
    frames, text = extract_tb(error.__traceback__), str(error)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    if isinstance(error, SyntaxError):
        lines, text = [error.lineno], error.msg
    where = f", line {lines[-1]}" if lines else ""
    described = one_line(f"{type(error).__name__}: {text}", 200)
    return f"{path}{where}: {described}"


def how_to_install(requirement: str) -> str:
    """Return the command that installs a package for this Python, clone or wheel."""
    python = shlex.quote(sys.executable or "python")
    return f"run `{python} -m pip install '{requirement}'`"


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that is most similar to another one, or None if none is similar.

    Case, blanks and marks do not count.
    """
    plain = {_plain(other): other for other in names}
    found = get_close_matches(_plain(name), plain, n=1)
    return plain[found[0]] if found else None


def _plain(name: str) -> str:
    """Return a name without case, blanks and marks; R writes 2ndFloor as X2ndFloor."""
    letters = re.sub(r"[\W_]", "", name).casefold()
    return letters[1:] if re.match(r"x\d", letters) else letters


def meant(name: str, allowed: Iterable[str], otherwise: str = "remove it") -> str:
    """Suggest the allowed name that is most similar to a wrong one, if there is one."""
    near = nearest(name, allowed)
    return f"is {near} meant?" if near else otherwise


def short(cell: str) -> str:
    """Return a cell in quotes, cut to 40 characters."""
    return repr(cell if len(cell) <= 40 else cell[:37] + "…")
