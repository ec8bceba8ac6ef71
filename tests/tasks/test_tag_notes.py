"""What is said of labelled sentences."""

import pytest

from recurry.data.columns import Sentence
from recurry.data.labels import Labels
from recurry.data.lexicon import Lexicon
from recurry.data.record_configuration import WordsConfig
from recurry.errors import DataError
from recurry.tasks.tag_knowledge import Knowledge
from recurry.tasks.tag_notes import sentence_notes

NAMES = ["O", "B-PER", "I-PER"]


def _notes(*rows: str, scheme: str = "bio", longest: int = 9) -> list[str]:
    """The notes of sentences such as `Mr/B-PER Cat/I-PER`."""
    pairs = [[word.split("/") for word in row.split()] for row in rows]
    sentences = [
        Sentence(
            words=[word for word, _ in row],
            labels=[label for _, label in row],
            place="x:1",
            lines=[1] * len(row),
        )
        for row in pairs
    ]
    labels = Labels.learn("class", NAMES, ["x:1"] * len(NAMES))
    lexicon = Lexicon.learn([("Mr", "Cat", "sat")], WordsConfig())
    knowledge = Knowledge(lexicon=lexicon, labels=labels, scheme=scheme)
    return sentence_notes(sentences, knowledge, part="test", longest=longest)


def test_nothing_is_said_of_good_sentences():
    assert _notes("Mr/B-PER Cat/I-PER sat/O", "cat/O") == []


def test_each_kind_of_note():
    assert _notes("Cat/B-LOC sat/O", "sat/O") == [
        "1 words of the test part have a label that the training part lacks, and count as "
        "mistakes: B-LOC"
    ]
    assert _notes("Cat/I-PER sat/O", "sat/O") == [
        "1 sentences of the test part have labels that break the rules of BIO, which are never "
        "answered so (answer.scheme)"
    ]
    assert _notes("Cat/I-PER sat/O", scheme="none") == []
    first, _ = _notes("sat/_ sat/_ sat/O", "sat/O", scheme="none")
    assert first.startswith("2 words of the test part have the label _, which CoNLL-U writes")
    assert _notes("sat/O sat/O", longest=1) == [
        "1 sentences of the test part are longer than 1 words and are read in pieces "
        "(words.longest)"
    ]


def test_sentences_that_measure_nothing_are_refused():
    with pytest.raises(DataError, match=r"labels of the test part .* none in common"):
        _notes("Cat/B-LOC", "sat/X")
    with pytest.raises(DataError, match="Every sentence of the test part") as caught:
        _notes("Cat/B-LOC sat/O", "Cat/B-ORG sat/O")
    assert "got: B-LOC, B-ORG" in str(caught.value)
    assert "accepted: B-PER, I-PER, O" in str(caught.value)
    assert "--test" in str(caught.value)


def test_another_writing_is_refused():
    with pytest.raises(DataError, match="no character in common") as caught:
        _notes("ωω/O")
    assert "x:1" in str(caught.value)
