"""The view Text shows values of cells over a text."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from recurry.errors import UsageError
from recurry.inspection.recording import record
from recurry.inspection.session import Session
from recurry.inspection.subject import subject_of
from recurry.inspection.views.text import TextOptions, TextView

TEXT = "abc <b>\nfgh " * 40


def _session(model, text: str | None = TEXT) -> Session:
    return Session(subject_of(model), None if text is None else record(model, text))


def test_values_losses_and_next_symbols(model):
    session = _session(model)
    options = TextOptions(cell="1:3", start=100, length=20, step=105)
    found = TextView().compute(session, options)
    values = np.tanh(session.recording.values("c", layer=1, start=100, stop=120)[:, 3])
    np.testing.assert_allclose(found.values, values[None], atol=0.004)
    data = json.loads(json.dumps(found.to_json()))
    assert "".join(data["pieces"]) == TEXT[100:120]
    assert data["is_known"] == [c not in "<>" for c in TEXT[100:120]]
    assert found.to_paintings()[0].is_known.tolist() == data["is_known"]
    assert data["cells"] == [{"address": "1:c:3", "title": "layer 1, unit 3 of c"}]
    assert set(data["moment"]) == {"f", "i", "g", "o", "c", "h"}
    gate = session.recording.values("f", layer=1)[105]
    np.testing.assert_allclose(data["moment"]["f"], gate, atol=1e-5)
    assert len(data["top"]) == 20
    rows = found.to_rows()
    assert rows[5]["step"] == 105
    assert rows[5]["next_1"] == data["top"][5][0][0]
    assert rows[5]["1:c:3"] == pytest.approx(values[5], abs=0.004)
    assert rows[5]["loss_nats"] == pytest.approx(session.recording.loss[105])


def test_the_drawing_is_only_ever_text(model):
    finding = TextView().compute(_session(model), TextOptions(count=2, length=30))
    svg = finding.to_svg()
    ET.fromstring(svg)
    assert "<b>" not in svg
    assert len(finding.cells) == 2


def test_a_classifier_expects_nothing(classifier):
    finding = TextView().compute(_session(classifier, "good cat"), TextOptions(cell="0b:1"))
    assert finding.top is None
    assert "top" not in finding.to_json()
    assert list(finding.to_rows()[0]) == ["step", "symbol", "0b:h:1"]
    assert finding.to_rows()[0]["symbol"] == "good"
    assert finding.to_json()["moment"] == {}


def test_the_answer_of_a_classifier_stands_above(classifier):
    finding = TextView().compute(_session(classifier, "good cat"), TextOptions(count=1))
    (first, share), (second, _) = finding.answer.shares
    assert finding.answered.startswith(f"{first} ({share:.0%}), {second} (")
    assert finding.to_json()["answer"] == finding.answered
    svg = finding.to_svg()
    assert svg.index("The model answers") < svg.index(f">{first}<") < svg.index("layer")


def test_each_word_of_a_tagger_has_its_label(tagger):
    options = TextOptions(count=1, start=1, length=2)
    finding = TextView().compute(_session(tagger, "the cat sat"), options)
    labels = finding.answer.labels
    assert [row["label"] for row in finding.to_rows()] == list(labels[1:])
    assert "loss_nats" not in finding.to_rows()[0]
    assert finding.answered == f"cat/{labels[1]} sat/{labels[2]}"
    assert f"cat/{labels[1]}" in finding.to_svg()


def test_a_translation_stands_above(translator):
    finding = TextView().compute(_session(translator, "the cat 3"), TextOptions(count=1))
    assert finding.answered == finding.answer.words
    assert "label" not in finding.to_rows()[0]


def test_a_language_model_answers_nothing(model):
    finding = TextView().compute(_session(model), TextOptions(count=1, length=10))
    assert finding.answered == ""
    assert "answer" not in finding.to_json()
    assert "The model answers" not in finding.to_svg()


def test_what_is_not_there(model):
    with pytest.raises(UsageError, match="no text to look at"):
        TextView().compute(_session(model, None), TextOptions())
    with pytest.raises(UsageError, match="behind the end"):
        TextView().compute(_session(model), TextOptions(start=9999))
    with pytest.raises(UsageError, match="no unit 99"):
        TextView().compute(_session(model), TextOptions(cell="99"))
