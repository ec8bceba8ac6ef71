"""Texts of any size for a model that exists."""

import pytest

from recurry.data.codec import byte_codec
from recurry.data.corpus import Corpus
from recurry.errors import DataError
from recurry.inspection.reading import encode_corpus, is_text


def test_characters(model, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("abc def\n" * 1000)
    ids = encode_corpus(model.codec, Corpus.open([path]), tmp_path / "ids.npy")
    assert model.codec.decode(ids.read(0, len(ids))) == "abc def\n" * 1000


def test_bytes_need_no_valid_text(tmp_path):
    path = tmp_path / "text.bin"
    path.write_bytes(b"a\xff\xfeb" * 100)
    codec = byte_codec()
    corpus = Corpus.open([path], is_utf8=is_text(codec))
    ids = encode_corpus(codec, corpus, tmp_path / "ids.npy")
    assert bytes(ids.read(0, 4).tolist()) == b"a\xff\xfeb"
    assert len(ids) == 400


def test_unknown_characters_are_an_error(model, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("abcxyz")
    with pytest.raises(DataError, match="not in the vocabulary"):
        encode_corpus(model.codec, Corpus.open([path]), tmp_path / "ids.npy")
