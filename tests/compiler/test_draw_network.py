"""Drawings of stacked layers, rolled up and unrolled."""

import xml.etree.ElementTree as ET

import pytest

from recurry.compiler.draw_network import draw_network
from recurry.errors import UsageError


def _texts(drawing):
    root = ET.fromstring(drawing)
    return ["".join(text.itertext()).replace("\u200b", "") for text in root.iterfind("{*}text")]


def test_rolled_up_has_one_column():
    texts = _texts(draw_network(cell_name="gru", num_layers=2))
    assert texts[0] == "2 x gru, rolled up"
    assert texts.count("gru") == 2
    assert [text for text in texts if text[0] in "xy"] == ["xt", "yt"]


@pytest.mark.parametrize("is_bidirectional", [False, True])
@pytest.mark.parametrize(("num_layers", "steps"), [(1, 1), (3, 4), (24, 24)])
def test_unrolled_has_a_box_for_every_step_layer_and_direction(num_layers, steps, is_bidirectional):
    drawing = draw_network(
        cell_name="lstm", num_layers=num_layers, is_bidirectional=is_bidirectional, steps=steps
    )
    texts = _texts(drawing)
    assert texts.count("lstm") == steps * num_layers * (1 + is_bidirectional)
    assert f"x{steps}" in texts
    assert f"y{steps}" in texts
    layers = [text for text in texts if text.startswith("layer ")]
    assert layers == [f"layer {number}" for number in range(num_layers)]


def test_a_long_name_is_cut_and_markup_is_escaped():
    texts = _texts(draw_network(cell_name="<&a_very_long_name", num_layers=1, steps=2))
    assert len([text for text in texts if text.endswith("…")]) == 2


@pytest.mark.parametrize(("num_layers", "steps"), [(0, 1), (25, 1), (1, 0), (1, 25)])
def test_numbers_out_of_range_are_refused(num_layers, steps):
    with pytest.raises(UsageError, match=r"cannot be drawn[\s\S]*1 to 24 layers"):
        draw_network(cell_name="rnn", num_layers=num_layers, steps=steps)
