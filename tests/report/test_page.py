"""The page: whole, self-contained, true to the run."""

import re
from html.parser import HTMLParser

import pytest

from recurry.artefact.model_file import load_model
from recurry.errors import RunError
from recurry.report.page import _subject, draw_samples, write_report
from recurry.runs.configuration import load_config, to_toml

VOID = {"meta", "br", "link"}


class Checker(HTMLParser):
    """Fails where tags do not nest."""

    def __init__(self):
        super().__init__()
        self.stack, self.headings = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if self.stack and self.stack[-1] == "h2":
            self.headings.append(data)


def write(run_folder, **arguments) -> str:
    page = run_folder / "report.html"
    write_report(page, model=load_model(run_folder), run_folder=run_folder, **arguments)
    return page.read_text(encoding="utf-8")


@pytest.fixture
def page(run_folder) -> str:
    return write(run_folder, samples={"a caption": "a <sample> text"})


def test_every_section_is_there_and_tags_nest(page):
    checker = Checker()
    checker.feed(page)
    assert checker.stack == []
    assert checker.headings == [
        "Learning curve",
        "What it writes",
        "What its cells see",
        "The cell: lstm",
        "How to go on",
    ]


def test_the_page_loads_nothing(page):
    without_names = re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert not re.search(
        r"""(src|href)=["'](?!#)|url\((?!#)|@import|<script|https?://""", without_names
    )


def test_texts_are_escaped(page):
    assert "a &lt;sample&gt; text" in page
    assert "<lazy>" not in page
    assert "&lt;lazy&gt;" in re.sub(r"</?[ib][^>]*>", "", page)


def test_numbers_and_equations_are_those_of_the_run(page):
    assert "1.500" in page
    assert "c = f * c + i * g" in page
    assert "A character model of fox.txt" in page
    assert "[optimiser]" in page
    assert page.count('<figure class="painting">') == 10


def test_commands_name_the_run(page, run_folder):
    assert f"recurry generate '{run_folder}'" in page
    assert re.search(r"--colour [01]:c:\d", page)


def test_without_samples_some_are_drawn(run_folder, monkeypatch):
    monkeypatch.setattr("recurry.report.page._SAMPLE_LENGTH", 30)
    page = write(run_folder)
    assert page.count('<div class="sample">') == 3
    assert "temperature 0.5" in page


def test_samples_are_the_same_every_time(run_folder):
    model = load_model(run_folder)
    assert draw_samples(model, length=20) == draw_samples(model, length=20)


@pytest.mark.parametrize("tokens", ["bytes", "words"])
@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_other_symbols_and_cells(make, tmp_path, tokens, cell):
    make(tmp_path / "run", cell=cell, tokens=tokens)
    page = write(tmp_path / "run", samples={})
    assert f"nats a {tokens.removesuffix('s')}" in page
    assert "h = -1" in page


def test_a_bare_folder_gives_a_shorter_page(run_folder, tmp_path):
    (tmp_path / "bare").mkdir()
    path = tmp_path / "bare" / "report.html"
    write_report(path, model=load_model(run_folder), run_folder=tmp_path / "bare", samples={})
    checker = Checker()
    checker.feed(path.read_text())
    assert checker.headings == ["The cell: lstm", "How to go on"]


def test_a_page_that_cannot_be_written(run_folder):
    with pytest.raises(RunError, match="cannot be written"):
        write_report(
            run_folder / "no" / "x.html",
            model=load_model(run_folder),
            run_folder=run_folder,
            samples={},
        )


@pytest.mark.parametrize(
    ("paths", "subject"),
    [
        ((), "tiny Shakespeare"),
        (("-",), "a text from standard input"),
        (("a/b.txt",), "b.txt"),
        (tuple("abcde"), "a, b, c and 2 more"),
    ],
)
def test_what_the_text_is_called(paths, subject):
    assert _subject(paths) == subject


def test_only_commands_that_work_are_shown(page, run_folder):
    assert "resume" in page
    (run_folder / "run.toml").write_text(to_toml(load_config("laptop")))
    assert "resume" not in write(run_folder, samples={})


def test_a_tall_network_is_not_drawn_but_reported(run_folder, monkeypatch):
    assert "Unrolled over time" in write(run_folder, samples={})
    monkeypatch.setattr("recurry.inspection.network_drawing.MOST_DRAWN", 1)
    assert "Unrolled over time" not in write(run_folder, samples={})
