"""docs/lessons.md says which line of a lesson has which point of its page."""

import re
from pathlib import Path

import pytest

from pipeline.lessons import LESSONS

TEXT = (Path(__file__).parents[2] / "docs" / "lessons.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## ([\w-]+):[^\n]*\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S))


def test_every_lesson_stands_beside_its_page():
    assert [*SECTIONS] == [*LESSONS]


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_has_the_numbers_of_its_sections_in_both_editions(name):
    heading = re.search(rf"^## {name}: .*", TEXT, re.M)[0]
    assert heading.endswith(" on d2l.ai)")
    for number in re.findall(r"\d+\.\d+", heading):
        assert re.search(rf"\b{number}\b", LESSONS[name].cells[0].text)


@pytest.mark.parametrize("name", LESSONS)
def test_every_point_has_a_line_of_the_lesson_or_says_why_it_is_missing(name):
    source = LESSONS[name].path.read_text(encoding="utf-8")
    points = [line for line in SECTIONS[name].splitlines() if re.match(r"\| \d", line)]
    assert len(points) >= 3
    for point in points:
        has = point.strip("|").split("|", 1)[1]
        quoted = re.findall(r"`([^`]+)`", has)
        assert quoted or "missing, because" in has, point
        for line in quoted:
            assert line in source, line
