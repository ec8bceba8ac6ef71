"""The text of a session."""

import pytest

from recurry.errors import UsageError
from recurry.inspection.passage import own_text, read_symbols
from recurry.inspection.recording import record, start_recording
from recurry.inspection.session import Session
from recurry.inspection.subject import subject_of


def test_the_text_as_it_was_given(model, translator):
    for one, text in ((model, "abc d?"), (translator, "the cat")):
        session = Session(subject_of(one), record(one, text))
        assert own_text(session) == text


def test_no_text(model):
    for recording in (None, record(model, "")):
        with pytest.raises(UsageError, match="no text to look at"):
            own_text(Session(subject_of(model), recording))


def test_the_beginning_is_waited_for(model):
    subject = subject_of(model)
    session = Session(subject, start_recording(subject, "abcd " * 600))
    recording, stop = read_symbols(session, 2000)
    assert stop == 2000
    assert recording.length >= 2000
    assert read_symbols(session, 10_000)[1] == 3000


def test_too_little_text(model):
    subject = subject_of(model)
    with pytest.raises(UsageError, match="no text to look at"):
        read_symbols(Session(subject, record(subject, "a")), 10, fewest=2)
    with pytest.raises(UsageError, match="no text to look at"):
        read_symbols(Session(subject, None), 10)
