"""Lines as words: what is learnt from them, what is left out, and blanks in them."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.blanks import Blanked, Line, encode_lines, learn_words, read_lines
from recurry.data.record_configuration import LineConfig
from recurry.errors import DataError

TEXT = ["the cat sat", "the dog sat", "a cat"]


def _codec(**values):
    return learn_words(LineConfig.model_validate({"min_count": 1} | values), TEXT)


def _lines(*texts: str) -> list[Line]:
    return [Line(text, f"f:{number}") for number, text in enumerate(texts, start=1)]


def test_lines_with_text_are_kept(tmp_path):
    path, packed = tmp_path / "a.txt", tmp_path / "b.txt.gz"
    path.write_text("one \n\n  two\nthree ___ \n")
    packed.write_bytes(gzip.compress(b"four", mtime=0))
    found = read_lines([str(path), str(packed)])
    assert [line.text for line in found.rows] == ["one", "two", "four"]
    assert found.rows[1].place == f"{path}:3"
    assert found.notes == (f"1 lines with a blank (___) are left out: {path}:4",)


def test_tables_have_their_lines_in_a_column(tmp_path):
    (tmp_path / "a.csv").write_text('text,stars\n"one, two",5\n"three\nfour ___",1\n')
    (tmp_path / "b.jsonl").write_text('{"review": "five"}\n')
    found = read_lines([str(tmp_path / "a.csv")])
    assert [line.text for line in found.rows] == ["one, two", "three"]
    assert found.notes == (f"1 lines with a blank (___) are left out: {tmp_path / 'a.csv'}:3",)
    (line,) = read_lines([str(tmp_path / "b.jsonl")], text_column="review").rows
    assert line == ("five", f"{tmp_path / 'b.jsonl'}:1")
    with pytest.raises(DataError, match="no column 'text'") as caught:
        read_lines([str(tmp_path / "b.jsonl")])
    assert "--text-column" in str(caught.value)


def test_nothing_to_learn_from(tmp_path):
    with pytest.raises(DataError, match="recurry train fill FILE"):
        read_lines([])
    (tmp_path / "a.txt").write_text("a ___\n_____\n")
    with pytest.raises(DataError, match="2 lines, each with a blank"):
        read_lines([str(tmp_path / "a.txt")])
    (tmp_path / "a.txt").write_bytes(b"ok\nna\xefve\n")
    with pytest.raises(DataError, match=r"a\.txt:2"):
        read_lines([str(tmp_path / "a.txt")])


def test_rare_words_become_the_unknown_one():
    codec = _codec(min_count=2)
    assert set(codec.vocabulary.symbols) == {"the", "cat", "sat", "<unk>"}
    assert (codec.encode("a dog") == codec.vocabulary.unknown).all()
    with pytest.raises(DataError, match="min_count"):
        _codec(min_count=9)


def test_a_text_with_unknown_words_is_cut_at_spaces():
    spaced = learn_words(LineConfig(min_count=1), ["mr. <unk> did n't", "u.s. bonds"])
    assert {"mr.", "n't", "u.s."} < set(spaced.vocabulary.symbols)
    assert "mr" in learn_words(LineConfig(min_count=1), ["mr. x"]).vocabulary.symbols


def test_long_lines_are_read_in_pieces():
    codec = _codec()
    pieces, notes = encode_lines(codec, _lines("the cat sat a dog"), longest=2, part="train")
    assert pieces.lengths.tolist() == [2, 2, 1]
    assert codec.decode(np.concatenate(list(pieces))) == "the cat sat a dog"
    assert "1 lines of the train part are longer than 2 words" in notes[0]
    assert encode_lines(codec, _lines("the cat"), longest=2, part="train")[1] == []


def test_a_text_of_strange_words_is_refused():
    with pytest.raises(DataError, match="no word in common") as caught:
        encode_lines(_codec(), _lines("zwei hunde"), longest=9, part="test")
    assert "f:1" in str(caught.value)
    assert len(encode_lines(_codec(), [], longest=9, part="validation")[0]) == 0


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("the ___ sat", [1, 1]),
        ("___", [0, 0]),
        ("the cat_____sat", [2, 1]),
        ("___ ___", [0, 0, 0]),
        ("the cat", [2]),
        ("", [0]),
        ("a _ b __", [5]),
    ],
)
def test_blanks_part_a_line(text, sizes):
    line = Blanked.read(_codec(), text, longest=9)
    assert [len(part) for part in line.segments] == sizes
    assert line.num_blanks == len(sizes) - 1
    assert not line.is_cut


def test_words_far_from_all_blanks_are_not_read():
    line = Blanked.read(_codec(), "the cat sat ___ a ___ the dog sat", longest=2)
    codec = _codec()
    assert [codec.decode(part) for part in line.segments] == ["cat sat", "a", "the dog"]
    assert line.is_cut
    assert line.filled(["on", "of"]) == "the cat sat on a of the dog sat"


_PARTS = st.text(st.characters(exclude_characters="_"), min_size=1, max_size=8)


@given(st.lists(_PARTS, min_size=1, max_size=4))
def test_all_that_is_no_blank_stays(parts):
    line = Blanked.read(_codec(), "___".join(parts), longest=100)
    assert line.num_blanks == len(parts) - 1
    assert line.filled(["x"] * line.num_blanks) == "x".join(parts)
