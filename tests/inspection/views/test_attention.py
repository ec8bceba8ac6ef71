"""The view Attention shows where a translator looks."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from recurry.errors import UsageError
from recurry.inspection.recording import record
from recurry.inspection.session import Session
from recurry.inspection.subject import subject_of
from recurry.inspection.views.attention import AttentionOptions, AttentionView
from recurry.tasks.translate import Translate


def test_the_weights_of_the_answer(translator):
    session = Session(subject_of(translator), record(translator, "the cat"))
    found = AttentionView().compute(session, AttentionOptions())
    (expected,) = Translate().attention(translator, ["the cat"])
    data = json.loads(json.dumps(found.to_json()))
    assert data["source"] == ["the", " cat", "<end>"]
    assert data["target"] == list(expected.target)
    np.testing.assert_allclose(data["weights"], expected.weights, atol=1e-6)
    np.testing.assert_allclose(np.sum(data["weights"], axis=1), 1.0, atol=1e-5)
    ET.fromstring(found.to_svg())
    rows = found.to_rows()
    assert len(rows) == expected.weights.size
    assert rows[1]["read"] == expected.source[1]


def test_another_text(translator):
    found = AttentionView().compute(
        Session(subject_of(translator), None), AttentionOptions(text="cat")
    )
    assert found.attended.source == ["cat", "<end>"]


def test_a_model_that_attends_to_nothing(model):
    with pytest.raises(UsageError, match="attends to nothing"):
        AttentionView().compute(Session(subject_of(model), None), AttentionOptions())
