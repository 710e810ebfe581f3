import importlib
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.core.errors import UserError
from pipeline.lessons import LESSONS, overfitting, runner
from pipeline.lessons.runner import find_lessons

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


@pytest.mark.parametrize("name", NAMES)
def test_each_lesson_has_a_summary_a_short_file_and_a_test(name):
    lesson = LESSONS[name]
    assert 20 < len(lesson.summary) < 60
    module = importlib.import_module(lesson.module)
    lines = Path(module.__file__).read_text(encoding="utf-8").splitlines()
    assert len(lines) < 150
    assert (Path(__file__).parent / f"test_{Path(module.__file__).name}").exists()


def test_scratch_parts_use_no_layer_loss_or_optimizer_of_torch():
    for name in NAMES[2:]:
        module = importlib.import_module(LESSONS[name].module)
        for part in ("init_params", "scratch", "net", "mlp", "log_softmax", "dropout"):
            function = getattr(module, part, None)
            names = function.__code__.co_names if function else ()
            assert not {"nn", "optim", "functional"} & set(names), (name, part)


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


def test_an_unknown_lesson_is_refused_with_the_names_there_are(run_by_name):
    with pytest.raises(UserError, match="no lesson 'cnn'; there are: tensors, vector"):
        run_by_name("cnn", "both")


def test_both_implementations_run_one_after_the_other(run_by_name):
    results = run_by_name("linear-regression", "both")
    assert [(result.lesson.name, result.impl) for result in results] == [
        ("linear-regression", "scratch"),
        ("linear-regression", "torch"),
    ]


def test_a_lesson_with_one_implementation_runs_once(run_by_name):
    for impl in ("scratch", "torch", "both"):
        assert [result.impl for result in run_by_name("tensors", impl)] == ["both"]


@pytest.mark.parametrize("name", ["softmax-regression", "mlp", "dropout"])
def test_a_lesson_on_images_runs_on_any_directory_of_them(
    name, root, run_by_name, few_images, monkeypatch
):
    monkeypatch.setattr(overfitting, "LONGER", 2)
    for result in run_by_name(name, "both", epochs=1, data=few_images):
        assert result.figures
        for path in result.figures:
            assert path.parent == root / "reports" / "lessons"
            assert path.read_bytes().startswith(b"\x89PNG")
        json.dumps(result.record(), allow_nan=False)


def test_missing_images_are_an_error_before_anything_is_written(root, run_by_name):
    with pytest.raises(UserError, match="--data"):
        run_by_name("mlp", "torch", data=root / "gone")
    assert not (root / "reports").exists()


@pytest.mark.parametrize("name", ["linear-regression", "dropout"])
def test_a_seed_fixes_every_measurement(name, run_by_name, few_images, monkeypatch):
    monkeypatch.setattr(overfitting, "LONGER", 2)
    for impl in ("scratch", "torch"):
        first, again, other = (
            run_by_name(name, impl, seed=seed, epochs=1, data=few_images)[0]
            for seed in (0, 0, 1)
        )
        assert first.measurements == again.measurements
        assert first.measurements != other.measurements


def test_all_lessons_without_images_come_first_and_take_the_options_they_have(
    make_config,
):
    found = find_lessons("all", make_config("both", lr=0.5, rates=(0.1, 0.1)))
    images = [lesson.images for lesson in found]
    assert images == [False] * 5 + [True] * 3
    given = {lesson.name: config.given for lesson, config in found.items()}
    assert given["tensors"] == []
    assert given["mlp"] == ["lr"]
    assert given["dropout"] == ["lr", "rates"]


def test_an_option_that_a_lesson_does_not_have_is_refused_with_those_that_do(
    make_config,
):
    with pytest.raises(UserError, match=r"--rate: mlp does not .* do: dropout"):
        find_lessons("mlp", make_config("both", rates=(0.1,)))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("lr", 0.0),
        ("hidden", (0,)),
        ("rates", (1.0,)),
        ("weight_decays", (-1.0,)),
    ],
)
def test_a_value_outside_its_range_is_refused(option, value, make_config):
    with pytest.raises(UserError, match="must be"):
        make_config("both", **{option: value})


def test_other_options_than_the_books_have_no_tolerance(make_config):
    assert make_config("torch").tolerance((1, 2), book=5) == (1, 2)
    assert make_config("torch", epochs=5).tolerance((1, 2), book=5) == (1, 2)
    assert make_config("torch", epochs=4).tolerance((1, 2), book=5) is None
    assert make_config("torch", lr=0.1).tolerance((1, 2), book=5) is None


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=str)
def test_each_lesson_says_in_two_sentences_what_to_watch(lesson):
    assert len(re.findall(r"[.!?](?= |$)", lesson.about)) == 2
    assert " Watch " in lesson.about


COMMANDS = [trial.command for each in LESSONS.values() for trial in each.to_try]


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("pipeline")])
def test_a_lesson_command_to_try_is_accepted(command, pipeline, monkeypatch, tmp_path):
    seen = []

    def run(*pair):
        seen.append(pair)
        raise UserError("not run")

    monkeypatch.setattr(runner, "run_lesson", run)
    result = pipeline(*shlex.split(command)[1:], "--root", tmp_path)
    assert result.err == "error: not run\n"
    ((_, config),) = seen
    assert config.given or config.seed


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("python")])
def test_a_python_command_to_try_runs(command):
    words = [sys.executable, *shlex.split(command)[1:]]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    fails = (
        "ends in an error"
        in {
            trial.command: trial.shows
            for each in LESSONS.values()
            for trial in each.to_try
        }[command]
    )
    assert bool(done.returncode) is fails, done.stderr
    assert done.stdout
