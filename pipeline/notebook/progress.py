"""Show in a notebook what `train` is doing: a bar in the cell that runs it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from html import escape
from threading import Lock
from time import monotonic

from pipeline.core.numbers import duration_text
from pipeline.core.progress import Callback, Step, listening

_PAUSE = 0.2  # seconds between two drawings
_WARM_UP = 1.0  # seconds until the rate of the work is known


class _Bar:
    """The share of the work that is done, the time left, and the current step."""

    def __init__(self, draw: Callable[[float, str], None]) -> None:
        self._draw, self._lock = draw, Lock()  # models train in threads
        self._begin, self._drawn = monotonic(), 0.0
        self._share, self._step = 0.0, "starting"

    def update(self, share: float, step: str = "") -> None:
        with self._lock:
            now, is_new = monotonic(), step not in {"", self._step}
            self._step = step or self._step
            self._share = min(self._share + share, 1.0)
            if not is_new and now - self._drawn < _PAUSE:
                return
            self._drawn, elapsed = now, now - self._begin
            text = self._step
            if self._share and elapsed > _WARM_UP:
                left = elapsed * (1 - self._share) / self._share
                text = f"about {duration_text(left)} left · {text}"
            self._draw(self._share, text)


@contextmanager
def progress(*, hidden: bool) -> Iterator[Callback]:
    """Show the steps in this block, and the share of its work that is done.

    A notebook shows a bar; elsewhere, each step is printed on standard error.

    Args:
        hidden: show nothing.
    """
    draw = None if hidden else _cell()
    if draw is None:
        with nullcontext() if hidden else listening(print_step):
            yield lambda share, note: None
        return
    bar, begin = _Bar(draw), monotonic()
    with listening(lambda step: bar.update(0.0, step.text)):
        yield lambda share, note: bar.update(share)
    draw(1.0, f"trained in {duration_text(monotonic() - begin)}")


def _cell() -> Callable[[float, str], None] | None:
    """Return what draws a bar in the notebook's cell; None outside a notebook."""
    ipython = sys.modules.get("IPython")  # where it is not loaded, there is no notebook
    shell = ipython.get_ipython() if ipython else None
    if getattr(shell, "kernel", None) is None:
        return None
    display = sys.modules["IPython.display"]
    handle = display.display(display.HTML(""), display_id=True)

    def draw(share: float, text: str) -> None:
        bar = f'<progress value="{share:.3f}" style="width: 12em"></progress>'
        handle.update(display.HTML(f"{bar} {share:.0%} · {escape(text)}"))

    return draw


def print_step(step: Step) -> None:
    """Print a step on standard error, without its parts."""
    if not step.total:
        sys.stderr.write(f"{step.text} …\n")
