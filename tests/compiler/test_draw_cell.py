"""Drawings of cells are whole, inside their page and legible."""

import re
import xml.etree.ElementTree as ET

import pytest

from recurry.cells import cell, cells
from recurry.compiler.cell import Cell
from recurry.compiler.draw_cell import draw_cell

NUMBER = re.compile(r"-?\d+\.?\d*")


@pytest.mark.parametrize("name", cells())
def test_every_cell_is_drawn_inside_its_page(name):
    root = ET.fromstring(draw_cell(cell(name)))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    assert width < 1300
    for text in root.iterfind("{*}text"):
        assert 0 < float(text.attrib["x"]) < width
        assert 0 < float(text.attrib["y"]) < height
        assert float(text.attrib["font-size"]) >= 11
    for rect in list(root.iterfind("{*}rect"))[1:]:
        left, top = float(rect.attrib["x"]), float(rect.attrib["y"])
        assert 0 <= left <= left + float(rect.attrib["width"]) <= width
        assert 0 <= top <= top + float(rect.attrib["height"]) <= height


def test_states_have_a_colour_each():
    drawing = draw_cell(cell("lstm"))
    assert len(set(re.findall(r'<path d="[^"]*" fill="none" stroke="(#\w+)"', drawing))) == 4


def test_a_drawing_is_the_same_every_time():
    assert draw_cell(cell("mut3")) == draw_cell(cell("mut3"))


def test_a_name_is_text_and_no_markup():
    drawing = draw_cell(Cell.parse("h = W @ x", name="<b>&"))
    assert "&lt;b&gt;&amp;" in drawing
    ET.fromstring(drawing)


def test_a_large_cell_is_still_drawn():
    lines = "\n".join(f"a{k + 1} = tanh(W{k} @ a{k} + h)" for k in range(25))
    ET.fromstring(draw_cell(Cell.parse(f"a0 = W @ x\n{lines}\nh = a25")))
