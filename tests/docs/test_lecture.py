"""The lecture runs from its first cell to its last, says what is true, and is the page in docs."""

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

# Run behind the last cell, in the same kernel: what the words between the cells say.
CLAIMS = """
assert len(counts) == 65 and 0.4 < shares["once"] < 0.5
assert 3.5 < len(text) / len(tokens) < 4
assert stem("several") == stem("sever")
assert list(baselines.values()) == sorted(baselines.values(), reverse=True)
assert np.allclose(whole[25:], cut[25:], rtol=1e-3) and not cut[:25].any() and whole[:25].all()
assert norms["U times 0.5"][-1] < 1e-10 and norms["U times 2.5"].max() > 10
assert np.mean(free[-10:]) > np.mean(clipped[-10:]) + 2 and np.mean(clipped[-10:]) < 3.2
assert max(free_lengths) > 5
assert baselines["this model"] < 2
assert tested > 0.4
assert num_weights["lstm"] == 4 * num_weights["rnn"] > num_weights["gru"] == 3 * num_weights["rnn"]
ends_of = {name: np.mean(losses[-20:]) for name, losses in memory.items()}
assert ends_of["forget bias 0"] > 1.2 > 0.5 > ends_of["forget bias 2"]
assert right["never an end"] + 0.05 < right["forwards only"] < right["both directions"] - 0.04
assert belief(line)[-1] < -0.9 and belief(line[::-1])[-1] > 0.9
assert spelt["seen in training"] > 0.95 and spelt["never seen"] > 0.85
assert right_dates > 90
assert attended[5:7, 0, :5].sum(1).min() > 0.5
starts = np.array([a == " " for a in passage[:-1]])
assert surprise[starts].mean() > 1.2 * surprise[~starts].mean()
"""


def _load():
    """The script that writes the page, as a module."""
    specification = importlib.util.spec_from_file_location(
        "write_lecture", DOCS / "write_lecture.py"
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


write_lecture = _load()


def test_the_page_has_the_words_and_the_code_of_the_notebook():
    expected, _ = write_lecture.page(write_lecture.read_notebook())
    found = write_lecture.without_outputs((DOCS / "lecture.md").read_text())
    assert found == expected, "run: .venv/bin/python docs/write_lecture.py"


def test_the_page_shows_every_picture_and_no_other_is_kept():
    shown = re.findall(r"\((pictures/lecture/\d+\.svg)\)", (DOCS / "lecture.md").read_text())
    kept = {f"pictures/lecture/{path.name}" for path in (DOCS / "pictures/lecture").iterdir()}
    assert len(shown) == len(set(shown)) >= 30
    assert set(shown) == kept


def test_every_part_shows_a_picture():
    parts = re.split(r"^## \d", (DOCS / "lecture.md").read_text(), flags=re.MULTILINE)[1:]
    assert len(parts) == 18
    for part in parts:
        assert "](pictures/lecture/" in part, part[:40]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("default")  # of Jupyter's own packages
def test_the_lecture_runs_and_what_it_says_is_true():
    notebook = write_lecture.read_notebook()
    notebook.cells.append(nbformat.v4.new_code_cell(CLAIMS))
    write_lecture.run(notebook)
    _, pictures = write_lecture.page(notebook)
    assert len(pictures) >= 30
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    warned = [output.text for output in outputs if output.get("name") == "stderr"]
    assert not warned


def test_outputs_are_told_from_the_rest():
    notebook = nbformat.v4.new_notebook()
    words, code = nbformat.v4.new_markdown_cell("# Title"), nbformat.v4.new_code_cell("show(1)")
    notebook.cells = [words, code]
    bare, none = write_lecture.page(notebook)
    picture = {"image/svg+xml": "<svg><title>A line</title></svg>"}
    code.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="one\n\n![a](b)\n"),
        nbformat.v4.new_output("display_data", picture),
        nbformat.v4.new_output("execute_result", {"text/plain": "2"}),
    ]
    full, pictures = write_lecture.page(notebook)
    assert not none
    assert pictures == {"pictures/lecture/01.svg": "<svg><title>A line</title></svg>"}
    assert "```text\none\n\n![a](b)\n```\n\n![A line](pictures/lecture/01.svg)" in full
    assert write_lecture.without_outputs(full) == bare
