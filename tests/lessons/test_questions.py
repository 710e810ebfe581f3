"""The questions of the lessons: the run just made answers them, nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from idx_files import write_idx

from pipeline.lessons import LESSONS, Lesson
from pipeline.lessons.runner import run_lesson
from pipeline.lessons.show import Answer, letter

QUICK = {"EPOCHS": 2, "LONGER": 2, "SEEDS": 2, "DRAWS": 3, "MORE_DRAWS": 3}
QUICK |= {"SIZES": (1_000, 2_000)}
IMAGES = ("softmax-regression", "mlp", "dropout")


@pytest.fixture
def answers(root):
    """A function that runs a lesson, with changed code, and returns its answers."""

    def run(name, side, *change, **options):
        lesson = Lesson(name)
        if change:
            assert sum(change[0] in cell.source for cell in lesson.cells) == 1
            changed = [
                replace(cell, source=cell.source.replace(*change))
                for cell in lesson.cells
            ]
            lesson.__dict__["cells"] = changed
        result = run_lesson(lesson, side, {"ROOT": root, **QUICK, **options})
        return {answer.number: answer for answer in result.answers}

    return run


@pytest.fixture
def one_class(tmp_path):
    """A folder of images that all are of one class."""
    folder = tmp_path / "one"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (64, 28, 28), dtype=np.uint8)
    for part in ("train", "t10k"):
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", (64, 28, 28), pixels)
        labels = np.full(64, 6, np.uint8)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", (64,), labels)
    return folder


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=str)
def test_a_lesson_asks_two_or_three_questions(lesson):
    questions = lesson.questions("both")
    assert [q.number for q in questions] == [1, 2, 3][: max(2, len(questions))]
    for question in questions:
        assert question.text.endswith("?")
        assert "".join(question.letters) in {"", "ab", "abc", "abcd"}


@pytest.mark.parametrize("name", LESSONS)
def test_a_run_answers_all_of_its_questions(name, answers, request):
    lesson = LESSONS[name]
    options = {"DATA": request.getfixturevalue("few_images")} if name in IMAGES else {}
    for side in lesson.sides("both"):
        found = answers(name, side, **options)
        questions = {question.number: question for question in lesson.questions(side)}
        assert [*sorted(found)] == [*sorted(questions)]
        for number, answer in found.items():
            letters = questions[number].letters
            assert answer.right in letters if letters else answer.within >= 0
            assert answer.why.endswith(".")


CHANGES = {
    "tensors": (1, ("v[v > 0])", "v[:])"), 3.0, 4.0),
    "vectorization": (
        2,
        ("    return a + b", "    return add_elements(a, b)"),
        None,
        "a",
    ),
    "linear-regression": (1, ("NOISE = 0.01", "NOISE = 0.5"), None, "c"),
    "model-selection": (3, ("(1.2, -3.4, 5.6)", "(1.2, 0.0, 0.0)"), 100.0, 0.0),
    "weight-decay": (
        1,
        ("20, 100, 200, 0.01, 5", "100, 100, 2, 0.01, 5\nLR = 0.02"),
        None,
        "a",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_right_answer_turns_with_the_data(name, answers):
    number, change, before, after = CHANGES[name]
    (side,) = LESSONS[name].sides("scratch")
    options = {"EPOCHS": 10, "LAMBDAS": (0.0, 3.0)}
    first = answers(name, side, **options)[number].right
    then = answers(name, side, *change, **options)[number].right
    assert first != then == after
    assert before is None or first == pytest.approx(before, abs=35)


@pytest.mark.parametrize("name", ["softmax-regression", "mlp"])
def test_the_right_accuracy_turns_with_the_images(name, answers, few_images, one_class):
    first = answers(name, "scratch", DATA=few_images)[1].right
    then = answers(name, "scratch", DATA=one_class)[1].right
    assert (first, then) == ("a", "c") if name == "mlp" else first < 90 < then


def test_with_rates_of_zero_dropout_changes_nothing(answers, few_images):
    options = {"DATA": few_images, "RATES": (0.0, 0.0)}
    found = answers("dropout", "scratch", **options)
    assert (found[1].right, found[3].right) == ("c", "c")


def test_a_guess_is_right_if_it_is_the_letter_or_a_number_near_enough():
    assert Answer(1, "b", "").is_met("b")
    assert not Answer(1, "b", "").is_met("a")
    assert Answer(1, 80.0, "", within=3).is_met(82.9)
    assert not Answer(1, 80.0, "", within=3).is_met(83.5)
    assert not Answer(1, 80.0, "").is_met(None)
    assert not Answer(1, "a", "").is_met(None)


def test_a_letter_is_that_of_the_first_condition_that_holds():
    assert letter(True, True) == "a"
    assert letter(False, True) == "b"
    assert letter(False, False) == "c"


def test_a_notebook_folds_an_answer():
    folded = Answer(2, "b", "It is 3.")._repr_markdown_()
    assert folded.startswith("<details><summary>Answer to guess 2</summary>")
    assert "(b) It is 3." in folded
