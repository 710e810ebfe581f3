"""Show on standard error what a command is doing, and how far it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from time import monotonic

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Column, Table

from pipeline.cli.console import err, out, say, say_err
from pipeline.core.numbers import duration_text
from pipeline.core.progress import Callback, Step, listening

_FIRST, _LONGEST = 10.0, 60.0  # seconds between two plain lines; each is twice the last
_WARM_UP = 1.0  # seconds until the rate of the work is known


class Display:
    """What a command is doing: its current step, and the share of its work done.

    Attributes:
        note: a text beside the share of the work, such as the best score so far.
        table: shown below, in a terminal.
        refresh: called when a step begins: what follows may block all threads, as the
            import of torch does.
        in_lines: whether plain lines are printed, as there is no terminal: one after
            each tenth of the work, too, and when another step goes on with it.
        say: prints a line that stays, above what is shown.
    """

    def __init__(self) -> None:
        self.note = ""
        self.table: Table | None = None
        self.refresh: Callable[[], object] = lambda: None
        self.in_lines = False
        self.say: Callable[[str], None] = say
        self._step = Step("starting")
        self._step_begin = monotonic()
        self._share: float | None = None
        self._work_begin = self._ends = 0.0
        self._printed: tuple[str, int] | None = None
        self._spinner = Spinner("dots")

    def begin(self, step: Step) -> None:
        """Show a step, or that more parts of it are done."""
        is_new, self._step = step.text != self._step.text, step
        if is_new:
            self._step_begin = monotonic()
            self.refresh()

    def advance(self, share: float) -> None:
        """Show which share of the command's work is done.

        The work begins with the current step when this is called first. The time left
        is estimated from the mean rate since then.
        """
        now = monotonic()
        if self._share is None:
            self._work_begin = self._step_begin
        self._share = share
        elapsed = now - self._work_begin
        if share and elapsed > _WARM_UP:
            self._ends = now + elapsed * (1 - share) / share
        # Shares are rounded: their sum may be a little less than 1.
        reached = self._step.text, int(10 * share + 1e-6)
        if self.in_lines and reached != self._printed:
            self._printed = reached
            self.print_line()

    @property
    def step_text(self) -> str:
        """The step, the number of its parts and its seconds so far."""
        parts = [self._step.text]
        if self._step.total:
            parts.append(f"{self._step.done} of {self._step.total}")
        return " · ".join([*parts, duration_text(monotonic() - self._step_begin)])

    @property
    def work_text(self) -> str:
        """The share of the work that is done, the time left and the note."""
        if self._share is None:
            return ""
        parts = [f"{self._share:.0%}"]
        left = self._ends - monotonic()
        if left >= 1:  # an estimate that is used up says nothing
            parts.append(f"about {duration_text(left)} left")
        return " · ".join(filter(None, [*parts, self.note]))

    def draw(self) -> RenderableType:
        """Return what a terminal shows."""
        step = _row(self._spinner, self.step_text)
        if self._share is None:
            return step
        bar = ProgressBar(total=1, completed=self._share, width=10)
        lines: list[RenderableType] = [step, _row(" ", bar, self.work_text)]
        return Group(*lines, self.table) if self.table else Group(*lines)

    def print_line(self) -> None:
        """Print a plain line."""
        say_err(" · ".join(filter(None, [self.step_text, self.work_text])))


@contextmanager
def steps(*, hidden: bool = False) -> Iterator[Display]:
    """Show what the command does in this block, step by step.

    A terminal shows it in lines that are removed at the end. Elsewhere a plain line is
    printed after ten seconds, and then less and less often.

    Args:
        hidden: show nothing, for `--json`.
    """
    display = Display()
    if hidden:
        yield display
        return
    shown = _live(display) if err.is_interactive else _print_lines(display)
    with shown, listening(display.begin):
        yield display


@contextmanager
def _live(display: Display) -> Iterator[None]:
    """Draw the display until the block ends, then remove it."""
    from rich.live import Live

    with Live(
        console=err,
        transient=True,
        refresh_per_second=10,
        redirect_stdout=False,
        get_renderable=display.draw,
    ) as live:
        display.refresh = live.refresh
        if out.is_terminal:  # the same terminal: only its console knows where to print
            display.say = say_err
        yield


@contextmanager
def _print_lines(display: Display) -> Iterator[None]:
    """Print plain lines from another thread, since a step may take long."""
    display.in_lines = True
    ended = Event()

    def print_now_and_then() -> None:
        pause = _FIRST
        while not ended.wait(pause):
            display.print_line()
            pause = min(2 * pause, _LONGEST)

    thread = Thread(target=print_now_and_then, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def progress(*, hidden: bool = False) -> Iterator[Callback]:
    """Show the steps of the command, the share of its work and the time left.

    Yields a function to call with the share of all work done since the last call, and a
    note about it.

    Args:
        hidden: show nothing, for `--json`.
    """
    done, lock = 0.0, Lock()  # models train in threads
    with steps(hidden=hidden) as display:

        def callback(share: float, note: str) -> None:
            nonlocal done
            with lock:
                done += share
                display.note = note or display.note
                display.advance(min(done, 1.0))

        yield callback


def _row(*cells: RenderableType) -> Table:
    columns = [Column(no_wrap=True) for _ in cells]
    row = Table.grid(*columns, padding=(0, 1))
    row.add_row(*cells)
    return row
