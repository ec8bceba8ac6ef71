"""Which text is read."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from recurry.errors import DataError, UsageError
from recurry.inspection.subject import subject_of
from recurry.runs.run import train_language_model
from recurry.serving.passage import cut_passage, named_passage, usual_passage


def test_a_file_a_text_or_standard_input(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\xfftwo")
    assert named_passage(str(path)).text == "one\ufffdtwo"
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
    assert usual_passage(subject, None).text.count("\n") == np.int64(3)
