"""Run notebooks/lecture.py and write docs/lecture.md with its pictures; run it after a change.

With a file name (`python docs/write_lecture.py lecture.ipynb`), write the notebook that was run
there instead, to be opened in Jupyter.
"""

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

DOCS = Path(__file__).parent
SOURCE = DOCS.parent / "notebooks" / "lecture.py"
PICTURES = "pictures/lecture"
SECONDS_A_CELL = 600

NOTE = "<!-- Written by docs/write_lecture.py from notebooks/lecture.py. -->"


def read_notebook() -> Any:
    """The cells of the lecture, not run."""
    return jupytext.read(SOURCE)


def run(notebook: Any) -> None:
    """Run all cells in a new kernel, as the notebook's reader would; outputs go into it."""
    client = NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(SOURCE.parent)}},
    )
    client.execute()


def page(notebook: Any) -> tuple[str, dict[str, str]]:
    """The page as Markdown, and its pictures by name; without outputs for a notebook not run."""
    parts, pictures = [NOTE], {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source.replace("](../docs/", "]("))
            continue
        # Not ```python: the blocks of such fences are run by the tests, and these have been.
        code = cell.source.strip("\n")
        parts.append(f"```py\n{code}\n```")
        for kind, content in _outputs(cell):
            if kind == "text":
                parts.append(f"```text\n{content.rstrip()}\n```")
                continue
            name = f"{PICTURES}/{len(pictures) + 1:02}.svg"
            pictures[name] = content
            title = re.search("<title>(.*?)</title>", content, re.DOTALL)
            parts.append(f"![{title[1] if title else ''}]({name})")
    return "\n\n".join(parts) + "\n", pictures


def without_outputs(text: str) -> str:
    """A page as it would be if the notebook had not been run."""
    text = re.sub(r"\n\n```text\n.*?\n```(?=\n)", "", text, flags=re.DOTALL)
    return re.sub(rf"\n\n!\[[^\n]*\]\({PICTURES}/\d+\.svg\)(?=\n)", "", text)


def _outputs(cell: Any) -> Iterator[tuple[str, str]]:
    """What a cell gave, in order; what it printed is one piece."""
    outputs = cell.get("outputs", [])
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    if printed:
        yield "text", printed.strip("\n")
    for output in outputs:
        data = output.get("data", {})
        if "image/svg+xml" in data:
            yield "picture", data["image/svg+xml"]
        elif "text/plain" in data:
            yield "text", data["text/plain"]


def main() -> None:
    """Run the lecture, and write what was asked for."""
    begun, notebook = time.monotonic(), read_notebook()
    run(notebook)
    sys.stderr.write(f"{time.monotonic() - begun:.0f} s\n")
    if sys.argv[1:]:
        nbformat.write(notebook, sys.argv[1])
        return
    text, pictures = page(notebook)
    (DOCS / "lecture.md").write_text(text)
    for old in (DOCS / PICTURES).glob("*.svg"):
        old.unlink()
    (DOCS / PICTURES).mkdir(parents=True, exist_ok=True)
    for name, content in pictures.items():
        (DOCS / name).write_text(content if content.endswith("\n") else content + "\n")


if __name__ == "__main__":
    main()
