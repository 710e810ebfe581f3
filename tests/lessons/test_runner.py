"""The files of the lessons: their format, and how the command runs them."""

import ast
import importlib
import json
import re
import shlex
import subprocess
import sys
import timeit
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path

import jupytext
import pytest

from pipeline.cli.lesson import Options
from pipeline.core.errors import UserError
from pipeline.lessons import LESSONS, find_lessons, runner
from pipeline.lessons.runner import run_lesson

OPTIONS = {field.name.upper() for field in fields(Options)}
NAMES = [
    "tensors",
    "vectorization",
    "linear-regression",
    "softmax-regression",
    "mlp",
    "model-selection",
    "weight-decay",
    "dropout",
]


def test_the_lessons_are_in_the_order_of_the_book():
    assert list(LESSONS) == NAMES


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=str)
def test_each_lesson_has_a_summary_and_a_test(lesson):
    assert 20 < len(lesson.summary) < 60
    assert (Path(__file__).parent / f"test_{lesson.path.name}").exists()


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=str)
def test_each_cell_of_prose_is_one_string_and_each_cell_of_code_parses(lesson):
    for cell in lesson.cells:
        statements = ast.parse(cell.source).body
        strings = [
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Constant)
            for statement in statements
        ]
        assert strings == ([True] if cell.is_prose else [False] * len(statements)), cell
        assert statements, "an empty cell"
    assert lesson.cells[0].is_prose and lesson.cells[-1].is_prose


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=str)
def test_jupytext_reads_the_same_cells(lesson):
    notebook = jupytext.read(lesson.path)
    read = [(cell.cell_type, cell.source.strip()) for cell in notebook.cells]
    assert read == [
        ("markdown", cell.text) if cell.is_prose else ("code", cell.source.strip())
        for cell in lesson.cells
    ]


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=str)
def test_parameters_are_numbers_or_none(lesson):
    for cell in lesson.cells:
        if cell.parameters:
            for statement in ast.parse(cell.source).body:
                assert isinstance(statement, ast.Assign | ast.AnnAssign)
                eval(ast.unparse(statement.value), {"__builtins__": {}})
    known = {"DATA", "ROOT", *OPTIONS}
    others = {"DRAWS", "MORE_DRAWS", "SIZES", "IMAGES", "SEEDS", "LONGER"}
    assert lesson.parameters <= known | others


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=str)
def test_importing_a_lesson_runs_nothing(lesson, capsys):
    names = vars(importlib.import_module(f"pipeline.lessons.{lesson.path.stem}"))
    assert not {"generator", "rows", "draws", "images", "losses"} & {*names}
    assert capsys.readouterr().out == ""


def test_an_error_names_the_line_of_the_lesson_s_file(root):
    lesson = LESSONS["linear-regression"]
    with pytest.raises(TypeError) as raised:
        run_lesson(lesson, "scratch", {"ROOT": root, "EPOCHS": "3"})
    lines = lesson.path.read_text(encoding="utf-8").splitlines()
    assert "EPOCHS + 1" in lines[raised.traceback[-1].lineno]


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=str)
def test_each_lesson_says_in_two_sentences_what_to_watch(lesson):
    assert len(re.findall(r"[.!?](?= |$)", lesson.about)) == 2
    assert " Watch " in lesson.about


def test_scratch_parts_use_no_layer_loss_or_optimizer_of_torch():
    scratch = {
        "linear-regression": ("linear", "squared_loss", "sgd"),
        "softmax-regression": ("log_softmax", "cross_entropy"),
        "mlp": ("relu", "mlp"),
        "model-selection": ("scratch",),
        "weight-decay": ("l2_penalty", "scratch"),
        "dropout": ("draw_mask", "dropout"),
    }
    for name, parts in scratch.items():
        module = importlib.import_module(f"pipeline.lessons.{LESSONS[name].path.stem}")
        for part in parts:
            names = getattr(module, part).__code__.co_names
            assert not {"nn", "optim", "functional"} & {*names}, (name, part)


def test_the_list_of_lessons_imports_nothing_heavy():
    code = (
        "import sys, pipeline.lessons;"
        "print([m for m in ('torch', 'numpy', 'pandas', 'matplotlib', 'sklearn')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_unknown_lesson_is_refused_with_the_names_there_are(run_all):
    with pytest.raises(UserError, match="no lesson 'cnn'; there are: tensors, vector"):
        run_all("cnn")


def test_both_implementations_run_one_after_the_other(run_all):
    results = run_all("linear-regression")
    assert [(result.lesson.name, result.impl) for result in results] == [
        ("linear-regression", "scratch"),
        ("linear-regression", "torch"),
    ]


def test_a_lesson_with_one_implementation_runs_once(run_all):
    for impl in ("scratch", "torch", "both"):
        assert [result.impl for result in run_all("tensors", impl)] == ["both"]


@pytest.mark.parametrize("name", ["softmax-regression", "mlp", "dropout"])
def test_a_lesson_on_images_runs_on_any_directory_of_them(
    name, root, run_all, few_images
):
    for result in run_all(name, EPOCHS=1, LONGER=2, SEEDS=2, DATA=few_images):
        assert result.figures
        for path in result.figures:
            assert path.parent == root / "reports" / "lessons"
            assert path.read_bytes().startswith(b"\x89PNG")
        json.dumps(result.record(), allow_nan=False)


def test_missing_images_are_an_error_before_anything_is_written(root, run_all):
    with pytest.raises(UserError, match="--data"):
        run_all("mlp", "torch", DATA=root / "gone")
    assert not (root / "reports").exists()


@pytest.mark.parametrize("name", ["linear-regression", "dropout"])
def test_a_seed_fixes_every_measurement(name, run_one, few_images):
    for impl in ("scratch", "torch"):
        first, again, other = (
            run_one(
                name, impl, SEED=seed, EPOCHS=1, LONGER=2, SEEDS=2, DATA=few_images
            ).rows
            for seed in (0, 0, 1)
        )
        assert first == again
        assert first != other


def test_all_lessons_without_images_come_first():
    found = find_lessons("all")
    assert [lesson.needs_images for lesson in found] == [False] * 5 + [True] * 3


@pytest.mark.parametrize(
    ("options", "has_tolerance"),
    [({}, True), ({"EPOCHS": 3}, True), ({"EPOCHS": 2}, False), ({"LR": 0.1}, False)],
)
def test_other_options_than_the_books_have_no_tolerance(
    options, has_tolerance, run_one
):
    rows = run_one("linear-regression", "torch", **options).rows
    assert {row.band is not None for row in rows} == {has_tolerance}


TO_TRY = [trial for lesson in LESSONS.values() for trial in lesson.to_try]
COMMANDS = {trial["command"]: trial["shows"] for trial in TO_TRY}


def test_each_lesson_has_two_commands_to_try():
    assert [len(lesson.to_try) for lesson in LESSONS.values()] == [2] * 8


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("pipeline")])
def test_a_lesson_command_to_try_is_accepted(command, pipeline, monkeypatch, tmp_path):
    seen = []

    def run(lesson, impl, options, **_):
        seen.append(options)
        raise UserError("not run")

    monkeypatch.setattr(runner, "run_lesson", run)
    result = pipeline(*shlex.split(command)[1:], "--root", tmp_path)
    assert result.err == "error: not run\n"
    (options,) = seen
    assert {*options} & OPTIONS - {"SEED"} or options["SEED"]


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("python")])
def test_a_python_command_to_try_runs(command, capsys):
    _, option, *words = shlex.split(command)
    fails = "ends in an error" in COMMANDS[command]
    with pytest.raises(RuntimeError) if fails else nullcontext():
        if option == "-c":
            exec(words[0], {})
        else:
            assert words[0] == "timeit" and timeit.main(words[1:]) is None
    assert capsys.readouterr().out
