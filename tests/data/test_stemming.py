"""Stems in several languages, and the nearest one when the language is misspelled."""

import pytest

from recurry.data.stemming import languages, stemmer
from recurry.errors import UsageError


@pytest.mark.parametrize(
    ("language", "word", "stem"),
    [
        ("english", "running", "run"),
        ("english", "relational", "relat"),
        ("german", "häuser", "haus"),
        ("french", "chevaux", "cheval"),
        ("russian", "книги", "книг"),
    ],
)
def test_words_are_cut_down(language, word, stem):
    assert stemmer(language)(word) == stem


def test_an_unknown_language_offers_the_nearest():
    with pytest.raises(UsageError, match="no stemming language named 'englich'") as caught:
        stemmer("englich")
    assert "try: english" in str(caught.value)
    assert "german" in languages()
