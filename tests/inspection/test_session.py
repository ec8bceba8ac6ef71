"""What views share."""

from recurry.inspection.session import Session
from recurry.inspection.subject import subject_of


def test_things_are_made_once(model):
    session, made = Session(subject_of(model), None), []
    for _ in range(2):
        assert session.kept("key", lambda: made.append(1) or 7) == 7
    assert made == [1]


def test_the_same_model_untrained(model, classifier):
    session = Session(subject_of(model), None)
    fresh = session.untrained
    assert fresh is not None
    assert fresh.title == session.subject.title
    assert fresh is session.untrained
    given = subject_of(model)
    assert Session(session.subject, None, untrained=given).untrained is given
    assert Session(subject_of(classifier), None).untrained is None
