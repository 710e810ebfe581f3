"""The notebooks in docs/lessons are those of the lessons' files, and they run."""

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
    return [output.data[kind] for output in outputs if kind in output.get("data", {})]


@pytest.mark.parametrize("name", LESSONS)
def test_a_notebook_is_that_of_its_lessons_file(name):
    made = texts(notebooks.make(LESSONS[name]))
    assert texts(committed(name)) == made, "`make notebooks` makes it again"


@pytest.mark.parametrize("name", LESSONS)
def test_a_notebook_has_no_line_that_only_a_module_needs(name):
    for cell in code(committed(name)):
        assert "__main__" not in cell.source
        compile(cell.source, name, "exec")


@pytest.mark.parametrize("name", LESSONS)
def test_a_notebook_shows_tables_and_pictures_and_is_small(name):
    notebook = committed(name)
    nbformat.validate(notebook)
    assert (notebooks.FOLDER / f"{name}.ipynb").stat().st_size < 300_000
    sides = len(LESSONS[name].sides("both"))
    tables = data_of(code(notebook), "text/html")
    assert len(tables) >= sides
    assert all("<td>" in table for table in tables)
    assert data_of(code(notebook), "text/markdown")
    pictures = [b64decode(text) for text in data_of(code(notebook), "image/png")]
    assert len(pictures) >= sides
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)


def test_the_notebook_of_linear_regression_runs_cell_by_cell():
    notebook = committed("linear-regression")
    for cell in code(notebook):
        cell.outputs = []
    notebooks.run(notebook)
    tables = data_of(code(notebook), "text/html")
    assert len(tables) == 2
    assert all("<td>yes</td>" in table for table in tables)
    assert not any("<td>no</td>" in table for table in tables)


def test_a_change_in_a_cell_changes_the_results():
    notebook = notebooks.make(LESSONS["linear-regression"])
    (cell,) = [cell for cell in code(notebook) if "def squared_loss" in cell.source]
    cell.source = cell.source.replace("/ 2", "* 0")
    notebooks.run(notebook)
    scratch = data_of(code(notebook), "text/html")[0]
    assert "<td>no</td>" in scratch
