"""docs/commands.md holds the help text of every verb, word for word."""

import subprocess
import sys
from pathlib import Path

from recurry.cli.main import VERBS

DOCS = Path(__file__).parents[2] / "docs"


def _written_page() -> str:
    """The page from a new interpreter: click keeps the help option of whoever asked first."""
    command = [sys.executable, str(DOCS / "write_commands.py"), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_page_is_up_to_date():
    current = (DOCS / "commands.md").read_text()
    assert current == _written_page(), "run: .venv/bin/python docs/write_commands.py"


def test_every_verb_is_on_the_page():
    page = (DOCS / "commands.md").read_text()
    for verb in VERBS:
        assert f"\n## recurry {verb}\n" in page
