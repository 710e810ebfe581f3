"""Only models/ and lessons/ know which model they handle.

So another model is one file and its name: see tests/project/test_recipes.py.
"""

import ast

import pytest
from situations import REPOSITORY

from pipeline.core.settings import MODELS

PACKAGE = REPOSITORY / "pipeline"
ROOMS = {"models", "lessons"}
NAMES = "core/settings.py"  # it lists them, and says which option is whose


def named(source):
    """Yield the line and text of each place in code that names or imports a model.

    Settings(models=(…)), which says what is trained, may, and so may a Peer, which is
    no model of ours.
    """
    tree = ast.parse(source)
    allowed = {
        constant
        for call in ast.walk(tree)
        if (isinstance(call, ast.keyword) and call.arg == "models")
        or (isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Peer")
        for constant in ast.walk(call)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in MODELS:
            if node not in allowed:
                yield node.lineno, node.value
        elif isinstance(node, ast.ImportFrom | ast.Import):
            modules = [
                getattr(node, "module", None) or "",
                *(n.name for n in node.names),
            ]
            for module in modules:
                if module in {f"pipeline.models.{name}" for name in MODELS}:
                    yield node.lineno, module


def test_no_code_elsewhere_names_a_model():
    paths = [
        path
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] not in ROOMS and path != PACKAGE / NAMES
    ]
    assert len(paths) > 80
    found = [
        f"{path.relative_to(REPOSITORY)}, line {line}: {text}"
        for path in paths
        for line, text in named(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "planted",
    [
        'if score.model == "mlp": pass',
        'names = {"boosting": 1}',
        "from pipeline.models.ridge import MODEL",
        "import pipeline.models.mlp",
    ],
)
def test_a_branch_would_be_found(planted):
    assert list(named(planted))


def test_what_is_trained_may_be_said():
    assert not list(named('Settings(models=("mlp",), epochs=2)'))
