"""Examples in docstrings run, and every public function and class has a docstring."""

import ast
import doctest
import importlib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "recurry"
FILES = sorted(path for path in PACKAGE.rglob("*.py"))


def _module(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", FILES, ids=_module)
def test_docstring_examples_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(_module(path))
    failures, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert failures == 0


@pytest.mark.parametrize("path", FILES, ids=_module)
def test_public_things_have_docstrings(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), f"{path.name} has no module docstring"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"
            _check_methods(node)


def _check_methods(node: ast.AST) -> None:
    if not isinstance(node, ast.ClassDef):
        return
    for method in node.body:
        # The name of a test is its sentence.
        if isinstance(method, ast.FunctionDef) and not method.name.startswith(("_", "test_")):
            documented = ast.get_docstring(method) or node.bases  # an override may inherit its text
            assert documented, f"{node.name}.{method.name} has no docstring"
