"""The lessons in the order of the book, and how the file of a lesson is read.

A lesson is one Python file in the percent format of notebooks. `# %% [markdown]` begins
a cell of prose, which is a string; `# %%` begins a cell of code. Cells that train or
draw are under `if __name__ == "__main__":`, so that importing the lesson runs nothing.
Cells may have tags:

- `parameters`: numbers that may be changed; the command's options replace them.
- `scratch`, `torch`: the cell belongs to one of the two implementations.

A paragraph of prose that begins with `**Guess 1.**` is a question. It has the choices
(a), (b) and so on, or asks for a number. Below it, the code calls `answer`.

A function whose docstring has an example is one of the exercise's. The example's last
line gives three numbers.
"""

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from pipeline.core.errors import UserError

SIDES = ("scratch", "torch")
_HEADER = re.compile(r"# %%( \[markdown\])?(?: tags=(\[.*\]))?")
_QUESTION = re.compile(r"^\*\*Guess (\d)\.\*\* .+(?:\n.+)*", re.MULTILINE)
_LETTER = re.compile(r"(?<!\w)\(([a-d])\)")
_TO_TRY = re.compile(r"^- `([^`]+)`:\s+(.+(?:\n  .+)*)", re.MULTILINE)


class Question(NamedTuple):
    """A question of a lesson: a letter answers it, or a number where it has none."""

    number: int
    text: str
    letters: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """A cell: its tags, the number of its first line, and its source."""

    is_prose: bool
    tags: tuple[str, ...]
    line: int
    source: str

    @property
    def text(self) -> str:
        """The text of a cell of prose."""
        return str(ast.literal_eval(self.source.strip())).strip()

    @property
    def parameters(self) -> list[str]:
        """The names that a cell of parameters assigns."""
        if "parameters" not in self.tags:
            return []
        nodes = ast.walk(ast.parse(self.source))
        return [
            node.id
            for node in nodes
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        ]

    @property
    def questions(self) -> list[Question]:
        """The questions that a cell of prose asks."""
        questions = []
        for found in _QUESTION.finditer(self.text) if self.is_prose else ():
            text = " ".join(found[0].replace("**", "").split())
            letters = (*_LETTER.findall(text),)
            questions.append(Question(int(found[1]), text, letters))
        return questions

    def is_of(self, side: str) -> bool:
        """Whether the cell belongs to an implementation, or to all."""
        return side in self.tags or not {*SIDES} & {*self.tags}

    @property
    def heading(self) -> str:
        """The heading that a cell of prose begins with, or nothing."""
        found = re.match("#+ (.+)", self.text) if self.is_prose else None
        return found[1] if found else ""


@dataclass(frozen=True)
class Lesson:
    """A lesson, by its name on the command line."""

    name: str

    @property
    def path(self) -> Path:
        """The lesson's file."""
        return Path(__file__).with_name(f"{self.name.replace('-', '_')}.py")

    @cached_property
    def cells(self) -> list[Cell]:
        """The cells of the lesson's file."""
        cells, lines = [], self.path.read_text(encoding="utf-8").splitlines()
        headers = [n for n, line in enumerate(lines) if line.startswith("# %%")]
        for start, end in zip(headers, [*headers[1:], len(lines)], strict=True):
            found = _HEADER.fullmatch(lines[start])
            if found is None:
                raise ValueError(f"{self.path}:{start + 1}: not the header of a cell")
            tags = tuple(ast.literal_eval(found[2] or "()"))
            source = "\n".join(lines[start + 1 : end]).rstrip("\n")
            cells.append(Cell(bool(found[1]), tags, start + 2, source))
        return cells

    @property
    def summary(self) -> str:
        """The title: what the lesson is about, in a few words."""
        return self.cells[0].heading

    @property
    def about(self) -> str:
        """The first paragraph: what the lesson is about, and what to watch."""
        return self.cells[0].text.split("\n\n")[1].replace("\n", " ")

    @property
    def to_try(self) -> list[dict[str, str]]:
        """The commands to try of the last cell, and what each of them shows."""
        found = _TO_TRY.findall(self.cells[-1].text)
        texts = [[" ".join(text.split()) for text in pair] for pair in found]
        return [{"command": command, "shows": shows} for command, shows in texts]

    def sides(self, impl: str) -> tuple[str, ...]:
        """Return the implementations to run: both, one, or the only one of a lesson."""
        if not any("scratch" in cell.tags for cell in self.cells):
            return ("both",)
        return SIDES if impl == "both" else (impl,)

    def questions(self, impl: str) -> list[Question]:
        """Return the questions of an implementation, or of both."""
        sides = self.sides(impl)
        cells = [cell for cell in self.cells if any(map(cell.is_of, sides))]
        return [question for cell in cells for question in cell.questions]

    @property
    def parameters(self) -> set[str]:
        """The names of the lesson's parameters."""
        return {name for cell in self.cells for name in cell.parameters}

    @property
    def needs_images(self) -> bool:
        """Whether the lesson needs Fashion-MNIST."""
        return "DATA" in self.parameters


LESSONS = {
    name: Lesson(name)
    for name in (
        "tensors",
        "vectorization",
        "linear-regression",
        "softmax-regression",
        "mlp",
        "model-selection",
        "weight-decay",
        "dropout",
    )
}


def find_lessons(name: str) -> list[Lesson]:
    """Return the lesson of a name, or all lessons.

    All lessons are in the order of the book, but those that need images come last, so
    that the others run where there are none.

    Raises:
        UserError: The lesson does not exist.
    """
    if name == "all":
        return sorted(LESSONS.values(), key=lambda lesson: lesson.needs_images)
    return [find_lesson(name)]


def find_lesson(name: str) -> Lesson:
    """Return the lesson of a name.

    Raises:
        UserError: The lesson does not exist.
    """
    if name not in LESSONS:
        raise UserError(f"no lesson {name!r}; there are: {', '.join(LESSONS)}")
    return LESSONS[name]
