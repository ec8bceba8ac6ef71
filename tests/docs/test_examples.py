"""Every Python example in the README and the docs runs, page by page, in an empty folder."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _label(page: Path) -> str:
    return page.name


@pytest.mark.timeout(900)  # pages train several models
@pytest.mark.parametrize("page", PAGES, ids=_label)
def test_python_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {"__name__": "example"}
    for block in FENCE.finditer(page.read_text()):
        line = page.read_text()[: block.start()].count("\n") + 1
        code = "\n" * line + block.group(1)
        exec(compile(code, str(page), "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=_label)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=_label)
def test_pages_speak_of_the_project_alone(page):
    text = page.read_text()
    assert not re.search(r"/work/|/tmp/|/root/|/home/\w", text)
