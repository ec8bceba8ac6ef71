"""Text as it comes: stop strings across symbols, whole characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.codec import Codec, byte_codec
from recurry.data.configuration import DataConfig
from recurry.data.tokens import Characters
from recurry.data.vocabulary import Vocabulary
from recurry.errors import UsageError
from recurry.generation.transcript import Transcript, stop_length


def letters() -> Codec:
    vocabulary = Vocabulary(symbols=tuple("abc\n"), counts=(1,) * 4)
    return Codec(config=DataConfig(), tokeniser=Characters(), vocabulary=vocabulary)


def read(transcript: Transcript, ids: list[int]) -> list[str]:
    """The text that each symbol brought, and what the end brought."""
    pieces = ["".join(text for text, _ in transcript.feed(i, None)) for i in ids]
    return [*pieces, "".join(text for text, _ in transcript.close(None))]


def test_without_stop_strings_text_comes_at_once():
    assert read(Transcript(letters()), [0, 1, 2]) == ["a", "b", "c", ""]


def test_a_stop_string_across_symbols_ends_the_text_before_it():
    transcript = Transcript(letters(), ["bc"])
    assert read(transcript, [0, 1, 2, 0]) == ["a", "", "", "", ""]
    assert transcript.is_stopped


def test_what_only_began_like_a_stop_string_is_given_out():
    transcript = Transcript(letters(), ["bcb", "ca"])
    assert read(transcript, [1, 2, 2, 1, 2]) == ["", "", "bc", "c", "", "bc"]
    assert not transcript.is_stopped


def test_the_mark_is_that_of_the_symbol():
    transcript: Transcript[str] = Transcript(letters(), ["bc"])
    assert transcript.feed(1, "first") == []
    assert transcript.feed(1, "second") == [("b", "first")]
    assert transcript.close("end") == [("b", "second")]


def test_bytes_come_as_whole_characters():
    assert read(Transcript(byte_codec()), list("aé€".encode())) == ["a", "", "é", "", "", "€", ""]


def test_a_stop_string_of_many_bytes():
    transcript = Transcript(byte_codec(), ["€"])
    assert read(transcript, list("a€b".encode()))[0] == "a"
    assert transcript.is_stopped


def test_the_prime_is_not_searched():
    transcript = Transcript(letters(), ["b"])
    assert transcript.open([0, 1]) == "ab"
    assert not transcript.is_stopped


@given(text=st.text("abc\n", max_size=40), stop=st.lists(st.text("abc", min_size=1, max_size=4)))
def test_streaming_gives_the_text_before_the_stop_that_ends_first(text, stop):
    transcript = Transcript(letters(), stop)
    joined = "".join(read(transcript, ["abc\n".index(c) for c in text]))
    ends = (n for n in range(len(text) + 1) if stop_length(text[:n], stop))
    end = next(ends, None)
    expected = text if end is None else text[: end - stop_length(text[:end], stop)]
    assert joined == expected
    assert transcript.is_stopped == (end is not None)


def test_one_string_is_one_stop_string():
    assert read(Transcript(letters(), "ab"), [0, 2, 0, 1])[-2:] == ["", ""]


def test_an_empty_stop_string_is_an_error():
    with pytest.raises(UsageError, match="stop string is empty"):
        Transcript(letters(), ["a", ""])
