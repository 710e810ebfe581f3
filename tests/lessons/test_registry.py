import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.lessons import LESSONS
from pipeline.lessons.runner import run_lesson

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


def test_an_unknown_lesson_is_refused_with_the_names_there_are(root):
    with pytest.raises(UserError, match="no lesson 'cnn'; there are: tensors, vector"):
        _run("cnn", "both", root)


def test_both_implementations_run_one_after_the_other(root):
    results = _run("linear-regression", "both", root)
    assert [(result.lesson, result.impl) for result in results] == [
        ("linear-regression", "scratch"),
        ("linear-regression", "torch"),
    ]


def test_a_lesson_with_one_implementation_runs_once(root):
    for impl in ("scratch", "torch", "both"):
        assert [result.impl for result in _run("tensors", impl, root)] == ["both"]


@pytest.mark.parametrize("name", ["softmax-regression", "mlp", "dropout"])
def test_a_lesson_on_images_runs_on_any_directory_of_them(name, root, few_images):
    for result in _run(name, "both", root, epochs=1, data=few_images):
        assert result.figures
        for path in result.figures:
            assert path.parent == root / "reports" / "lessons"
            assert path.read_bytes().startswith(b"\x89PNG")
        json.dumps(result.record(), allow_nan=False)


def test_missing_images_are_an_error_before_anything_is_written(root):
    with pytest.raises(UserError, match="--data"):
        _run("mlp", "torch", root, data=root / "gone")
    assert not (root / "reports").exists()


@pytest.mark.parametrize("name", ["linear-regression", "dropout"])
def test_a_seed_fixes_every_measurement(name, root, few_images):
    for impl in ("scratch", "torch"):
        first, again, other = (
            _run(name, impl, root, seed=seed, epochs=1, data=few_images)[0]
            for seed in (0, 0, 1)
        )
        assert first.measurements == again.measurements
        assert first.measurements != other.measurements


def _run(name, impl, root, *, seed=0, epochs=None, data=None):
    return run_lesson(
        name, impl, seed=seed, epochs=epochs, data=data, project=Project(root)
    )
