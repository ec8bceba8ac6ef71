"""Drawings and text as panels."""

import xml.etree.ElementTree as ET

from recurry.compiler.svg import document, words
from recurry.inspection.drawing import sheet
from recurry.inspection.inset import inset, text_columns, text_lines


def _root(*panels):
    return ET.fromstring(sheet(panels, title="a sheet", columns=2))


def test_a_drawing_keeps_its_size_and_its_own_places():
    drawing = document([words((7, 9), "inside")], width=345, height=67, title="a drawing")
    panel = inset(drawing)
    assert (panel.width, panel.height) == (345, 67)
    inner = next(_root(panel).iter("{http://www.w3.org/2000/svg}svg")).find(".//{*}svg")
    assert inner is not None
    assert inner.attrib["viewBox"] == "0 0 345 67"


def test_lines_stand_below_each_other_with_their_indents():
    panel = text_lines("if a:\n  b < c", title="Lines")
    found = [
        text for text in _root(panel).iterfind(".//{*}text") if text.text in ("if a:", "b < c")
    ]
    (first, second) = [(float(text.attrib["x"]), float(text.attrib["y"])) for text in found]
    assert second[0] > first[0]
    assert second[1] > first[1]


def test_columns_are_as_wide_as_their_longest_entries():
    panel = text_columns([["a name that is long", "x"], ["b", "y"]], title="Columns")
    at = {text.text: float(text.attrib["x"]) for text in _root(panel).iterfind(".//{*}text")}
    assert at["x"] == at["y"]
    assert at["x"] - at["b"] > 19 * 7
    assert at["x"] < panel.width
