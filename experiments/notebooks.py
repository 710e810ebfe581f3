"""Make the notebook of each lesson from its file: docs/lessons/NAME.ipynb.

python -m experiments.notebooks [NAME...]

jupytext reads the cells of the file. The notebook has all of them; the line
`if __name__ == "__main__":`, which a notebook does not need, is removed. The cells are
run, their outputs are stored, and a picture is saved for the README. Nothing is
edited by hand: a test fails if a notebook is not that of its lesson's file.
"""

import contextlib
import io
import sys
from base64 import b64encode
from pathlib import Path
from textwrap import dedent
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from PIL import Image

from pipeline.core.files import write_atomically
from pipeline.lessons import LESSONS, Lesson
from pipeline.lessons.runner import reproducible, viewing
from pipeline.lessons.show import Answer, Picture, Seen, Shown

FOLDER = Path(__file__).parents[1] / "docs" / "lessons"
COLOURS = 64  # of an embedded picture, which makes it a third as large
COVERS = {"mlp": "mistakes", "model-selection": "degree"}  # else the last picture
INSTALL = """
# This does nothing where the package is installed. docs/notebooks.md says how to get
# the wheel, and what to add without a network.
from importlib.util import find_spec

if find_spec("pipeline") is None:
    get_ipython().run_line_magic("pip", "install --quiet house_price_pipeline-*.whl")
"""
GUARD = 'if __name__ == "__main__":\n'


def main() -> None:
    """Make the notebooks of the lessons that are named, or of all."""
    for name in sys.argv[1:] or LESSONS:
        notebook = make(LESSONS[name])
        pictures = run(notebook)
        path = FOLDER / f"{name}.ipynb"
        write_atomically(path, f"{nbformat.writes(notebook)}\n".encode())
        cover = COVERS.get(name, [*pictures][-1])
        write_atomically(FOLDER / f"{name}.png", pictures[cover])
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def make(lesson: Lesson) -> NotebookNode:
    """Return the notebook of a lesson, without outputs."""
    notebook = jupytext.read(lesson.path)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook.cells.insert(1, new_code_cell(INSTALL))
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # the same each time
        if cell.source.startswith(GUARD):
            cell.source = dedent(cell.source.removeprefix(GUARD))
        cell.source = cell.source.strip()
    notebook.cells[0].source += (
        f"\n\nThis notebook is made from [{lesson.path.name}]"
        f"(../../pipeline/lessons/{lesson.path.name}) by `make notebooks`. "
        f"`pipeline lesson {lesson.name}` runs the same code."
    )
    return notebook


def run(notebook: NotebookNode) -> dict[str, bytes]:
    """Run the code cells in docs/lessons, store their outputs, return the pictures."""
    names: dict[str, Any] = {"__name__": "__main__"}
    pictures: dict[str, bytes] = {}
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    with contextlib.chdir(FOLDER), reproducible(0):
        for number, cell in enumerate(code, 1):
            cell.execution_count, cell.outputs, printed = number, [], io.StringIO()
            shown: list[Shown] = []
            with contextlib.redirect_stdout(printed), viewing(shown.append):
                exec(compile(cell.source, f"cell {number}", "exec"), names)
            if text := printed.getvalue():
                cell.outputs.append(new_output("stream", text=text))
            for part in shown:
                if isinstance(part, Picture):
                    pictures[part.name] = _with_fewer_colours(part)
                    encoded = b64encode(pictures[part.name]).decode()
                    data = {"image/png": encoded, "text/plain": "a picture"}
                elif isinstance(part, Seen | Answer):
                    text = part._repr_markdown_()
                    data = {"text/markdown": text, "text/plain": str(part)}
                else:
                    data = {"text/html": part._repr_html_(), "text/plain": "a table"}
                cell.outputs.append(new_output("display_data", data=data))
    return pictures


def _with_fewer_colours(picture: Picture) -> bytes:
    image = Image.open(io.BytesIO(picture._repr_png_())).convert("RGB")
    buffer = io.BytesIO()
    image.quantize(COLOURS).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
