"""What a model answers to the text of a session."""

import numpy as np
import pytest

from recurry.inspection.answer import answer_to, find_answer
from recurry.inspection.recording import start_recording
from recurry.inspection.session import Session
from recurry.inspection.subject import subject_of


def open_session(model, text):
    """A model that has read a text."""
    subject = subject_of(model)
    recording = start_recording(subject, text)
    recording.wait()
    return Session(subject, recording)


def test_a_classifier_gives_its_classes_the_most_probable_first(classifier):
    found = answer_to(subject_of(classifier), "good dog")
    assert sorted(name for name, _ in found.shares) == ["no", "yes"]
    assert found.words == found.shares[0][0]
    assert found.shares[0][1] >= found.shares[1][1]
    assert sum(share for _, share in found.shares) == pytest.approx(1, abs=1e-5)


def test_a_tagger_gives_a_label_for_each_word_and_what_else_it_might_be(tagger):
    session = open_session(tagger, "the cat\nsat\n")
    found = find_answer(session)
    assert len(found.labels) == len(found.label_shares) == 3
    assert found.words == " ".join(found.labels)
    for label, shares in zip(found.labels, found.label_shares, strict=True):
        assert shares[0][0] == label
        assert np.sum([share for _, share in shares]) == pytest.approx(1, abs=1e-5)
    assert find_answer(session) is found


def test_a_translator_gives_its_text(translator):
    found = answer_to(subject_of(translator), "the cat 3")
    assert found.shares == found.labels == ()
    assert found.words == subject_of(translator).answers("the cat 3")[0]["translation"]


def test_a_language_model_answers_nothing(model):
    assert find_answer(open_session(model, "head")) is None
