"""Files of sentences: read by their endings, and written back with other labels."""

import pytest

from recurry.data.sentences import (
    SentenceColumns,
    cut_sentences,
    find_sentences,
    read_sentences,
    write_back,
)
from recurry.errors import DataError

CONLLU = (
    "# text = I go\n1\tI\tI\tPRON\t_\t_\t0\t_\t_\t_\n1-2\tIgo\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "2\tgo\tgo\tVERB\t_\t_\t0\t_\t_\tx\r\n\n# end\n"
)


def test_the_ending_says_the_layout(tmp_path):
    (tmp_path / "a.conllu").write_bytes(CONLLU.encode())
    (tmp_path / "b.conll").write_text("In\tO\nParis\tB-LOC\n")
    found = read_sentences(
        [str(tmp_path / "a.conllu"), str(tmp_path / "b.conll")], columns=SentenceColumns()
    )
    assert [row.labels for row in found.rows] == [["PRON", "VERB"], ["O", "B-LOC"]]
    assert len(found.sha256) == 64
    lemmas = SentenceColumns(layout="conllu", label="lemma")
    assert find_sentences(CONLLU, columns=lemmas, name="a")[0].labels == ["I", "go"]


def test_columns_by_number():
    text = "1 DT the\n2 NN cat\n"
    columns = SentenceColumns(word=3, label="2")
    (found,) = find_sentences(text, columns=columns, name="a")
    assert (found.words, found.labels) == (["the", "cat"], ["DT", "NN"])
    (last,) = find_sentences(text, columns=SentenceColumns(word=3, label="-2"), name="a")
    assert last.labels == found.labels
    for label in ("UPOS", "0"):
        with pytest.raises(DataError, match="no such name") as caught:
            find_sentences(text, columns=SentenceColumns(label=label), name="a")
        assert "--label-column" in str(caught.value)
    for label in ("4", "-4"):
        with pytest.raises(DataError, match="line is broken"):
            find_sentences(text, columns=SentenceColumns(label=label), name="a")


def test_what_is_no_file_of_sentences(tmp_path):
    with pytest.raises(DataError, match="no sentences to learn from"):
        read_sentences([], columns=SentenceColumns())
    (tmp_path / "a.conllu").write_text("# only words of a comment\n\n")
    with pytest.raises(DataError, match="no sentence") as caught:
        read_sentences([str(tmp_path / "a.conllu")], columns=SentenceColumns())
    assert "a.conllu" in str(caught.value)
    (tmp_path / "b.conllu").write_text("\n1\tI\tI\n")
    with pytest.raises(DataError, match="line is broken") as caught:
        read_sentences([str(tmp_path / "b.conllu")], columns=SentenceColumns())
    assert "b.conllu:2" in str(caught.value)


def test_conllu_is_written_back_but_for_the_label():
    for label in ("auto", "MISC"):
        columns = SentenceColumns(label=label)
        sentences = find_sentences(CONLLU, columns=columns, name="a.conllu")
        labels = [sentence.labels for sentence in sentences]
        same = write_back(CONLLU, sentences, labels, columns=columns, name="a.conllu")
        assert same == CONLLU
        other = write_back(CONLLU, sentences, [["A", "B"]], columns=columns, name="a.conllu")
        assert find_sentences(other, columns=columns, name="a.conllu")[0].labels == ["A", "B"]
        assert other.startswith("# text = I go\n1\tI\tI\t")
        assert other.endswith("\r\n\n# end\n")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("In O\nParis B\n\nHe O", "In O X\nParis B Y\n\nHe O X"),
        ("In\tO\r\nParis\tB\r\n\r\nHe\tO\r\n", "In\tO\tX\r\nParis\tB\tY\r\n\r\nHe\tO\tX\r\n"),
        ("In\nParis\n\nHe\n", "In\tX\nParis\tY\n\nHe\tX\n"),
    ],
)
def test_columns_are_written_back_with_one_more(text, written):
    columns = SentenceColumns()
    sentences = find_sentences(text, columns=columns, name="a", has_labels=False)
    labels = [["X", "Y"], ["X"]]
    assert write_back(text, sentences, labels, columns=columns, name="a") == written


def test_long_sentences_become_several():
    found = find_sentences("a X\nb Y\nc Z\n\nd X\n", columns=SentenceColumns(), name="a")
    cut = cut_sentences(found, 2)
    assert [(row.words, row.labels, row.lines) for row in cut] == [
        (["a", "b"], ["X", "Y"], [1, 2]),
        (["c"], ["Z"], [3]),
        (["d"], ["X"], [5]),
    ]
    assert cut_sentences(found, 3) == found
