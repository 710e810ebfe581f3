"""Every table fits into 80 and into 100 columns, and is plain without a terminal."""

import io
import math
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from ames_columns import SCHEMA
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from situations import copy_raw

from pipeline.ames import ames_schema
from pipeline.cli import console, progress
from pipeline.cli.baselines import shares_of_fall, show_baselines
from pipeline.cli.console import fit
from pipeline.cli.lesson import show_result
from pipeline.cli.preprocess import show_preprocess
from pipeline.cli.runs import show_runs
from pipeline.cli.submit import show_submission
from pipeline.cli.train import show_scores
from pipeline.cli.tune import show_search
from pipeline.core.fingerprint import record_digest
from pipeline.core.metrics import Forecast
from pipeline.core.paths import Project
from pipeline.core.settings import MODELS, Settings
from pipeline.core.typed_json import from_json
from pipeline.kaggle import receipts
from pipeline.kaggle.receipts import Receipt, SubmittedRun
from pipeline.lessons import LESSONS, baselines
from pipeline.lessons.runner import Result, run_lesson
from pipeline.lessons.show import Row
from pipeline.models.mlp import mean_error
from pipeline.runs.record import (
    BaselineScore,
    Diverged,
    LargestError,
    ModelScore,
    Run,
    Search,
)
from pipeline.stages import up_to_date
from pipeline.stages.submit import Submission

SCORE = {"mean": 0.1107, "std": 0.0204, "pooled": 0.1086, "seconds": 123.4}


def run_of(folds, lambdas=(5.0,)):
    """A run with values as wide as they come."""
    scores = [0.1234 + n / 1000 for n in range(folds)]
    hidden = (128, 64)
    return Run(
        run_id="20261124-103916-061",
        created="2026-11-24T10:39:16.061+00:00",
        fingerprint="",
        inputs={},
        settings=Settings(
            models=("mlp",), folds=folds, lambdas=lambdas, hidden=hidden, seeds=16
        ).for_rows(1168),
        metric="log-rmse",
        schema=ames_schema().text,
        cv=SCORE["pooled"],
        scores=[
            ModelScore(
                model="mlp",
                value=value,
                label=f"λ = {value:g}",
                chosen=value == lambdas[0],
                folds=scores,
                **SCORE,
            )
            for value in lambdas
        ],
        diverged=[],
        forecast=Forecast(estimate=0.1086, low=0.097, high=0.1209),
        largest_errors=[LargestError(1299, "NPkVill", 755_000.0, 335_849.0, 0.132)],
        seconds=1234.5,
        columns={},
        target_bounds=[],
        threads=1,
        versions={},
    )


def blend_of_all_models():
    """A run with all models, one of which has no weight."""
    run = run_of(5)
    (score,) = run.scores
    members = [replace(score, model=name, value=None, label="") for name in MODELS]
    weights = dict.fromkeys(MODELS, 0.5) | {MODELS[-1]: 0.0}
    blend = replace(members[0], model="blend", weights=weights)
    settings = replace(run.settings, models=MODELS)
    return replace(run, settings=settings, scores=[*members, blend])


def submitted(run, score=None):
    """A run with its submission, pending or with a score; one with none is edited."""
    status = receipts.PENDING if score is None else receipts.COMPLETE
    receipt = Receipt("", "", "", "", status, public_score=score)
    if score is None:
        run = replace(run, digest=record_digest(run.to_json()))
    return SubmittedRun(run, f"submissions/{run.run_id}.csv", receipt)


def diverged_run_of(folds):
    """A run in which two networks of the second λ diverged."""
    run = run_of(folds, (5.0, 0.0))
    best, other = run.scores
    scores = [math.nan, math.nan, *other.folds[2:]]
    other = replace(other, folds=scores, mean=math.nan, std=math.nan, pooled=math.nan)
    networks = [Diverged("mlp", 0.0, "λ = 0", n, 0, 10 - n) for n in (1, 2)]
    return replace(run, scores=[best, other], diverged=networks)


def baselines_run():
    run = run_of(5)
    folds = run.scores[0].folds
    return replace(
        run,
        baselines=[
            BaselineScore(
                each.name,
                each.what,
                folds=folds,
                accuracy=0.43,
                over=each.over,
                gain=-0.0218,
                gain_error=0.0052,
                **SCORE,
            )
            for each in baselines.BASELINES
        ],
    )


def search():
    trial = {"number": 100, "lambda": 0.376, "lr": 0.000918, "dropout": 0.0634}
    trial |= {"hidden": [128, 64], "score": 0.1162, "pruned": True, "rungs": []}
    score = {"pooled": [0.1104] * 5, "mean": 0.1104}
    confirmed = {"fold_seeds": [12_345] * 5, "best": score, "default": score}
    record = {"best": trial, "trials": [trial], "confirmed": confirmed}
    return from_json(Search, record | {"command": "pipeline train"})


def accuracies():
    epochs = ".694 .823 .840 .856 .866 .871 .875 .881 .883 .888"
    rows = [
        Row("train accuracy per epoch, original tutorial", epochs, epochs),
        Row("mean of ones, p = 0.5", "1", 1.0004, (0.996, 1.004), inside=True),
    ]
    return Result(LESSONS["mlp"], "torch", rows, {}, [], 1.0)


TABLES = {
    "preprocess": lambda folders: show_preprocess(
        up_to_date.preprocess(folders, force=False).result
    ),
    "train": lambda _: show_scores(run_of(5)),
    "train of all models": lambda _: show_scores(blend_of_all_models()),
    "train of a small lambda": lambda _: show_scores(run_of(5, (1e-05, 12.5))),
    "train of six folds": lambda _: show_scores(run_of(6)),
    "train of seven folds": lambda _: show_scores(run_of(7)),
    "train of ten folds": lambda _: show_scores(run_of(10, (1e-05, 12.5))),
    "train of twenty folds": lambda _: show_scores(run_of(20)),
    "train of a network that diverged": lambda _: show_scores(diverged_run_of(5)),
    "train of many, and one diverged": lambda _: show_scores(diverged_run_of(20)),
    "runs": lambda _: show_runs(
        [submitted(run_of(10), 0.12345), submitted(run_of(5, (0.376,)))], run_of(10)
    ),
    "submit": lambda folders: show_submission(
        Submission(
            "run",
            folders.raw,
            SCHEMA,
            rows=[("1461", 1e6)],
            quartiles=[755_000.0] * 5,
            train_quartiles=[755_000.0] * 5,
            skipped=True,
        )
    ),
    "tune": lambda _: show_search(search()),
    "baselines": lambda _: show_baselines(baselines_run()),
    "lesson of text": lambda folders: show_result(
        run_lesson(LESSONS["tensors"], "both", {"ROOT": folders.root})
    ),
    "lesson of text and numbers": lambda _: show_result(accuracies()),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return Project(copy_raw(tmp_path_factory.mktemp("tables") / "project"))


def words_of(tables):
    cells = [cell for table in tables for each in table.columns for cell in each.cells]
    return {word for cell in cells for word in str(cell).split()}


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", TABLES)
def test_no_line_is_too_long_and_no_word_is_cut(name, width, folders, monkeypatch):
    tables, text = [], io.StringIO()

    def seen(table, width):
        tables.append(table)
        return fit(table, width)

    monkeypatch.setattr(console, "fit", seen)
    monkeypatch.setattr(console, "out", Console(width=width, file=text, markup=False))
    TABLES[name](folders)
    # A line of a table starts with a blank; a sentence does not, and is left whole.
    lines = [line for line in text.getvalue().splitlines() if line.startswith(" ")]
    assert max(map(len, lines)) <= width
    assert words_of(tables)
    assert words_of(tables) <= set(text.getvalue().split())


def test_the_worst_of_many_folds_is_one_that_diverged(monkeypatch):
    text = io.StringIO()
    monkeypatch.setattr(console, "out", Console(width=100, file=text))
    show_scores(diverged_run_of(20))
    (row,) = (line for line in text.getvalue().splitlines() if "mlp, λ = 0 " in line)
    _, _, cells = row.partition("λ = 0 ")
    assert cells.split() == ["0.1254", "0.1354", "diverged", "–", "–", "123.4"]
    named = "λ = 0 is excluded: network 1 of fold 2 diverged in epoch 8 and 1 more"
    assert named in " ".join(text.getvalue().split())


WORDS = st.lists(st.text("abλ[", min_size=1, max_size=12), max_size=4).map(" ".join)
NUMBERS = st.integers(0, 10**6).map(str)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(30, 90), st.data())
def test_any_table_fits_where_its_longest_words_do(left, right, width, data):
    table = console.make_table(["word"] * left, ["number"] * right)
    cells = st.tuples(*[WORDS] * left, *[NUMBERS] * right)
    for row in data.draw(st.lists(cells, min_size=1, max_size=3)):
        table.add_row(*row)
    text = io.StringIO()
    for part in fit(table, width):
        Console(width=width, file=text, markup=False).print(part)
    assert max(map(len, text.getvalue().splitlines())) <= width
    assert words_of([table]) <= set(text.getvalue().split())


@pytest.mark.parametrize(("folds", "blocks"), [(5, 1), (8, 2), (10, 2)])
def test_a_table_too_wide_continues_below_with_its_first_column_repeated(
    folds, blocks, monkeypatch
):
    text = io.StringIO()
    monkeypatch.setattr(console, "out", Console(width=80, file=text))
    show_scores(run_of(folds))
    headings = [line for line in text.getvalue().splitlines() if " model " in line]
    assert len(headings) == blocks
    assert "seconds" in headings[-1]


def train_in(terminal, monkeypatch, note="log-RMSE of one network 0.2000"):
    """The progress that `train` prints on a console."""
    monkeypatch.setattr(console, "err", terminal)
    monkeypatch.setattr(progress, "err", terminal)
    with progress.progress() as callback:
        for _ in range(8):
            callback(1 / 8, note)
    return terminal.file.getvalue()


PLAIN = [
    f"starting · 0 s · {share}% · log-RMSE of one network 0.2000"
    for share in (12, 25, 38, 50, 62, 75, 88, 100)
]


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_is_plain_lines_where_no_cursor_can_move(terminal, monkeypatch):
    dumb = Console(
        file=io.StringIO(), force_terminal=terminal, _environ={"TERM": "dumb"}
    )
    assert train_in(dumb, monkeypatch).splitlines() == PLAIN


@pytest.mark.parametrize(
    ("errors", "text"),
    [
        ([0.1, 0.3], "0.2000"),
        ([0.1, float("inf")], "0.1000, 1 diverged"),
        ([float("nan")] * 2, "–, 2 diverged"),
    ],
)
def test_the_note_of_the_networks_counts_those_that_diverged(errors, text):
    assert mean_error(errors) == text


def test_progress_is_a_bar_on_a_terminal_of_80_columns(monkeypatch):
    terminal = Console(
        file=io.StringIO(), force_terminal=True, width=80, _environ={"TERM": "vt"}
    )
    text = train_in(terminal, monkeypatch)
    assert "…" not in text
    assert "━" in text
    assert "trained" not in text


def gains_shown(gain, monkeypatch):
    """What `baselines` says of one gain of a standard error of 0.0010."""
    text = io.StringIO()
    monkeypatch.setattr(console, "out", Console(width=100, file=text))
    over = {"over": "mean-price", "gain": gain, "gain_error": 0.001}
    scores = [
        BaselineScore("mean-price", "mean", folds=[], accuracy=None, **SCORE),
        BaselineScore("linear", "weights", folds=[], accuracy=None, **SCORE, **over),
    ]
    show_baselines(replace(run_of(5), baselines=scores))
    return text.getvalue()


def test_a_loss_has_its_sign_and_a_gain_that_may_be_chance_is_named(monkeypatch):
    assert "−0.0200 ± 0.0010" in gains_shown(-0.02, monkeypatch)
    assert "may be chance" not in gains_shown(-0.02, monkeypatch)
    near = "a gain within two standard errors may be chance: linear"
    assert near in gains_shown(0.0019, monkeypatch)


def test_the_shares_of_the_fall_of_the_score_follow_the_baselines_built_on():
    scores = [
        BaselineScore(
            name, what, [], pooled, 0.0, pooled, 0.0, None, over, gain=0, gain_error=0
        )
        for name, what, over, pooled in (
            ("mean", "the mean", None, 0.4),
            ("linear", "the log", "mean", 0.2),
            ("bands", "bands", "linear", 0.5),  # no step on the way to the last
            ("mlp", "hidden units", "linear", 0.15),
        )
    ]
    assert shares_of_fall(scores) == (
        "shares of the fall from mean to mlp: linear 80% (the log); mlp 20% (hidden "
        "units)"
    )
    assert shares_of_fall(scores[:1]) == ""
    assert shares_of_fall(scores[:3]) == ""


def on_a_terminal(command, root, **environment):
    """What a command prints where standard output is a terminal of 80 columns."""
    master, slave = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "pipeline", *command, "--root", root],
        stdout=slave,
        stderr=slave,
        env={**os.environ, "COLUMNS": "80", "TERM": "xterm-256color", **environment},
        check=False,
    )
    os.close(slave)
    with os.fdopen(master, "rb", buffering=0) as file:
        return file.read(100_000).decode()


@pytest.mark.parametrize(
    ("environment", "styled"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_without_colour_there_is_no_style(environment, styled, trained_project):
    shown = on_a_terminal(["runs"], trained_project, **environment)
    assert "Runs, newest first" in shown
    assert bool(re.search(r"\x1b\[[\d;]*m", shown)) is styled
    if "TERM" in environment:
        assert "\x1b" not in shown


def lines_of(shown):
    return [re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", each) for each in shown.splitlines()]


def test_a_terminal_wraps_an_error_at_words_and_a_pipe_has_one_line(
    trained_project, pipeline
):
    command = ("submit", "--run", "a-run-that-is-not-there")
    expected = pipeline(*command, "--root", trained_project).err
    assert expected.count("\n") == 1
    assert len(expected) > 100
    shown = lines_of(on_a_terminal(command, trained_project, TERM="dumb"))
    assert len(shown) > 1
    assert " ".join(shown).split() == expected.split()
    longest = max(map(len, expected.split()))
    assert all(len(line) <= max(80, longest) for line in shown)


@pytest.mark.parametrize("width", [20, 40, 80])
def test_commands_and_values_are_not_broken(width, monkeypatch):
    text = io.StringIO()
    monkeypatch.setattr(console, "out", Console(file=text, width=width))
    command = "`pipeline train --model mlp,ridge --lambda 0,1,5,10 --epochs 4`"
    near = "As good within two standard errors: λ = 0, λ = 5, λ = 10."
    console.say_wrapped(f"{near} Try less --dropout or more epochs: {command}")
    lines = text.getvalue().splitlines()
    assert sum(line.count("λ = ") for line in lines) == 3
    assert not any(line.endswith(("λ", "=")) for line in lines)
    assert any(command in line for line in lines)
    assert all(len(line) <= width or line == command for line in lines)


def test_each_part_of_a_split_table_names_the_candidate(monkeypatch):
    text = io.StringIO()
    monkeypatch.setattr(console, "out", Console(file=text, width=80))
    show_scores(run_of(10, (0.376, 1.25, 12.5)))
    tables = text.getvalue().split("Networks:")[0]
    for value in ("0.376", "1.25", "12.5"):
        assert len(re.findall(rf"(?m)^ .*{re.escape(value)}( |$)", tables)) == 2
