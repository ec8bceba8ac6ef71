"""Models as drawings with the head that they have and the sizes of all their parts."""

import re
import xml.etree.ElementTree as ET

import pytest
from torch import nn

from recurry.compiler.draw_network import MOST_DRAWN
from recurry.inspection.network_drawing import draw_subject
from recurry.inspection.subject import subject_of


def _texts(model, steps=3):
    root = ET.fromstring(draw_subject(subject_of(model), steps=steps))
    return ["".join(text.itertext()).replace("\u200b", "") for text in root.iterfind("{*}text")]


def _answers(texts):
    return [text for text in texts if text[0] == "y" and len(text) <= 2]


def _weights(texts):
    """The sum of all numbers of weights."""
    found = [re.fullmatch(r"(?:and )?([0-9.]+)( k)? weights(?: to start)?", text) for text in texts]
    return sum(float(one[1]) * (1000 if one[2] else 1) for one in found if one)


def _total(network: nn.Module):
    return sum(weight.numel() for weight in network.parameters())


def test_a_language_model_answers_at_each_step(model):
    texts = _texts(model)
    assert _answers(texts) == ["y1", "y2", "y3"]
    assert texts.count("10 symbols") == 2
    assert texts.count("6 units") == 2
    assert _weights(texts) == pytest.approx(_total(model.network), rel=0.01)


def test_weights_that_are_shared_are_counted_once(build_model):
    model = build_model(embedding_size=6, is_tied=True)
    texts = _texts(model)
    assert "and those of the input" in texts
    assert _weights(texts) == pytest.approx(_total(model.network), rel=0.01)


def test_a_classifier_answers_once(classifier):
    texts = _texts(classifier)
    assert _answers(texts) == ["y"]
    pooling = classifier.network.head.pool.pooling
    assert pooling in texts
    assert any("over all steps" in text or "state" in text for text in texts)
    assert f"{classifier.network.head.num_outputs} classes" in texts
    assert _weights(texts) == pytest.approx(_total(classifier.network), rel=0.01)


def test_a_tagger_answers_for_each_word(tagger):
    texts = _texts(tagger)
    assert _answers(texts) == ["y1", "y2", "y3"]
    assert any(re.match(r"\d+ labels", text) for text in texts)
    assert any("(spelling)" in text for text in texts)
    assert _weights(texts) == pytest.approx(_total(tagger.network), rel=0.01)


def test_a_translator_has_an_encoder_attention_and_a_decoder(translator):
    texts = _texts(translator)
    assert _answers(texts) == ["y1", "y2", "y3"]
    for words in ("encoder, layer 0", "attention", "decoder, layer 0"):
        assert words in texts
    assert translator.network.attention.kind in texts
    assert _weights(texts) == pytest.approx(_total(translator.network), rel=0.01)


def test_too_many_layers_are_not_drawn(build_model):
    assert draw_subject(subject_of(build_model(num_layers=MOST_DRAWN + 1, hidden_size=2))) == ""
