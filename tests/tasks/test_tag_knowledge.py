"""What labelled sentences teach, and what is said of others."""

import pytest

from recurry.data.columns import Sentence
from recurry.data.known import Known
from recurry.data.record_configuration import WordsConfig
from recurry.errors import DataError
from recurry.tasks.tag_knowledge import Knowledge, find_notes, learn


def _sentence(text: str, labels: str) -> Sentence:
    words = text.split()
    return Sentence(words, labels.split(), "a.conll:1", list(range(1, len(words) + 1)))


TAUGHT = [_sentence("Mr Smith sat", "O B-PER O"), _sentence("a dog", "O O")]


def _learn(known: Known | None = None) -> Knowledge:
    return learn(TAUGHT, WordsConfig(), "auto", known)


def test_words_labels_and_their_scheme_are_learnt():
    found = _learn()
    assert set(found.lexicon.words.symbols) == {"<unk>", "mr", "smith", "sat", "a", "dog"}
    assert set(found.labels.names) == {"O", "B-PER"}
    assert found.scheme == "bio"
    assert found.rules is not None


def test_words_of_a_source_join():
    found = _learn(Known(symbols=("cat",), sha256="0" * 64))
    assert found.lexicon.words.symbols[-1] == "cat"


def test_what_is_worth_knowing_is_counted():
    others = [_sentence("Ms Smith", "O B-LOC"), _sentence("a dog sat", "O O O")]
    notes = find_notes(others, _learn(), part="test", longest=2)
    assert any("1 words of the test part have a label" in note for note in notes)
    assert any("1 sentences of the test part are longer than 2 words" in note for note in notes)
    assert find_notes(TAUGHT, _learn(), part="test", longest=9) == []


def test_sentences_in_another_writing_are_refused():
    with pytest.raises(DataError, match="no character in common"):
        find_notes([_sentence("\u0434\u043e\u043c", "O")], _learn(), part="test", longest=9)
