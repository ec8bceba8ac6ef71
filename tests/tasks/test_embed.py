"""Word vectors from small texts: they find what belongs together."""

import numpy as np
import pytest

from recurry.backends.cpu import word_updates
from recurry.backends.cpu.word_updates import WordSettings
from recurry.data import DataConfig, prepare
from recurry.errors import DataError, TrainingError
from recurry.tasks.embed import Embedding


@pytest.fixture
def make(tmp_path):
    """A function from a text to an embedding that has learnt nothing yet."""

    def make(text, *, min_count=1, settings=None, **options):
        path = tmp_path / "some.txt"
        path.write_text(text)
        config = DataConfig(paths=(str(path),), tokens="words", min_count=min_count, validation=0.0)
        prepared = prepare(config, tmp_path / "prepared")
        settings = settings or WordSettings(size=12, rates=(0.1, 0.001))
        return Embedding(prepared.train, prepared.codec, settings, **options)

    return make


@pytest.fixture
def two_topics(rng):
    """Lines about fruit and lines about tools."""
    topics = [["apple", "pear", "plum", "cherry"], ["hammer", "saw", "nail", "drill"]]
    lines = [" ".join(rng.choice(topics[number % 2], 6)) for number in range(3000)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("is_skip_gram", [True, False])
def test_words_of_one_topic_become_neighbours(make, two_topics, is_skip_gram):
    settings = WordSettings(size=12, is_skip_gram=is_skip_gram, rates=(0.1, 0.001))
    embedding = make(two_topics, settings=settings, sample=0.0)
    reports = list(embedding.learn())
    vectors = embedding.vectors()
    for word, others in (
        ("apple", {"pear", "plum", "cherry"}),
        ("saw", {"hammer", "nail", "drill"}),
    ):
        assert {near for near, _ in vectors.neighbours(word, 3)} == others
    assert [report.epoch for report in reports] == [0, 1, 2, 3, 4]
    assert reports[-1].num_words == reports[-1].num_words_in_all == 5 * 18_000
    assert reports[-1].seconds_left == 0
    assert reports[-1].words_per_second > 0


def test_ends_of_lines_and_unknown_words_have_no_vector(make):
    embedding = make("a b a b\na b <unk> rare\n" * 5 + "once\n", min_count=2)
    assert set(embedding.vectors().words) == {"a", "b", "rare"}
    assert embedding.num_words == 35


def test_the_most_frequent_word_comes_first(make):
    assert make("b a b\n" * 5).vectors().words == ("b", "a")


def test_windows_end_at_lines_unless_asked(make):
    """One word a line: there is nothing around any of them."""
    text = "a\nb\nc\n" * 200
    alone = make(text)
    before = alone.vectors().matrix
    list(alone.learn())
    np.testing.assert_array_equal(alone.vectors().matrix, before)
    across = make(text, is_across_lines=True)
    list(across.learn())
    assert not np.array_equal(across.vectors().matrix, before)


def test_whoever_stops_asking_keeps_what_was_learnt(make, two_topics, monkeypatch):
    monkeypatch.setattr("recurry.tasks.embed._PIECES_AT_ONCE", 1)
    embedding = make(two_topics)
    before = embedding.vectors().matrix
    report = next(embedding.learn())
    assert 0 < report.num_words < report.num_words_in_all
    assert not np.array_equal(embedding.vectors().matrix, before)


def test_stretches_change_nothing(make, two_topics, monkeypatch):
    monkeypatch.setattr(word_updates, "available_threads", lambda: 1)
    found = []
    for pieces in (1, 32):
        monkeypatch.setattr("recurry.tasks.embed._PIECES_AT_ONCE", pieces)
        embedding = make(two_topics, num_epochs=2)
        list(embedding.learn())
        found.append(embedding.vectors().matrix)
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("text", ["a a a a\n", "\n\n\n"])
def test_one_word_is_too_few(make, text):
    with pytest.raises(DataError, match="at least two different words"):
        make(text)


def test_a_rate_far_too_high_is_an_error(make, two_topics):
    embedding = make(two_topics, settings=WordSettings(size=4, rates=(1e30, 1e30)))
    with pytest.raises(TrainingError, match="no longer finite"):
        list(embedding.learn())
