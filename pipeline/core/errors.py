"""The one exception that the command line turns into a line of text and status 2."""

INTERRUPTED = 130  # the exit status after Ctrl-C
INTERRUPTED_LINE = "interrupted; what was finished is kept"
_LONGEST = 1000  # characters of a line; long paths have their place in it


class UserError(Exception):
    """Something the user can mend; the message says where it is and what to do."""


def one_line(message: str) -> str:
    """A message as a single line of bounded length that moves no cursor."""
    words = " ".join(message.split())
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words)
    if len(line) <= _LONGEST:
        return line
    return f"{line[: _LONGEST // 2]} … {line[-_LONGEST // 2 :]}"


def short(text: str) -> str:
    """A cell as it can be shown within a line."""
    return repr(text if len(text) <= 40 else text[:37] + "…")
