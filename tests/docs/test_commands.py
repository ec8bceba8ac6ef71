"""docs/commands.md holds the help text of every verb, word for word."""

import importlib.util
from pathlib import Path

from recurry.cli.main import VERBS

DOCS = Path(__file__).parents[2] / "docs"


def _written_page() -> str:
    spec = importlib.util.spec_from_file_location("write_commands", DOCS / "write_commands.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.page()


def test_the_page_is_up_to_date():
    current = (DOCS / "commands.md").read_text()
    assert current == _written_page(), "run: .venv/bin/python docs/write_commands.py"


def test_every_verb_is_on_the_page():
    page = (DOCS / "commands.md").read_text()
    for verb in VERBS:
        assert f"\n## recurry {verb}\n" in page
