"""Make the notebook of each lesson from its file: docs/lessons/NAME.ipynb.

python -m experiments.notebooks [NAME...]

The first cell is the lesson's docstring. Each definition is a cell, with the comments
above it. The last cells run the lesson, and their outputs are stored with it. Nothing
is edited by hand: a test fails if a notebook is not that of its lesson's file.
"""

import ast
import contextlib
import io
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)
from PIL import Image

from pipeline.core.files import write_atomically
from pipeline.lessons import LESSONS, Lesson

FOLDER = Path(__file__).parents[1] / "docs" / "lessons"
COLOURS = 64  # of an embedded figure, which makes it a third as large
RUN = """\
from pipeline.lessons.notebook import results

for each in results(run, "{impl}"):
    display(each)"""


def main() -> None:
    """Make the notebooks of the lessons that are named, or of all."""
    for name in sys.argv[1:] or LESSONS:
        notebook = make(LESSONS[name])
        run(notebook)
        path = FOLDER / f"{name}.ipynb"
        write_atomically(path, f"{nbformat.writes(notebook)}\n".encode())
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def make(lesson: Lesson) -> NotebookNode:
    """Return the notebook of a lesson, without outputs."""
    source = source_of(lesson)
    texts = [("markdown", introduction(lesson, source))]
    texts += [("code", text) for text in blocks(source)]
    for impl in ("scratch", "torch") if lesson.two_sided else ("both",):
        texts += [("markdown", _heading(impl)), ("code", RUN.format(impl=impl))]
    new = {"markdown": new_markdown_cell, "code": new_code_cell}
    cells = [
        new[kind](text, id=f"cell-{number}")  # an id that is the same each time
        for number, (kind, text) in enumerate(texts)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return new_notebook(cells=cells, metadata=metadata)


def source_of(lesson: Lesson) -> str:
    """Return the text of a lesson's file."""
    spec = find_spec(lesson.module)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).read_text(encoding="utf-8")


def introduction(lesson: Lesson, source: str) -> str:
    """Return the docstring of a lesson as Markdown, and where the notebook is from."""
    title, _, text = (ast.get_docstring(ast.parse(source)) or "").partition("\n")
    path = f"{lesson.module.replace('.', '/')}.py"
    to_try = [f"- `{each.command}`: {each.shows}" for each in lesson.to_try]
    made = (
        f"This notebook is made from [{path}](../../{path}) by `make notebooks`. "
        f"`pipeline lesson {lesson.name}` runs the same code."
    )
    return "\n\n".join(
        [
            f"# {title.rstrip('.')}",
            lesson.about,
            text.strip(),
            made,
            "\n".join(["To try:", "", *to_try]),
        ]
    )


def blocks(source: str) -> Iterator[str]:
    """Yield the source without its docstring, in cells.

    A function or a class is a cell; so are all neighbouring imports, and all other
    neighbouring statements. Comments belong to the statement below.
    """
    lines = source.splitlines()
    statements = ast.parse(source).body[1:]
    start = ast.parse(source).body[0].end_lineno or 0
    for _, group in groupby(statements, _kind):
        end = list(group)[-1].end_lineno or 0
        yield "\n".join(lines[start:end]).strip("\n")
        start = end


def _kind(statement: ast.stmt) -> object:
    """Return a key that is equal for neighbours in one cell."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return statement.name
    return isinstance(statement, ast.Import | ast.ImportFrom)


def _heading(impl: str) -> str:
    names = {"scratch": "From scratch", "torch": "With torch", "both": "Results"}
    return f"## {names[impl]}"


def run(notebook: NotebookNode) -> None:
    """Run the code cells in order, in docs/lessons, and store their outputs.

    `display` is the only name that Jupyter adds and the cells use.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    with contextlib.chdir(FOLDER):
        for number, cell in enumerate(code, 1):
            cell.execution_count, cell.outputs = number, []
            printed = io.StringIO()
            names["display"] = _storing(cell.outputs)
            with contextlib.redirect_stdout(printed):
                exec(compile(cell.source, f"cell {number}", "exec"), names)
            if text := printed.getvalue():
                cell.outputs.insert(0, new_output("stream", text=text))


def _storing(outputs: list[NotebookNode]) -> Callable[[Any], None]:
    def display(shown: Any) -> None:  # noqa: ANN401
        if hasattr(shown, "_repr_png_"):
            text = b64encode(_with_fewer_colours(shown._repr_png_())).decode()
            data = {"image/png": text, "text/plain": "a figure"}
        else:
            data = {"text/html": shown._repr_html_(), "text/plain": "a table"}
        outputs.append(new_output("display_data", data=data))

    return display


def _with_fewer_colours(png: bytes) -> bytes:
    image = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
