"""Readers: streams that can be cut and started again, and where vocabularies come from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data import corpus as corpus_module
from recurry.data.configuration import DataConfig
from recurry.data.corpus import Corpus
from recurry.data.readers import count_characters, cut, make_reader

KINDS = ["bytes", "characters", "words", "bpe"]
TEXT = "Äpfel und Birnen,\nund noch mehr Äpfel; z.B. 12 Stück.\n" * 9


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return Corpus.open([path])


@given(chunks=st.lists(st.text(max_size=4)), start=st.integers(0, 30), length=st.integers(0, 30))
def test_a_stream_is_cut_like_the_whole(chunks, start, length):
    found = "".join(cut(chunks, start, start + length))
    assert found == "".join(chunks)[start : start + length]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunk_bytes", [5, 64, 1 << 20])
def test_chunks_change_nothing(corpus, kind, chunk_bytes, monkeypatch):
    monkeypatch.setattr(corpus_module, "CHUNK_BYTES", chunk_bytes)
    size = 300 if kind == "bpe" else None
    reader = make_reader(DataConfig(tokens=kind, vocabulary_size=size))
    num_units = reader.measure(corpus)
    assert sum(map(len, reader.units(corpus))) == num_units
    codec = reader.make_codec(reader.units(corpus))
    numbers = np.concatenate(list(reader.numbers(reader.units(corpus), codec)))
    np.testing.assert_array_equal(numbers, codec.encode(TEXT))
    assert codec.decode(numbers) == TEXT.replace("z.B.", "z. B." if kind == "words" else "z.B.")


def test_characters_come_from_all_parts_unless_rare_ones_are_left_out(corpus):
    reader = make_reader(DataConfig())
    reader.measure(corpus)
    assert "Ä" in reader.make_codec(iter(["abc"])).vocabulary.symbols
    reader = make_reader(DataConfig(min_count=2))
    reader.measure(corpus)
    assert reader.make_codec(iter(["aab"])).vocabulary.symbols == ("a", "\ufffd")


def test_lower_case_characters_are_counted_together(corpus):
    reader = make_reader(DataConfig(lower_case=True, min_count=2))
    vocabulary = reader.make_codec(iter(["aAb"])).vocabulary
    assert dict(zip(vocabulary.symbols, vocabulary.counts, strict=True)) == {"a": 2, "\ufffd": 1}


def test_words_come_from_the_training_part(corpus):
    reader = make_reader(DataConfig(tokens="words"))
    reader.measure(corpus)
    codec = reader.make_codec(cut(reader.units(corpus), 0, 3))
    assert sorted(codec.vocabulary.symbols) == ["<unk>", "Birnen", "und", "Äpfel"]


@given(text=st.text())
def test_characters_are_counted(text):
    counts = count_characters([text, text])
    assert sum(counts.values()) == 2 * len(text)
    assert all(counts[character] == 2 * text.count(character) for character in text)
