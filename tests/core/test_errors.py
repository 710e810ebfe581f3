"""Messages are shown on one line of bounded length."""

from pipeline.core.errors import one_line, short


def test_a_message_of_several_lines_becomes_one():
    assert one_line("a\nb\r\n\tc\u2028d") == "a b c d"


def test_control_characters_are_escaped():
    assert one_line("\x1b[31mred\x07 \u202e") == r"\x1b[31mred\x07 \u202e"
    assert one_line("caf\udce9") == r"caf\udce9"


def test_a_long_message_keeps_both_ends():
    line = one_line("start " + "x" * 5000 + " end")
    assert len(line) < 1010
    assert line.startswith("start xxx")
    assert line.endswith("xxx end")


def test_a_long_cell_is_cut_and_quoted():
    assert short("x" * 100) == repr("x" * 37 + "…")


def test_an_exception_without_a_message_is_shown_as_its_type():
    assert one_line(ValueError()) == "ValueError"
    assert one_line(ValueError("a\nb")) == "a b"


def test_a_message_may_be_cut_shorter():
    assert one_line("x" * 50 + "y" * 50, 20) == "x" * 10 + " … " + "y" * 10
