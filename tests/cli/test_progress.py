"""No command is silent for long: the steps are shown, and never with --json."""

import io
import json
import os
import re
import subprocess
import sys
import time

import pytest
from rich.console import Console
from situations import QUICK

from pipeline.cli import console, progress
from pipeline.core.progress import Step, announce, listening
from pipeline.core.settings import Settings
from pipeline.models import model_of

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")

LOADING = "loading PyTorch"
STEPS = {
    "preprocess": [
        "loading pandas",
        "reading and checking data/raw",
        "looking for leaks and drift",
        "cleaning, and adding columns",
        "writing data/processed",
    ],
    "schema": ["loading pandas", "reading data/raw"],
    "train": [
        LOADING,
        "reading data/processed",
        "encoding the rows for each fold",
        "measuring the spread of the errors in each fold",
        "training the networks",
        "computing the expected score",
        "writing runs/",
    ],
    "predict": [
        LOADING,
        "checking the files of ",
        "loading the models",
        "reading and checking test.csv",
        "predicting",
    ],
    "report": [
        LOADING,
        "loading the models",
        "measuring the importance of each column",
        "explaining the largest errors",
        "drawing the page",
    ],
    "submit": ["checking the files of ", "checking the predictions"],
}


def command_of(name, root):
    options = {
        "preprocess": ["--force"],
        "schema": ["--force"],
        "train": [*QUICK, "--force"],
        "predict": [root / "data/raw/test.csv", "-o", root / "prices.csv"],
    }
    return [name, *options.get(name, []), "--root", root]


def on_a_terminal(words, **environment):
    """What the command line prints on a terminal, escape codes included."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *map(str, words)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "COLUMNS": "80", "TERM": "xterm-256color", **environment},
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 100_000)
        except OSError:  # Linux: all have closed the terminal
            part = b""
        if not part:
            break
        shown += part
    os.close(master)
    assert process.wait() == 0, shown
    return shown.decode()


def test_training_shows_its_steps_in_a_terminal_and_then_the_scores(trained_project):
    shown = on_a_terminal(command_of("train", trained_project))
    places = [shown.index(text) for text in (*STEPS["train"], "log-RMSE of 5 folds")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("environment", "code"),
    [({"NO_COLOR": "1"}, r"\x1b\[[0-9;]*m"), ({"TERM": "dumb"}, r"\x1b")],
)
def test_no_colour_is_shown_where_none_is_wanted(environment, code, trained_project):
    shown = on_a_terminal(command_of("submit", trained_project), **environment)
    assert not re.search(code, shown)
    assert "SalePrice: training and predicted" in shown


@pytest.mark.parametrize("name", STEPS)
def test_a_terminal_shows_every_step_in_turn(
    name, pipeline, trained_project, monkeypatch
):
    screen = Console(file=io.StringIO(), force_terminal=True, width=80)
    for module in (console, progress):
        monkeypatch.setattr(module, "err", screen)
    pipeline(*command_of(name, trained_project))
    shown = screen.file.getvalue()
    places = [shown.index(text) for text in STEPS[name]]
    assert places == sorted(places)


@pytest.mark.parametrize("name", STEPS)
def test_lines_go_to_a_pipe_now_and_then_but_not_with_json(
    name, pipeline, trained_project, monkeypatch
):
    monkeypatch.setattr(progress, "_FIRST", 0.0001)
    begin = progress.Display.begin

    def begin_slowly(display, step):
        is_new = step.text not in display.step_text
        begin(display, step)
        time.sleep(0.05 * is_new)  # a quick step could end before a line is printed

    monkeypatch.setattr(progress.Display, "begin", begin_slowly)
    command = command_of(name, trained_project)
    lines = pipeline(*command).err.splitlines()
    known = ("starting", "checking the files of ", *STEPS[name])
    assert lines
    assert [line for line in lines if not line.startswith(known)] == []
    shown = pipeline(*command, "--json")
    assert json.loads(shown.out)
    assert shown.err == ""


def test_a_short_command_prints_no_line_to_a_pipe(pipeline, trained_project):
    assert pipeline(*command_of("preprocess", trained_project)).err == ""


def test_a_long_step_prints_its_name_its_parts_and_its_seconds(monkeypatch):
    pipe = Console(file=io.StringIO())
    for module in (console, progress):
        monkeypatch.setattr(module, "err", pipe)
    monkeypatch.setattr(progress, "_FIRST", 0.01)
    with progress.steps():
        announce("reading", 2, 9)
        limit = time.monotonic() + 60
        while "reading" not in pipe.file.getvalue() and time.monotonic() < limit:
            time.sleep(0.01)
    assert "reading · 2 of 9 · 0 s\n" in pipe.file.getvalue()


def test_steps_go_only_to_those_who_listen():
    heard = []
    announce("before")
    with listening(heard.append):
        announce("during", 1, 2)
    announce("after")
    assert heard == [Step("during", 1, 2)]


@pytest.fixture
def clock(monkeypatch):
    """The seconds that the display reads; a test sets them."""
    seconds = [0.0]
    monkeypatch.setattr(progress, "monotonic", lambda: seconds[0])
    return seconds


def test_the_time_left_counts_down_and_is_not_shown_when_it_is_used_up(clock):
    display = progress.Display()
    clock[0] = 100
    display.begin(Step("training"))
    display.note = "best .11"
    clock[0] = 110
    display.advance(0.25)
    assert display.work_text == "25% · about 30 s left · best .11"
    clock[0] = 125
    assert display.work_text == "25% · about 15 s left · best .11"
    clock[0] = 140
    assert display.work_text == "25% · best .11"
    assert display.step_text == "training · 40 s"


def test_the_longest_line_of_a_search_fits_into_80_columns(clock):
    display = progress.Display()
    display.note = "256 of 256 trials · lowest score 0.1114"
    clock[0] = 50
    display.advance(0.5)
    screen = Console(file=io.StringIO(), width=80)
    screen.print(display.draw())
    assert "50% · about 50 s left · 256 of 256 trials" in screen.file.getvalue()
    assert "0.1114" in screen.file.getvalue()


def test_the_time_left_goes_on_where_the_next_step_begins(clock):
    display = progress.Display()
    display.begin(Step("training"))
    clock[0] = 60
    display.advance(0.5)
    display.begin(Step("writing", 1, 4))
    clock[0] = 70
    assert display.step_text == "writing · 1 of 4 · 10 s"
    assert display.work_text == "50% · about 50 s left"


@pytest.fixture
def displays(monkeypatch):
    """The displays that are made, the last one last."""
    kept = []
    made = progress.Display
    monkeypatch.setattr(progress, "Display", lambda: kept.append(made()) or kept[-1])
    return kept


@pytest.mark.parametrize("shares", [[0.25] * 4, [0.1] * 10, [1 / 3] * 3])
def test_the_bar_of_any_work_ends_at_100_percent(shares, displays, clock):
    with progress.progress() as callback:
        for share in shares:
            callback(share, "log-RMSE of mlp 0.2000")
    assert displays[0].work_text == "100% · log-RMSE of mlp 0.2000"


def test_without_a_terminal_a_line_is_printed_after_each_tenth(monkeypatch, clock):
    pipe = Console(file=io.StringIO())
    for module in (console, progress):
        monkeypatch.setattr(module, "err", pipe)
    with progress.progress() as callback:
        announce("training")
        for _ in range(30):
            callback(1 / 30, "log-RMSE of mlp 0.2000")
    lines = pipe.file.getvalue().splitlines()
    shares = [int(re.search(r"(\d+)% · log-RMSE", line)[1]) for line in lines]
    assert [share // 10 for share in shares] == list(range(11))
    assert lines[-1] == "training · 0 s · 100% · log-RMSE of mlp 0.2000"


@pytest.mark.parametrize(
    ("rows", "columns", "features", "measured"),
    [(1460, 332, 87, 0.43), (267, 14, 10, 0.68), (2000, 34, 8, 0.65)],
)
def test_the_share_of_the_networks_is_about_what_was_measured(
    rows, columns, features, measured
):
    settings = Settings().for_rows(rows - rows // 5)
    networks = model_of("mlp").seconds(settings, rows, columns)
    trees = model_of("boosting").seconds(settings, rows, features)
    assert networks / (networks + trees) == pytest.approx(measured, abs=0.15)
