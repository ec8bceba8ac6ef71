"""The text of a session."""

import pytest

from recurry.errors import UsageError
from recurry.inspection.passage import own_text
from recurry.inspection.recording import record
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
