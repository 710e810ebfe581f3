"""A message is one line that can be shown anywhere."""

from pipeline.core.errors import one_line, short


def test_a_message_of_several_lines_becomes_one():
    assert one_line("a\nb\r\n\tc\u2028d") == "a b c d"


def test_what_would_move_the_cursor_is_written_out():
    assert one_line("\x1b[31mred\x07 \u202e") == r"\x1b[31mred\x07 \u202e"
    assert one_line("caf\udce9") == r"caf\udce9"


def test_a_long_message_keeps_its_ends():
    line = one_line("start " + "x" * 5000 + " end")
    assert len(line) < 1010
    assert line.startswith("start xxx")
    assert line.endswith("xxx end")


def test_a_long_cell_is_cut_and_quoted():
    assert short("x" * 100) == repr("x" * 37 + "…")
