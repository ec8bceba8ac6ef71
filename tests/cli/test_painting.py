"""Options that paint."""

import numpy as np
import pytest

from recurry.cli.painting import Paint, show_paintings
from recurry.errors import UsageError
from recurry.inspection.html import Painting


def make_paint(**values) -> Paint:
    return Paint(**{"colour": "0:1", "html": None, "paint": "auto", "as_json": False, **values})


def test_a_page_needs_a_cell():
    with pytest.raises(UsageError, match="no cell to paint was named"):
        make_paint(colour=None, html="x.html")


def test_json_prints_no_colours():
    with pytest.raises(UsageError, match="would have no effect"):
        make_paint(as_json=True)
    assert make_paint(as_json=True, html="x.html").depth() == "none"


def test_one_cell_or_many():
    assert make_paint().is_one_cell
    assert not make_paint(colour="varying").is_one_cell
    assert not make_paint(colour=None).is_one_cell


def test_when_colours_are_printed(monkeypatch):
    monkeypatch.setenv("COLORTERM", "truecolor")
    assert make_paint().depth() == "none"  # the output of a test is no terminal
    assert make_paint(paint="always").depth() == "truecolor"
    assert make_paint(paint="never").depth() == "none"


def test_paintings_are_printed_only_where_colours_show(capsys, monkeypatch):
    monkeypatch.setenv("COLORTERM", "truecolor")
    painting = Painting(title="a title", pieces=["a", "\n"], values=np.zeros(2), address="0:c:1")
    show_paintings([painting], make_paint())
    assert capsys.readouterr().out == ""
    show_paintings([painting], make_paint(paint="always"))
    assert "\x1b[" in capsys.readouterr().out


def test_unknown_pieces_are_underlined_and_the_legend_says_so(capsys, monkeypatch):
    monkeypatch.setenv("COLORTERM", "truecolor")
    for is_known in ([True, True], [True, False]):
        painting = Painting(
            title="one", pieces=["a", "?"], values=np.zeros(2), is_known=np.array(is_known)
        )
        show_paintings([painting], make_paint(paint="always"))
        shown, said = capsys.readouterr()
        assert ("\x1b[4m?" in shown) == (not all(is_known))
        assert ("unknown to the model" in said) == (not all(is_known))
