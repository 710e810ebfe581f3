"""Exercises: the functions of a lesson without bodies, and their check."""

import ast
import doctest
import importlib
import json
import re
import runpy
from pathlib import Path

import pytest

from pipeline.core.paths import Project
from pipeline.lessons import LESSONS, checker, exercises
from pipeline.lessons.exercises import (
    check_exercise,
    exercise_path,
    functions,
    solution,
    write_exercise,
)

# Bodies of a function that are wrong in a typical way.
WRONG = {
    "a copy that is only equal": ("tensors", "share_memory", "return old is new"),
    "the address of the first number": (
        *("tensors", "share_memory"),
        "return old.data_ptr() == new.data_ptr()",
    ),
    "no step in place": (
        *("tensors", "changes_with"),
        "before = old.tolist(); new = new + 10; return old.tolist() != before",
    ),
    "before without a copy": (
        *("tensors", "changes_with"),
        "before = old; new += 10; return bool((old != before).any())",
    ),
    "a difference for a sum": ("vectorization", "add_at_once", "return a - b"),
    "the first element left out": (
        *("vectorization", "add_elements"),
        "total = torch.zeros(len(a))\n"
        "    for i in range(1, len(a)): total[i] = a[i] + b[i]\n"
        "    return total",
    ),
    "a product for a sum of products": (
        *("vectorization", "predict_each"),
        "return torch.stack([house * w for house in X])",
    ),
    "a mean for a sum": ("vectorization", "predict_at_once", "return (X * w).mean(1)"),
    "the bias left out": ("linear-regression", "linear", "return X @ params[0]"),
    "the bias subtracted": (
        *("linear-regression", "linear"),
        "return X @ params[0] - params[1]",
    ),
    "no half": (
        *("linear-regression", "squared_loss"),
        "return (predicted - actual) ** 2",
    ),
    "the mean of the loss": (
        *("linear-regression", "squared_loss"),
        "return ((predicted - actual) ** 2 / 2).mean()",
    ),
    "the loss in another shape": (
        *("linear-regression", "squared_loss"),
        "return ((predicted - actual) ** 2 / 2).flatten()",
    ),
    "a step up": (
        *("linear-regression", "sgd"),
        "for p in params:\n        p += lr * p.grad; p.grad = None",
    ),
    "gradients that are not zeroed": (
        *("linear-regression", "sgd"),
        "for p in params:\n        p -= lr * p.grad",
    ),
    "a new tensor for each parameter": (
        *("linear-regression", "sgd"),
        "for p in params:\n        p = p - lr * p.grad",
    ),
    "exp overflows": (
        *("softmax-regression", "log_softmax"),
        "return (logits.exp() / logits.exp().sum(1, keepdim=True)).log()",
    ),
    "the wrong dimension": (
        *("softmax-regression", "log_softmax"),
        "return logits.log_softmax(0)",
    ),
    "no logarithm": (
        *("softmax-regression", "log_softmax"),
        "return logits.softmax(1)",
    ),
    "no minus": (
        *("softmax-regression", "cross_entropy"),
        "return log_softmax(logits).gather(1, labels.view(-1, 1)).squeeze(1)",
    ),
    "the mean of the cross-entropy": (
        *("softmax-regression", "cross_entropy"),
        "return torch.nn.functional.cross_entropy(logits, labels)",
    ),
    "the sum of all classes": (
        *("softmax-regression", "cross_entropy"),
        "return -log_softmax(logits).sum(1)",
    ),
    "an absolute value": ("mlp", "relu", "return X.abs()"),
    "the smaller one": ("mlp", "relu", "return X.clamp(max=0)"),
    "no nonlinearity": (
        *("mlp", "mlp"),
        "return (X @ params[0] + params[1]) @ params[2] + params[3]",
    ),
    "a nonlinearity at the end": (
        *("mlp", "mlp"),
        "H = relu(X @ params[0] + params[1])\n"
        "    return relu(H @ params[2] + params[3])",
    ),
    "powers from zero": (
        "model-selection",
        "powers",
        "return x ** torch.arange(degree)",
    ),
    "multiples for powers": (
        *("model-selection", "powers"),
        "return x * torch.arange(1, degree + 1)",
    ),
    "the errors of all rows": (
        *("model-selection", "kfold"),
        "X = torch.cat([torch.ones_like(x), powers(x, degree)], 1).double()\n"
        "    w = torch.linalg.lstsq(X, y.double()).solution\n"
        "    error = ((X @ w - y) ** 2).mean().item()\n"
        "    return Errors(error, error, 0.0)",
    ),
    "the lowest error": (
        *("model-selection", "simplest"),
        "return min(range(len(candidates)), key=lambda i: candidates[i].valid)",
    ),
    "two standard errors": (
        *("model-selection", "simplest"),
        "best = min(candidates, key=lambda e: e.valid)\n"
        "    limit = best.valid + 2 * best.standard_error\n"
        "    return next(i for i, e in enumerate(candidates) if e.valid <= limit)",
    ),
    "the mean of the squares": (
        "weight-decay",
        "l2_penalty",
        "return (w**2).mean() / 2",
    ),
    "the norm, not its square": ("weight-decay", "l2_penalty", "return w.norm() / 2"),
    "a penalty without half": ("weight-decay", "l2_penalty", "return (w**2).sum()"),
    "a negative penalty": ("weight-decay", "l2_penalty", "return -(w**2).sum() / 2"),
    "the sum of a loss": (
        *("weight-decay", "squared_loss"),
        "return ((predicted - actual) ** 2 / 2).sum()",
    ),
    "rate and its opposite exchanged": (
        *("dropout", "draw_mask"),
        "return (torch.rand(X.shape, generator=generator) < rate).float()",
    ),
    "no division by 1 - p": ("dropout", "dropout", "return X * mask"),
    "division by p": ("dropout", "dropout", "return X * mask / rate"),
    "multiplication by 1 - p": ("dropout", "dropout", "return X * mask * (1 - rate)"),
}


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def with_body(lesson, project, function, body):
    """Write the exercise with a body for one of its functions."""
    path = exercise_path(lesson, project)
    path.unlink(missing_ok=True)
    text = write_exercise(lesson, project).read_text()
    begin = text.index(f"def {function}(")
    tail = text[begin:].replace("raise NotImplementedError", body, 1)
    path.write_text(text[:begin] + tail)
    return path


def statuses(lesson, path):
    found = checker.check(lesson, path, functions(lesson))
    return {each.name: each.status for each in found}


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=str)
def test_nothing_of_a_new_exercise_is_attempted(lesson, project):
    path = write_exercise(lesson, project)
    assert 2 <= len(functions(lesson)) <= 4
    assert {*statuses(lesson, path).values()} == {"not attempted"}


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=str)
def test_the_lesson_s_own_functions_are_right(lesson, tmp_path):
    path = tmp_path / "own.py"
    path.write_text(solution(lesson))
    assert {*statuses(lesson, path).values()} == {"right"}


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=str)
def test_the_examples_give_what_the_docstrings_say(lesson):
    module = importlib.import_module(f"pipeline.lessons.{lesson.path.stem}")
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=str)
def test_each_use_gives_three_numbers_that_differ_or_are_of_two_kinds(lesson, tmp_path):
    path = tmp_path / "own.py"
    path.write_text(solution(lesson))
    for each in checker.check(lesson, path, functions(lesson)):
        assert len(each.expected) == 3, each
        assert len({*each.expected}) > 1, each


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=str)
def test_an_exercise_has_signatures_and_docstrings_but_no_bodies(lesson, project):
    tree = ast.parse(write_exercise(lesson, project).read_text())
    own = ast.parse(lesson.path.read_text())
    written, ours_by_name = (
        {x.name: x for x in part.body if isinstance(x, ast.FunctionDef)}
        for part in (tree, own)
    )
    assert [*written] == [*functions(lesson)]
    for name, function in written.items():
        ours = ours_by_name[name]
        assert ast.dump(function.args) == ast.dump(ours.args)
        assert ast.get_docstring(function) == ast.get_docstring(ours)
        assert [type(x) for x in function.body] == [ast.Expr, ast.Raise]


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=str)
def test_the_file_of_an_exercise_runs_and_names_all_that_its_functions_need(
    lesson, project
):
    names = runpy.run_path(str(write_exercise(lesson, project)))
    assert "torch" in names
    assert not [
        line for line in solution(lesson).splitlines() if "lessons.show" in line
    ]


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_a_typical_mistake_is_wrong_and_nothing_else_is(case, project):
    name, function, body = case
    lesson = LESSONS[name]
    found = statuses(lesson, with_body(lesson, project, function, body))
    assert found.pop(function) == "wrong"
    assert {*found.values()} <= {"not attempted"}


def test_every_function_has_a_typical_mistake():
    named = {(lesson, function) for lesson, function, _ in WRONG.values()}
    assert named == {
        (name, function)
        for name, lesson in LESSONS.items()
        for function in functions(lesson)
    }


def test_the_numbers_of_dropout_are_those_of_its_formula(project):
    lesson = LESSONS["dropout"]
    path = with_body(lesson, project, "dropout", "return X * mask")
    *_, found = checker.check(lesson, path, ["dropout"])
    assert found.expected == pytest.approx([1 / 0.8, 0, -4 / 0.8])
    assert found.actual == [1, 0, -4]


def test_a_solution_in_other_words_is_right(project):
    lesson = LESSONS["dropout"]
    body = "return torch.empty(X.shape).bernoulli_(1 - rate, generator=generator)"
    path = with_body(lesson, project, "draw_mask", body)
    assert statuses(lesson, path)["draw_mask"] == "right"


def test_a_function_may_use_another_one_that_is_not_written(project):
    lesson = LESSONS["softmax-regression"]
    body = "return -log_softmax(logits).gather(1, labels.view(-1, 1)).squeeze(1)"
    path = with_body(lesson, project, "cross_entropy", body)
    assert statuses(lesson, path) == {
        "log_softmax": "not attempted",
        "cross_entropy": "right",
    }


def test_a_reason_names_the_line_of_the_learner_s_file(project):
    lesson = LESSONS["mlp"]
    path = with_body(lesson, project, "relu", "return torhc.clamp(X, 0)")
    (found,) = checker.check(lesson, path, ["relu"])
    line = path.read_text().splitlines().index("    return torhc.clamp(X, 0)") + 1
    error = "NameError: name 'torhc' is not defined"
    assert found.reason == f"{path}, line {line}: {error}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import nothing_like_it\n", "line 1: ModuleNotFoundError: No module named"),
        ("def relu(X:\n", "line 1: SyntaxError"),
        ("exit()\n", "line 1: SystemExit"),
        ("x = 1\0", "SyntaxError"),
    ],
)
def test_a_file_that_cannot_be_run_makes_all_functions_wrong(text, reason, tmp_path):
    path = tmp_path / "mlp.py"
    path.write_text(text)
    found = [*checker.check(LESSONS["mlp"], path, functions(LESSONS["mlp"]))]
    assert [each.status for each in found] == ["wrong", "wrong"]
    assert all(reason in each.reason for each in found)


def test_a_file_that_is_not_python_is_one_line(pipeline, tmp_path):
    path = tmp_path / "exercises" / "mlp.py"
    path.parent.mkdir()
    path.write_text("import torch\n\ndef relu(X:\n")
    shown = pipeline("lesson", "mlp", "--check", "--root", tmp_path)
    assert (shown.status, shown.out) == (2, "")
    assert shown.err.startswith(f"error: {path}, line 3: SyntaxError: '(' was never")
    assert shown.err.endswith("; fix the file\n")


def test_a_function_that_is_not_in_the_file_is_not_attempted(tmp_path):
    path = tmp_path / "mlp.py"
    path.write_text("")
    assert statuses(LESSONS["mlp"], path)["relu"] == "not attempted"


def test_a_loop_without_end_an_exit_and_prints_do_not_break_the_check(
    project, monkeypatch
):
    monkeypatch.setattr(exercises, "LIMIT", 1)
    lesson = LESSONS["model-selection"]
    path = with_body(lesson, project, "powers", "while True: print(x)")
    text = path.read_text()
    for function, body in (
        ("kfold", "import os; os._exit(0)"),
        ("simplest", "print('{}'); exit()"),
    ):
        begin = text.index(f"def {function}(")
        tail = text[begin:].replace("raise NotImplementedError", body, 1)
        text = text[:begin] + tail
    path.write_text(f"print('loaded')\n{text}")
    found = check_exercise(lesson, project)
    assert [each.status for each in found] == ["wrong"] * 3
    assert found[0].reason == "it took more than 1 s"
    assert found[1].reason == "it ended the process"
    assert re.fullmatch(r".*, line \d+: SystemExit: .*", found[2].reason)


def test_the_command_writes_checks_and_shows_the_solution(pipeline, tmp_path):
    options = ("lesson", "dropout", "--root", tmp_path)
    wrote = json.loads(pipeline(*options, "--exercise", "--json").out)
    path = Path(wrote["path"])
    assert path == tmp_path / "exercises" / "dropout.py"
    assert wrote["functions"] == ["draw_mask", "dropout"]
    again = pipeline(*options, "--exercise")
    assert again.status == 2 and "exists; check it" in again.err

    text = pipeline(*options, "--solution").out
    assert (
        json.loads(pipeline(*options, "--solution", "--json").out)["solution"] in text
    )
    path.write_text(text.replace("/ (1 - rate)", ""))
    shown = pipeline(*options, "--check", "--json")
    checked = json.loads(shown.out)["functions"]
    assert [(each["name"], each["status"]) for each in checked] == [
        ("draw_mask", "right"),
        ("dropout", "wrong"),
    ]
    assert shown.status == 2
    assert "1 of 2 functions are right; write the others, and check" in shown.err
    path.write_text(text)
    assert pipeline(*options, "--check").status == 0


def test_numbers_that_are_not_finite_are_null_in_the_json(tmp_path, project):
    lesson = LESSONS["softmax-regression"]
    path = with_body(lesson, project, "log_softmax", "return logits.exp().log()")
    (found,) = checker.check(lesson, path, ["log_softmax"])
    assert found.record()["actual"] == [None] * 3


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--check",), "--check: give one, and the name of a lesson"),
        (("mlp", "--check", "--solution"), "--check --solution: give one"),
        (("all", "--exercise"), "no lesson 'all'"),
        (("mlp", "--check"), "mlp.py: no such file; write it by `lesson mlp --exerc"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments, error, pipeline, tmp_path):
    shown = pipeline("lesson", *arguments, "--root", tmp_path)
    assert shown.status == 2
    assert error in shown.err
    assert shown.err.count("\n") == 1
