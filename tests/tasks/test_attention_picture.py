"""The picture of attention: one cell a weight, valid XML whatever the symbols are."""

from xml.etree import ElementTree

import numpy as np

from recurry.tasks.attention_picture import MOST_STEPS, Attended, attention_svg

SVG = "{http://www.w3.org/2000/svg}"


def _cells(picture: str) -> list:
    return [cell for cell in ElementTree.fromstring(picture).iter(f"{SVG}rect") if len(cell)]


def _words(picture: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def test_a_picture_has_a_title_and_says_nothing_where_nothing_is_left_out():
    one = Attended(source=["a"], target=["b"], weights=np.ones((1, 1)))
    picture = attention_svg([one])
    assert _words(picture)[0] == "Attention: rows are written from columns"
    assert "first" not in " ".join(_words(picture))
    width = float(ElementTree.fromstring(picture).get("width") or 0)
    assert width > 300  # of which the title needs about all


def test_a_cell_a_weight():
    weights = np.array([[1.0, 0.0, 0.25], [0.0, 0.5, 0.5]])
    one = Attended(source=["a", "<b>", "&\x00"], target=["x", "y" * 50], weights=weights)
    cells = _cells(attention_svg([one, one]))
    assert len(cells) == 12
    assert cells[0].get("fill") == "rgb(178,24,43)"
    assert cells[1].get("fill") == "rgb(255,255,255)"
    assert cells[1].find(f"{SVG}title").text == "x from <b>: 0.00"


def test_long_texts_are_cut_and_no_text_is_a_picture():
    size = MOST_STEPS + 5
    one = Attended(source=["a"] * size, target=["b"] * size, weights=np.zeros((size, size)))
    picture = attention_svg([one])
    assert len(_cells(picture)) == MOST_STEPS**2
    said = " ".join(_words(picture))
    assert "the first 120 of 125 symbols that were read and" in said
    assert "the first 120 of 125 symbols that were written." in said
    assert _cells(attention_svg([])) == []
