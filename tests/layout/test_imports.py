"""Import ranks, the absence of cycles, and that the light parts stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "recurry"
RANKS = {
    "errors": 0,
    "compiler": 1,
    "data": 1,
    "backends": 2,
    "cells": 2,
    "network": 3,
    "tasks": 4,
    "training": 5,
    "artefact": 5,
    "runs": 6,
    "generation": 6,
    "inspection": 6,
    "measurement": 6,
    "report": 7,
    "serving": 7,
    "cli": 8,
    "testing": 8,
}


def _modules() -> dict[str, Path]:
    """Dotted module name -> file, for the whole package."""
    names = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def _imports(path: Path, modules: dict[str, Path]) -> set[str]:
    """Modules of the package that a file imports anywhere, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in modules else str(node.module))
    return {name for name in found if name.split(".")[0] == "recurry"}


def _folder(module: str) -> str:
    return [*module.split("."), ""][1]


MODULES = _modules()
GRAPH = {name: _imports(path, MODULES) for name, path in MODULES.items() if name != "recurry"}


def test_every_folder_has_a_rank():
    assert {_folder(name) for name in GRAPH} == set(RANKS)


@pytest.mark.parametrize("module", sorted(GRAPH))
def test_imports_go_only_downwards(module):
    here = _folder(module)
    for target in GRAPH[module]:
        there = _folder(target)
        allowed = here == there or (there in RANKS and RANKS[there] < RANKS[here])
        if here == "cli":  # nothing imports the command line, and it may import anything
            allowed = True
        assert allowed, f"{module} (rank {RANKS[here]}) imports {target}"


def test_nothing_imports_cli_or_testing():
    for module, targets in GRAPH.items():
        for target in targets:
            if _folder(target) == "testing":
                assert _folder(module) == "testing", f"{module} imports {target}"
            if _folder(target) == "cli":
                assert _folder(module) == "cli", f"{module} imports {target}"


def test_there_are_no_import_cycles():
    state: dict[str, str] = {}

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert state.get(module) != "open", f"cycle: {' -> '.join([*trail, module])}"
        if state.get(module) == "done":
            return
        state[module] = "open"
        for target in sorted(GRAPH.get(module, ())):
            if target != module:
                visit(target, (*trail, module))
        state[module] = "done"

    for module in GRAPH:
        visit(module, ())


def _loaded_by(statement: str) -> set[str]:
    """Top-level packages that are loaded after a statement ran in a new interpreter."""
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


@pytest.mark.parametrize("folder", ["compiler", "data", "cells"])
def test_light_folders_do_not_load_torch(folder):
    names = [name for name in MODULES if _folder(name) == folder]
    loaded = _loaded_by("\n".join(f"import {name}" for name in names))
    assert "torch" not in loaded


def test_the_root_and_the_command_line_load_nothing_heavy():
    loaded = _loaded_by("import recurry, recurry.cli.main")
    assert not loaded & {
        "torch",
        "numpy",
        "rich",
        "pydantic",
        "safetensors",
        "starlette",
        "uvicorn",
    }
