"""`--ask`: guesses before the training, answers after it, missed ones once more."""

from types import SimpleNamespace

import pytest

from pipeline.cli import console
from pipeline.cli.baselines import ask_gains
from pipeline.runs.record import BaselineScore


@pytest.fixture
def types(monkeypatch):
    """A function that makes a terminal in which a user types these lines."""

    def begin(*lines):
        typed = iter(lines)
        monkeypatch.setattr(console, "check_terminal", lambda *_, **__: None)
        monkeypatch.setattr("builtins.input", lambda *_: next(typed))
        return typed

    return begin


def test_the_answers_follow_the_run_and_a_missed_question_returns(
    pipeline, types, tmp_path
):
    typed = types("maybe", "c", "a", "b")
    options = ("--impl", "scratch", "--root", tmp_path)
    shown = pipeline("lesson", "linear-regression", "--ask", *options)
    assert shown.status == 0
    parts = [
        "Guess 1. The noise has",
        "Give a or b or c, or nothing.",
        "Guess 2. How far is",
        "epoch 1, loss",
        "Guess 1: (c), the answer is (b). The last loss is",
        "Guess 2: (a), right. The largest difference to a true value is",
        "Once more:",
        "Guess 1: (b), right. The last loss is",
        "To try:",
    ]
    places = [shown.out.find(part) for part in parts[:-2]]
    places += [shown.out.rfind(part) for part in parts[-2:]]
    assert places == sorted(places) and places[0] >= 0
    assert next(typed, None) is None


def test_a_question_is_asked_once_for_both_implementations(pipeline, types, tmp_path):
    types("b", "a")
    shown = pipeline("lesson", "linear-regression", "--ask", "--root", tmp_path)
    assert shown.status == 0
    assert shown.out.count("Guess 1. ") == 1
    assert "Once more" not in shown.out


def test_without_ask_nothing_is_asked_or_answered(pipeline, tmp_path):
    shown = pipeline("lesson", "linear-regression", "--root", tmp_path)
    assert "Guess" not in shown.out


@pytest.mark.parametrize("command", [("lesson", "mlp"), ("baselines",)], ids=str)
@pytest.mark.parametrize("option", [(), ("--json",)], ids=str)
def test_without_a_terminal_ask_is_refused(command, option, pipeline, tmp_path):
    shown = pipeline(*command, "--ask", *option, "--root", tmp_path)
    assert shown.status == 2
    assert shown.err == (
        "error: --ask: asks in a terminal, without --json; leave it out\n"
    )
    assert shown.out == ""


@pytest.mark.parametrize(("typed", "given"), [("(B)", "b"), ("", None), (" a ", "a")])
def test_a_choice_may_have_blanks_and_brackets(typed, given, types):
    types(typed)
    assert console.ask("Which?", ("a", "b")) == given


def test_a_number_is_asked_for_until_it_is_one(types, capsys):
    types("many", "nan", "12,5")
    assert console.ask("How many?") == 12.5
    assert capsys.readouterr().out.count("Give a number, or nothing.") == 2


def test_each_gain_of_the_baselines_is_guessed_and_missed_ones_once_more(types, capsys):
    def score(name, over, pooled, gain, error):
        rest = {"folds": [], "mean": pooled, "std": 0.0, "seconds": 1.0}
        return BaselineScore(
            name,
            "what",
            pooled=pooled,
            accuracy=None,
            over=over,
            gain=gain,
            gain_error=error,
            **rest,
        )

    baselines = [
        score("mean", None, 0.4, None, None),
        score("linear", "mean", 0.15, 0.25, 0.01),
        score("mlp", "linear", 0.14, 0.01, 0.002),
        score("deep", "mlp", 0.14, 0.0, 0.002),
    ]
    typed = types("0.24", "0.1", "", "0.01", "0.001")
    ask_gains(SimpleNamespace(baselines=baselines, metric_title="log-RMSE"))
    text = " ".join(capsys.readouterr().out.split())
    assert "linear: what. mean has log-RMSE 0.4" in text
    assert "0.24 is within two standard errors of it." in text
    assert "0.1 is not within two standard errors of it." in text
    assert text.count("The gain is") == 3 + 2
    first, second = text.split("Once more:")[1:]
    assert first.startswith(" mlp: what.") and "0.01 is within two" in first
    assert second.startswith(" deep: what.") and "0.001 is within two" in second
    assert next(typed, None) is None


def test_a_lesson_says_that_an_implementation_has_no_questions(
    pipeline, types, tmp_path
):
    types()
    options = ("--impl", "torch", "--epochs", 1, "--ask", "--root", tmp_path)
    shown = pipeline("lesson", "weight-decay", *options)
    assert "There are no questions for torch alone." in shown.out
