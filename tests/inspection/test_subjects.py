"""Which subject a model is."""

from types import SimpleNamespace

import pytest

from recurry.errors import UsageError
from recurry.inspection.subject import subject_of


def test_every_task(model, classifier, tagger, translator):
    found = [subject_of(one).kind for one in (model, classifier, tagger, translator)]
    assert found == ["language", "classify", "tag", "translate"]


def test_what_cannot_be_looked_into():
    with pytest.raises(UsageError, match="task embed cannot be looked into"):
        subject_of(SimpleNamespace(task="embed"))
