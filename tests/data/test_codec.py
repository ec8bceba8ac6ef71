"""Codecs: round trips of every kind, colours' pieces, storage, and hostile storage."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.codec import Codec, byte_codec, make_tokeniser
from recurry.data.configuration import DataConfig
from recurry.data.prepare import prepare
from recurry.data.vocabulary import Vocabulary
from recurry.errors import DataError

TEXT = 'The cat said "grüß Gott", and the dogs ran.\nThe end…\n' * 30
KINDS = {
    "bytes": {},
    "characters": {},
    "words": {},
    "bpe": {"vocabulary_size": 280},
}


@pytest.fixture(scope="module")
def codecs(tmp_path_factory):
    """One codec of each kind, made from the same text."""
    folder = tmp_path_factory.mktemp("codecs")
    path = folder / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return {
        kind: prepare(DataConfig(paths=(str(path),), tokens=kind, **more), folder / kind).codec
        for kind, more in KINDS.items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_text_comes_back(codecs, kind):
    codec = codecs[kind]
    ids = codec.encode(TEXT)
    assert ids.dtype == np.int64
    assert ids.max() < codec.num_symbols == len(codec.vocabulary)
    assert codec.decode(ids) == TEXT
    assert codec.decode([]) == ""
    assert codec.encode("").shape == (0,)


@pytest.mark.parametrize("kind", KINDS)
def test_each_symbol_has_its_text(codecs, kind):
    codec = codecs[kind]
    ids = codec.encode(TEXT)
    texts = codec.decode_each(ids)
    assert len(texts) == len(ids)
    assert "".join(texts) == TEXT
    decoder = codec.streaming_decoder()
    assert [decoder.feed(number) for number in ids.tolist()] == texts
    assert decoder.flush() == ""


def test_an_unfinished_character_is_shown_at_the_end():
    codec = byte_codec()
    ids = codec.encode("aü")[:2]
    assert codec.decode_each(ids) == ["a", "\ufffd"]
    assert codec.decode(ids) == "a\ufffd"


@given(data=st.binary())
def test_any_bytes_decode_as_python_does(data):
    codec = byte_codec()
    assert codec.decode(list(data)) == data.decode(errors="replace")
    assert "".join(codec.decode_each(list(data))) == codec.decode(list(data))


@given(text=st.text())
def test_any_text_comes_back_from_bytes(text):
    codec = byte_codec()
    assert codec.decode(codec.encode(text)) == text


@given(text=st.text(min_size=1))
def test_any_text_comes_back_from_characters(text):
    config = DataConfig()
    vocabulary = Vocabulary.from_counts(dict.fromkeys(text, 1), order="symbol")
    codec = Codec(config=config, tokeniser=make_tokeniser(config), vocabulary=vocabulary)
    assert codec.decode(codec.encode(text)) == text


@pytest.mark.parametrize("ids", [[-1], [256], [0, 999]])
def test_a_number_outside_is_an_error(ids):
    with pytest.raises(
        DataError, match=r"outside the vocabulary.\n  got: .*\n  accepted: 0 to 255"
    ):
        byte_codec().decode(ids)


@pytest.mark.parametrize("kind", KINDS)
def test_it_goes_through_json(codecs, kind):
    codec = codecs[kind]
    again = Codec.from_dict(json.loads(json.dumps(codec.to_dict())))
    assert again == codec
    np.testing.assert_array_equal(again.encode(TEXT), codec.encode(TEXT))


def test_a_treebank_codec_remembers_its_spacing():
    config = DataConfig(tokens="words")
    vocabulary = Vocabulary.from_counts({"u.s.": 1, "<unk>": 2}, unknown="<unk>")
    tokeniser = make_tokeniser(config, is_spaced=True)
    codec = Codec(config=config, tokeniser=tokeniser, vocabulary=vocabulary)
    again = Codec.from_dict(codec.to_dict())
    assert again.decode(again.encode("u.s. what")) == "u.s. <unk>"


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("bytes", {"is_spaced": 1}, "neither true nor false"),
        ("bytes", {"more": 1}, "no table of"),
        ("bytes", {"data": {"tokens": "wrods"}}, "data table is not valid"),
        ("bytes", {"data": {"tokens": "words", "stem": "klingon"}}, "data table is not valid"),
        ("bytes", {"data": {"tokens": "characters"}}, "longer than one"),
        ("bytes", {"data": {"tokens": "words"}}, "needs its unknown symbol"),
        ("bytes", {"data": {"tokens": "bpe"}}, "256 bytes"),
        ("characters", {"data": {"tokens": "bytes"}}, "not the list of the 256 bytes"),
        ("words", {"data": {"tokens": "bpe"}}, "has no unknown symbol"),
        ("bpe", {"merges": [[]]}, "no pair"),
        ("bpe", {"vocabulary": None}, "no table of symbols"),
    ],
)
def test_a_hostile_value_is_refused(codecs, kind, change, message):
    with pytest.raises(DataError, match=message) as caught:
        Codec.from_dict(codecs[kind].to_dict() | change)
    assert "stored vocabulary is damaged" in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_storage_never_crashes(codecs, kind, rng):
    whole = codecs[kind].to_dict()
    wrong = [None, True, -1, 1.5, "", "\ud800", [], {}, [None], 1 << 80, "x" * 99]
    for _ in range(300):
        data = copy.deepcopy(whole)
        place, keys = data, list(data)
        for _ in range(int(rng.integers(1, 4))):
            key = keys[int(rng.integers(len(keys)))]
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner:
                break
            place, keys = inner, list(inner) if isinstance(inner, dict) else range(len(inner))
        key = keys[int(rng.integers(len(keys)))]
        place[key] = wrong[int(rng.integers(len(wrong)))]
        try:
            Codec.from_dict(data).encode("the cat")
        except DataError:
            continue


def test_an_empty_text_needs_no_tokeniser(monkeypatch):
    monkeypatch.setattr(Codec, "_encoder", None)  # byte pairs need an extra package for theirs
    ids = byte_codec().encode("")
    assert (ids.dtype, ids.shape) == (np.int64, (0,))
