"""Files, functions and names stay small, and the test tree mirrors the package."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import recurry

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "recurry").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PAGE = ROOT / "src" / "recurry" / "serving" / "page"
SCRIPTS = sorted(path for path in PAGE.rglob("*.js") if "vendor" not in path.parts)
FORBIDDEN = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}


def _label(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=_label)
def test_a_file_has_at_most_400_lines(path):
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", SCRIPTS, ids=_label)
def test_a_script_of_the_page_has_at_most_300_lines(path):
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", SOURCES, ids=_label)
def test_a_function_has_at_most_60_lines(path):
    for function in _functions(path):
        lines = function.end_lineno - function.lineno + 1
        if ast.get_docstring(function):
            docstring = function.body[0]
            lines -= docstring.end_lineno - docstring.lineno + 1
        assert lines <= 60, f"{function.name} has {lines} lines"


@pytest.mark.parametrize("path", SOURCES, ids=_label)
def test_signatures_are_small_and_closed(path):
    for function in _functions(path):
        if function.name.startswith("_"):
            continue
        assert function.args.kwarg is None, f"{function.name} takes **{function.args.kwarg.arg}"


@pytest.mark.parametrize("path", SOURCES, ids=_label)
def test_names_of_files_say_something(path):
    assert path.stem not in FORBIDDEN


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if path.name != "__init__.py"], ids=_label
)
def test_every_module_has_its_test_file(path):
    inside = path.relative_to(ROOT / "src" / "recurry")
    assert (ROOT / "tests" / inside.parent / f"test_{inside.name}").is_file()


def test_at_most_forty_public_names_and_all_of_them_exist():
    assert len(recurry.__all__) <= 40
    for name in recurry.__all__:
        assert getattr(recurry, name) is not None


def test_dir_shows_public_names_before_their_first_use():
    code = "import recurry, sys; print(*dir(recurry)); assert 'torch' not in sys.modules"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(recurry.__all__) <= set(shown.stdout.split())


@pytest.mark.parametrize("name", recurry.__all__)
def test_public_names_have_docstrings(name):
    assert (getattr(recurry, name).__doc__ or "").strip()
