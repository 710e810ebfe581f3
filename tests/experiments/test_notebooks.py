"""The notebooks in docs/lessons are those of the lessons' files, and they run."""

import ast
from base64 import b64decode

import nbformat
import pytest

from experiments import notebooks
from pipeline.lessons import LESSONS


def committed(name):
    return nbformat.read(notebooks.FOLDER / f"{name}.ipynb", as_version=4)


def texts(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def data_of(cells, kind):
    """The outputs of one kind, as HTML or as bytes of PNG files."""
    outputs = [output for cell in cells for output in cell.outputs]
    return [each.data[kind] for each in outputs if kind in each.get("data", {})]


@pytest.mark.parametrize("name", LESSONS)
def test_a_notebook_is_that_of_its_lessons_file(name):
    made = texts(notebooks.make(LESSONS[name]))
    assert texts(committed(name)) == made, "`make notebooks` makes it again"


@pytest.mark.parametrize("name", LESSONS)
def test_the_cells_together_are_the_file_without_its_docstring(name):
    source = notebooks.source_of(LESSONS[name])
    cells = list(notebooks.blocks(source))
    together = ast.parse("\n".join(cells))
    assert ast.dump(together) == ast.dump(ast.Module(ast.parse(source).body[1:], []))
    comments = [line for line in source.splitlines() if line.lstrip().startswith("#")]
    kept = "\n".join(cells).splitlines()
    assert [line for line in kept if line.lstrip().startswith("#")] == comments
    assert len(cells) > 4


@pytest.mark.parametrize("name", LESSONS)
def test_a_notebook_shows_tables_and_pictures_and_is_small(name):
    notebook = committed(name)
    nbformat.validate(notebook)
    assert (notebooks.FOLDER / f"{name}.ipynb").stat().st_size < 300_000
    sides = 2 if LESSONS[name].two_sided else 1
    assert [bool(cell.outputs) for cell in code(notebook)][-sides:] == [True] * sides
    tables = data_of(code(notebook), "text/html")
    assert len(tables) >= sides
    assert sum("<td>" in table for table in tables) == sides
    pictures = [b64decode(text) for text in data_of(code(notebook), "image/png")]
    assert len(pictures) >= sides
    assert all(each.startswith(b"\x89PNG") for each in pictures)


def test_the_notebook_of_linear_regression_runs_cell_by_cell():
    notebook = committed("linear-regression")
    for cell in code(notebook):
        cell.outputs = []
    notebooks.run(notebook)
    tables = data_of(code(notebook), "text/html")
    assert len(tables) == 4  # two tables, and twice what was seen
    tables = [each for each in tables if "<td>" in each]
    assert all("<td>yes</td>" in table for table in tables)
    assert not any("<td>no</td>" in table for table in tables)


def test_a_change_in_a_cell_changes_the_results():
    notebook = notebooks.make(LESSONS["linear-regression"])
    (cell,) = [each for each in code(notebook) if "def squared_loss" in each.source]
    cell.source = cell.source.replace("/ 2", "* 0")
    notebooks.run(notebook)
    scratch = data_of(code(notebook), "text/html")[0]
    assert "<td>no</td>" in scratch
