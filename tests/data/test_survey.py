"""What `recurry text` shows: counts of the whole text, stems, and the counts matrix."""

import io
import sys

import pytest

from recurry.data.configuration import DataConfig
from recurry.data.survey import count_table, survey
from recurry.errors import DataError


@pytest.fixture
def cats(tmp_path):
    path = tmp_path / "cats.txt"
    path.write_text("The cat sat.\n\nCats run; the dog runs.\n")
    return str(path)


def counts_of(found):
    vocabulary = found.codec.vocabulary
    return {vocabulary.symbols[number]: vocabulary.counts[number] for number in found.ranked}


def test_the_whole_text_is_counted(cats):
    found = survey(DataConfig(paths=(cats,), tokens="words", stem="english"))
    assert found.num_symbols == 14
    assert counts_of(found) == {
        "<eos>": 3, "cat": 2, "run": 2, "the": 2, ".": 2, "dog": 1, "sat": 1, ";": 1,
    }  # fmt: skip
    assert next(iter(counts_of(found))) == "<eos>"
    assert found.start[:4] == ("the", "cat", "sat", ".")
    assert found.forms == {"cat": ("cat", "cats"), "run": ("run", "runs")}


def test_rare_words_are_counted_as_unknown(cats):
    found = survey(DataConfig(paths=(cats,), tokens="words", stem="english", min_count=2))
    assert counts_of(found)["<unk>"] == 3


def test_the_beginning_is_shown_as_the_model_sees_it(cats):
    found = survey(DataConfig(paths=(cats,), tokens="words", stem="english", min_count=2))
    assert found.start[:5] == ("the", "cat", "<unk>", ".", "<eos>")
    found = survey(DataConfig(paths=(cats,), tokens="characters", min_count=2))
    assert "".join(found.start[:6]) == "\ufffdhe \ufffda"


@pytest.mark.parametrize("tokens", ["words", "characters", "bytes", "bpe"])
def test_a_short_text_is_shown_to_its_end(cats, tmp_path, tokens):
    (tmp_path / "dogs.txt").write_text("dogs bark")
    for paths in ((cats,), (cats, str(tmp_path / "dogs.txt"))):
        found = survey(DataConfig(paths=paths, tokens=tokens))
        assert len(found.start) == found.num_symbols
    found = survey(DataConfig(paths=paths, tokens="words", stem="english"))
    assert found.forms["dog"] == ("dog", "dogs")


def test_the_start_of_a_long_text_ends_with_a_whole_word(tmp_path):
    path = tmp_path / "long"
    path.write_text("seventeen " * 9000)
    assert set(survey(DataConfig(paths=(str(path),), tokens="words")).start) == {"seventeen"}


def test_a_giant_word_has_no_stem(tmp_path):
    path = tmp_path / "a"
    path.write_text("cats " + "x" * 5000)
    forms = survey(DataConfig(paths=(str(path),), tokens="words", stem="english")).forms
    assert forms == {"cat": ("cats",)}


@pytest.mark.parametrize(
    ("tokens", "content"),
    [("words", " \t "), *((kind, "\ufeff") for kind in ("words", "characters", "bpe"))],
)
def test_a_text_without_symbols_is_refused(tmp_path, tokens, content):
    path = tmp_path / "blank"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=f"The text holds no {tokens}") as caught:
        survey(DataConfig(paths=(str(path),), tokens=tokens))
    assert "3 bytes of white space" in str(caught.value)


def test_lines_are_the_documents_of_one_file(cats):
    found = survey(DataConfig(paths=(cats,), tokens="words", stem="english"))
    table = count_table(found, rows=8)
    assert table.documents == ("The cat sat.", "Cats run; the dog runs.")
    numbers = found.codec.vocabulary.numbers
    assert table.counts[:, numbers["run"]].tolist() == [0, 2]
    assert table.counts[:, numbers["cat"]].tolist() == [1, 1]
    assert count_table(found, rows=1).counts.shape == (1, found.codec.num_symbols)


def test_files_are_the_documents_if_there_are_several(cats, tmp_path):
    (tmp_path / "dogs.txt").write_text("dog dog")
    found = survey(DataConfig(paths=(str(tmp_path),), tokens="words"))
    table = count_table(found, rows=8)
    assert table.documents == ("cats.txt", "dogs.txt")
    assert table.counts[:, found.codec.vocabulary.numbers["dog"]].tolist() == [1, 2]
    assert table.counts.sum() == found.num_symbols


def test_standard_input_keeps_its_name_among_files(cats, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"dogs")))
    found = survey(DataConfig(paths=(cats, "-"), tokens="words"))
    assert count_table(found, rows=8).documents == ("cats.txt", "standard input")


def test_bytes_that_are_no_text_are_shown_as_they_are(tmp_path):
    path = tmp_path / "latin"
    path.write_bytes(b"caf\xe9")
    found = survey(DataConfig(paths=(str(path),), tokens="bytes"))
    assert found.start == ("c", "a", "f", "<0xE9>")
    table = count_table(found, rows=8)
    assert table.counts[0, 0xE9] == 1
    assert table.documents == ("caf?",)
