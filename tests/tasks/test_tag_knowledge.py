"""What labelled sentences teach."""

from recurry.data.columns import Sentence
from recurry.data.known import Known
from recurry.data.record_configuration import WordsConfig
from recurry.tasks.tag_knowledge import Knowledge, learn


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
