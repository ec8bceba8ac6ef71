"""Words and characters as numbers, and everything that a stored lexicon can have wrong."""

import pytest

from recurry.data.known import Known
from recurry.data.lexicon import Lexicon
from recurry.data.record_configuration import WordsConfig
from recurry.errors import DataError

SENTENCES = [["The", "cat"], ["the", "dog"]]


def _lexicon(**config) -> Lexicon:
    return Lexicon.learn(SENTENCES, WordsConfig(**config))


def test_case_belongs_to_characters():
    lexicon = _lexicon()
    assert set(lexicon.words.symbols) == {"<unk>", "the", "cat", "dog"}
    found = lexicon.encode([["The", "the", "new"], []])
    words = found["words"][0].tolist()
    assert words[0] == words[1]
    assert words[2] == lexicon.unknown_word
    assert found["sizes"][0].tolist() == [3, 3, 3]
    characters = found["characters"][0].tolist()
    assert characters[0] != characters[3]
    assert characters[1:3] == characters[4:6]
    assert lexicon.unknown_character in characters[6:]  # w
    assert [len(part[1]) for part in found.values()] == [0, 0, 0]
    assert "The" in _lexicon(lower_case=False).words.symbols


def test_long_words_keep_both_ends():
    lexicon = _lexicon(longest_word=3)
    symbols = lexicon.characters.symbols
    found = lexicon.encode([["ca" + "h" * 90 + "og", ""]])
    assert found["sizes"][0].tolist() == [3, 1]
    assert "".join(symbols[n] for n in found["characters"][0][:3]) == "cog"
    assert found["characters"][0][3] == lexicon.unknown_character


def test_rare_words_are_unknown():
    assert set(_lexicon(min_count=2).words.symbols) == {"<unk>", "the"}
    assert len(_lexicon(vocabulary_size=3).words) == 3
    with pytest.raises(DataError, match="rarer than asked for"):
        _lexicon(min_count=9)


def test_there_and_back():
    lexicon = _lexicon(longest_word=7)
    assert Lexicon.from_dict(lexicon.to_dict()) == lexicon


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("longest_word", 1, "longest word"),
        ("longest_word", True, "longest word"),
        ("longest_word", 10**9, "longest word"),
        ("is_lower", 1, "lower case"),
        ("words", {"symbols": ["a"], "counts": [1], "unknown": None}, "no unknown one"),
        ("characters", [], "no table"),
        ("other", 1, "no table"),
    ],
)
def test_a_damaged_lexicon(key, value, message):
    with pytest.raises(DataError, match="damaged") as caught:
        Lexicon.from_dict(_lexicon().to_dict() | {key: value})
    assert message in str(caught.value)


def test_words_of_a_source_join_as_they_are_looked_up():
    known = Known(symbols=("The", "Mouse"), sha256="0" * 64)
    assert _lexicon().extended(known).words.symbols == (*_lexicon().words.symbols, "mouse")
    assert "Mouse" in _lexicon(lower_case=False).extended(known).words.symbols
    assert _lexicon().extended(known).characters == _lexicon().characters
    assert _lexicon().extended(None) == _lexicon()
