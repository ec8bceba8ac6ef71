"""Fields have the colours of their numbers."""

import xml.etree.ElementTree as ET

import numpy as np

from recurry.inspection.drawing import sheet
from recurry.inspection.tiles import MOST_CELLS, matrix, painted_text, shade

SVG = "{http://www.w3.org/2000/svg}"


def _brightness(colour: str) -> int:
    return sum(int(colour[place : place + 2], 16) for place in (1, 3, 5))


def test_more_is_darker():
    assert shade(0.0) == "#ffffff"
    assert _brightness(shade(0.2)) > _brightness(shade(0.7)) > _brightness(shade(1.0))
    assert shade(float("nan")) == "#ffffff"


def test_signed_numbers_are_blue_or_red():
    blue, white, red = (shade(value, is_signed=True) for value in (-1.0, 0.0, 1.0))
    assert int(blue[5:], 16) > int(blue[1:3], 16)
    assert int(red[1:3], 16) > int(red[5:], 16)
    assert _brightness(white) > _brightness(red)


def test_a_matrix_has_a_field_for_each_number():
    values = np.array([[0.0, 1.0], [0.5, 0.25]])
    root = ET.fromstring(
        sheet([matrix(values, rows=["a", "<b>"], columns=["c", "d"], title="t")], title="t")
    )
    tips = [tip.text for tip in root.iter(f"{SVG}title")][1:]
    assert tips == ["a, c: 0", "a, d: 1", "<b>, c: 0.5", "<b>, d: 0.25"]


def test_a_large_matrix_is_cut():
    values, names = np.zeros((100, 100)), [str(n) for n in range(100)]
    root = ET.fromstring(sheet([matrix(values, rows=names, columns=names, title="t")], title="t"))
    assert len(list(root.iter(f"{SVG}title"))) == 1 + MOST_CELLS**2


def test_text_stands_on_its_colours_and_breaks_at_line_ends():
    panel = painted_text(["a", "<", "\n", "b\x00"], np.array([-1.0, 0.0, 0.5, 1.0]), title="t")
    root = ET.fromstring(sheet([panel], title="t"))
    shown = {e.text: float(e.get("y", 0)) for e in root.iter(f"{SVG}text") if e.get("textLength")}
    assert list(shown) == ["a", "<", "↵", "b "]
    assert shown["b "] > shown["a"]


def test_words_with_spaces_keep_their_places():
    panel = painted_text(["A ", "tired ", " joy"], np.zeros(3), title="t")
    root = ET.fromstring(sheet([panel], title="t"))
    letters = [each for each in root.iter(f"{SVG}text") if each.get("textLength")]
    assert [each.text for each in letters] == ["A", "tired", "joy"]
    left = [round((float(each.get("x")) - 16) / 8.4) for each in letters]
    assert left == [0, 2, 9]
    assert [round(float(each.get("textLength")) / 8.4) for each in letters] == [1, 5, 3]


def test_a_long_line_is_broken():
    one = painted_text(["x"] * 10, np.zeros(10), title="t")
    many = painted_text(["x"] * 1000, np.zeros(1000), title="t")
    assert many.width == one.width
    assert many.height > 10 * one.height / 4


def test_short_names_of_columns_take_little_room():
    short = matrix(np.zeros((1, 2)), rows=["r"], columns=["a", "b"], title="m")
    long = matrix(np.zeros((1, 2)), rows=["r"], columns=["a", "a long name"], title="m")
    longest = matrix(np.zeros((1, 2)), rows=["r"], columns=["a", "w" * 400], title="m")
    assert short.height + 40 < long.height <= longest.height <= short.height + 90
