"""What stands above the layers."""

import xml.etree.ElementTree as ET

import pytest

from recurry.compiler.draw_network import draw_network
from recurry.compiler.network_stack import Head, Notes


def _texts(head, steps=3, **notes):
    drawing = draw_network(
        cell_name="gru", num_layers=1, steps=steps, head=head, notes=Notes(**notes)
    )
    root = ET.fromstring(drawing)
    return ["".join(text.itertext()).replace("\u200b", "") for text in root.iterfind("{*}text")]


def _answers(texts):
    return [text for text in texts if text[0] == "y" and len(text) <= 2]


def test_aligned_answers_at_each_step():
    assert _answers(_texts(Head(), answer=("7 labels",))) == ["y1", "y2", "y3"]


@pytest.mark.parametrize("steps", [None, 1, 3])
def test_pooled_answers_once_and_says_how_steps_are_put_together(steps):
    head = Head(kind="pooled", join="mean over all steps")
    texts = _texts(head, steps, join=("mean",), answer=("5 classes", "10 weights"))
    assert _answers(texts) == ["y"]
    assert "mean over all steps" in texts
    assert texts[texts.index("output") :][:3] == ["output", "5 classes", "10 weights"]
    assert "pooling" in texts


def test_translated_has_attention_and_a_decoder_that_writes():
    head = Head(kind="translated", join="attention over all steps", num_decoder_layers=2)
    texts = _texts(head, join=("dot",), decoder=(("8 units",), ("9 units",)))
    assert _answers(texts) == ["y1", "y2", "y3"]
    assert texts.count("gru") == 3 * (1 + 2)
    for words in ("attention", "decoder, layer 1", "8 units", "9 units", "encoder, layer 0"):
        assert words in texts
    assert _answers(_texts(head, None)) == ["yk"]
