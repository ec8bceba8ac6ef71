"""The picture of attention: one cell a weight, valid XML whatever the symbols are."""

from xml.etree import ElementTree

import numpy as np

from recurry.tasks.attention_picture import MOST_STEPS, Attended, attention_svg

SVG = "{http://www.w3.org/2000/svg}"


def _cells(picture: str) -> list:
    return [cell for cell in ElementTree.fromstring(picture).iter(f"{SVG}rect") if len(cell)]


def test_a_cell_a_weight():
    weights = np.array([[1.0, 0.0, 0.25], [0.0, 0.5, 0.5]])
    one = Attended(source=["a", "<b>", "&\x00"], target=["x", "y" * 50], weights=weights)
    cells = _cells(attention_svg([one, one]))
    assert len(cells) == 12
    assert cells[0].get("fill") == "rgb(31,90,140)"
    assert cells[1].get("fill") == "rgb(255,255,255)"
    assert cells[1].find(f"{SVG}title").text == "x from <b>: 0.00"


def test_long_texts_are_cut_and_no_text_is_a_picture():
    size = MOST_STEPS + 5
    one = Attended(source=["a"] * size, target=["b"] * size, weights=np.zeros((size, size)))
    assert len(_cells(attention_svg([one]))) == MOST_STEPS**2
    assert _cells(attention_svg([])) == []
