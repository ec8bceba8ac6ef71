"""The view Saliency shows what an answer hangs on."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from recurry.errors import UsageError
from recurry.inspection.recording import record
from recurry.inspection.saliency import find_saliency
from recurry.inspection.session import Session
from recurry.inspection.subject import subject_of
from recurry.inspection.views.saliency import SaliencyOptions, SaliencyView


def test_a_classifier(classifier):
    session = Session(subject_of(classifier), record(classifier, "good cat"))
    found = SaliencyView().compute(session, SaliencyOptions())
    expected = find_saliency(session.subject, "good cat")
    data = json.loads(json.dumps(found.to_json()))
    np.testing.assert_allclose(data["values"], expected.values)
    assert data["answer"] == data["answers"][data["chosen"][0]]
    assert data["answer"] in found.to_svg()
    ET.fromstring(found.to_svg())
    assert len(found.to_rows()) == expected.values.size


@pytest.mark.parametrize(
    ("num_words", "said"),
    [(9, ""), (70, "; shown are the first 64 of 70 rows and the first 64 of")],
)
def test_a_picture_says_what_it_leaves_out_and_only_then(tagger, num_words, said):
    session = Session(subject_of(tagger), None)
    options = SaliencyOptions(text=" ".join(["cat"] * num_words))
    root = ET.fromstring(SaliencyView().compute(session, options).to_svg())
    shown = " ".join(text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text"))
    assert f"blue takes away{said}" in shown
    assert ("first" in shown) == bool(said)


@pytest.mark.parametrize("text", ["the cat sat", "cat"])
def test_a_tagger(tagger, text):
    session = Session(subject_of(tagger), None)
    found = SaliencyView().compute(session, SaliencyOptions(text=text))
    assert found.answer == " ".join(session.subject.answers(text)[0]["labels"])
    ET.fromstring(found.to_svg())


def test_a_language_model(model):
    session = Session(subject_of(model), record(model, "abc"))
    with pytest.raises(UsageError, match="gives no answers"):
        SaliencyView().compute(session, SaliencyOptions())
