"""Texts that are known again without being kept."""

import base64

import pytest

from recurry.data import fingerprints
from recurry.data.fingerprints import Fingerprints
from recurry.errors import DataError


def test_texts_are_known_again():
    found = Fingerprints.of(["Ivanov", "Petrov", "Ivanov", ""])
    assert len(found) == 3
    again = Fingerprints.from_dict(found.to_dict())
    for sums in (found, again):
        assert "Ivanov" in sums
        assert "" in sums
        assert "Ivano" not in sums
    assert "a" not in Fingerprints.of([])


def test_no_more_than_a_model_file_should_hold(monkeypatch):
    monkeypatch.setattr(fingerprints, "MOST_TEXTS", 2)
    assert len(Fingerprints.of("abc")) == 2


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("no base 64!", "base 64"),
        (7, "base 64"),
        (base64.b64encode(b"abcde").decode(), "cut off"),
        (base64.b64encode(bytes([2, 0, 0, 0, 1, 0, 0, 0])).decode(), "disorder"),
        (base64.b64encode(bytes(8)).decode(), "disorder"),
    ],
)
def test_damaged_sums(value, why):
    with pytest.raises(DataError, match=why):
        Fingerprints.from_dict(value)
