"""Which text is read."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from recurry.errors import DataError, UsageError
from recurry.inspection.subject import Symbols, subject_of
from recurry.runs.run import train_language_model
from recurry.serving.passage import (
    Passage,
    cut_passage,
    fitted,
    named_passage,
    usual_passage,
)

CLASSIFIER, LANGUAGE = SimpleNamespace(kind="classify"), SimpleNamespace(kind="language")


def read_symbols(count, *, cut_at=None):
    """Symbols that were read."""
    ids = np.zeros(count, dtype=np.int64)
    return Symbols(ids=ids, pieces=("a",) * count, is_known=ids == 0, cut_at=cut_at)


def test_a_file_a_text_or_standard_input(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffone two ü".encode())
    assert named_passage(str(path)).text == "one two ü"
    assert named_passage(str(path)).name == "a.txt"
    assert named_passage("to be or not").text == "to be or not"
    assert named_passage("x y" * 2000).name == "your text"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("Größe".encode())))
    assert named_passage("-").text == "Größe"


def test_a_long_text_is_cut_and_says_so(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("ä" * 50)
    passage = named_passage(str(path), characters=20)
    assert (len(passage.text), passage.is_cut) == (20, True)
    assert passage.name == "a.txt, its first 20 characters"
    assert not named_passage(str(path)).is_cut
    assert cut_passage("abc def", "mine", 3).text == "abc"


def test_one_word_that_is_no_file_is_refused():
    with pytest.raises(UsageError, match=r"no file nothing\.txt") as error:
        named_passage("nothing.txt")
    assert "in quotes" in (error.value.accepted or "")


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_a_text_of_nothing_is_refused(text):
    with pytest.raises(UsageError, match=r"^The text is empty\."):
        named_passage(text)


@pytest.mark.parametrize(
    ("data", "where", "hint"),
    [
        (b"one\xfftwo", "byte 3", "iconv -f latin1"),
        ("größe".encode("utf-16"), "byte 0", "iconv -f utf-16"),
        (b"\x7fELF\x00\x01", "byte 4", "a file of text"),
        (b"\x7fELF\xff\x00", "byte 4", "a file of text"),
        ("one ü".encode()[:-1], "byte 4", "iconv -f latin1"),
    ],
)
def test_what_is_no_text_in_utf8_is_refused(tmp_path, data, where, hint):
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"no text in UTF-8: a\.txt") as error:
        named_passage(str(path))
    assert error.value.where == where
    assert hint in (error.value.hint or "")
    assert "without NUL" in (error.value.accepted or "")


def test_the_beginning_of_a_file_may_end_within_a_character(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a" + "€" * 50)  # 16 bytes are read, of which the last is one of three
    assert named_passage(str(path), characters=3).text == "a€€"


def test_lines_that_are_not_blank_are_records():
    passage = Passage(text="one\r\n\n  \ntwo\x85three\n", name="a.txt")
    assert passage.records == ("one", "two\x85three")
    first = fitted(passage, CLASSIFIER)
    assert (first.record, first.part) == (1, "one")
    assert fitted(first, CLASSIFIER, 2).part == "two\x85three"
    assert fitted(fitted(first, CLASSIFIER, 2), CLASSIFIER).record == 2
    assert fitted(first, LANGUAGE).part == passage.text
    assert Passage(text=" \n", name="blank").records == (" \n",)


def test_a_title_says_which_record_and_how_much_of_it_is_read():
    passage = Passage(text="one\ntwo\n", name="a.txt")
    assert passage.title(read_symbols(8)) == "a.txt"
    second = fitted(passage, CLASSIFIER, 2)
    assert second.title(read_symbols(3)) == "a.txt, record 2 of 2"
    cut = read_symbols(2000, cut_at=2000)
    assert second.title(cut) == "the first 2,000 symbols of a.txt, record 2 of 2"
    alone = fitted(Passage(text="one\n", name="a.txt"), CLASSIFIER)
    assert alone.title(read_symbols(3)) == "a.txt"


def test_a_record_that_is_not_there_is_refused():
    passage = Passage(text="one\ntwo\n", name="a.txt")
    with pytest.raises(UsageError, match=r"no record 3 in a\.txt") as error:
        fitted(passage, CLASSIFIER, 3)
    assert error.value.accepted == "a record from 1 to 2"
    with pytest.raises(UsageError, match="running text") as error:
        fitted(passage, LANGUAGE, 1)
    assert "classifies" in (error.value.accepted or "")


def test_a_folder_is_no_text(tmp_path):
    with pytest.raises(UsageError, match="is a folder") as error:
        named_passage(str(tmp_path))
    assert "standard input" in (error.value.accepted or "")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(DataError, match=r"empty: a\.txt"):
        named_passage(str(tmp_path / "a.txt"))


def test_a_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("x")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(DataError, match="cannot be read") as error:
        named_passage(str(path))
    assert error.value.got == "Permission denied"


def test_a_model_of_a_run_reads_what_was_held_out(tmp_path):
    text = "".join(f"line {number} of a text\n" for number in range(400))
    run = tmp_path / "run"
    model = train_language_model(text, run=run, preset="lecture", overrides={"training.epochs": 1})
    passage = usual_passage(subject_of(model), run)
    assert passage.name == "held-out text of its run"
    assert passage.text.startswith("line ")
    assert passage.text in text
    elsewhere = usual_passage(subject_of(model), tmp_path)
    assert elsewhere.name == "Shakespeare"
    short = usual_passage(subject_of(model), run, characters=30)
    assert len(short.text) <= 30 < len(passage.text)


def test_other_models_read_examples():
    subject = SimpleNamespace(model=SimpleNamespace(), kind="classify")
    assert len(usual_passage(subject, None).records) == 3
