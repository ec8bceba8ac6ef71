"""Sentences of CoNLL-U and of columns, and the line of what is broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.columns import column_sentences, conllu_sentences
from recurry.errors import DataError

CONLLU = """# sent_id = 1
1\tThe\tthe\tDET\t_\t_\t2\tdet\t_\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
2\tdo\tdo\tAUX\t_\t_\t0\troot\t_\t_
3\tn't\tnot\tPART\t_\t_\t2\tadvmod\t_\t_
3.1\tgo\tgo\tVERB\t_\t_\t_\t_\t_\t_

1\tYes\tyes\tINTJ\t_\t_\t0\troot\t_\t_
"""


def test_words_and_labels_of_conllu():
    first, second = conllu_sentences(CONLLU, name="a.conllu")
    assert first.words == ["The", "do", "n't"]
    assert first.labels == ["DET", "AUX", "PART"]
    assert (first.lines, second.lines) == ([2, 4, 5], [8])
    assert second.place == "a.conllu:8"
    (lemmas, _) = conllu_sentences(CONLLU, label="LEMMA", name="a")
    assert lemmas.labels[0] == "the"


def test_words_and_labels_of_columns():
    text = "-DOCSTART- O\n\nIn O\nParis B-LOC\n\n\nHe O"
    sentences = list(column_sentences(text, name="a"))
    assert [s.words for s in sentences] == [["In", "Paris"], ["He"]]
    assert sentences[0].labels == ["O", "B-LOC"]
    assert sentences[0].lines == [3, 4]
    assert next(column_sentences("a b\tO\n", name="a")).words == ["a b"]


def test_words_without_labels():
    (sentence,) = column_sentences("In\nParis\n", label_at=None, name="a")
    assert (sentence.words, sentence.labels) == (["In", "Paris"], ["", ""])
    for label_at in (2, -3):
        with pytest.raises(DataError, match="line is broken") as caught:
            list(column_sentences("In O\n", label_at=label_at, name="a"))
        assert "3 columns" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1\tThe\tDET\n", "a:1"),
        ("# x\n\nx\ta\tb\tc\td\te\tf\tg\th\ti\n", "a:3"),
        ("1\t\tb\tc\td\te\tf\tg\th\ti\n", "a:1"),
        ("1\ta\tb\t\td\te\tf\tg\th\ti\n", "a:1"),
    ],
)
def test_broken_lines_of_conllu(text, place):
    with pytest.raises(DataError, match="line is broken") as caught:
        list(conllu_sentences(text, name="a"))
    assert place in str(caught.value)
    with pytest.raises(DataError, match="no field 'TAG'"):
        list(conllu_sentences(text, label="TAG", name="a"))


def test_broken_lines_of_columns():
    for text in ("In O\nParis\n", "In O\nParis B LOC\n", "In\n"):
        with pytest.raises(DataError, match="line is broken") as caught:
            list(column_sentences(text, name="a"))
        assert f"a:{2 if 'Paris' in text else 1}" in str(caught.value)
    for columns in ({"word_at": 1}, {"label_at": 1}):
        with pytest.raises(DataError, match="line is broken") as caught:
            list(column_sentences("In\tx\tO\nParis\t \tO\n", name="a", **columns))
        assert "neither of them empty" in str(caught.value)
        assert "a:2" in str(caught.value)


SIGNS = st.text(alphabet="1-.#_ab\t\n\r \u00a0\u2028\x85\ufeff", max_size=60)
FIELDS = st.lists(st.text(alphabet="1-._ab \r", max_size=3), min_size=9, max_size=11)


@given(SIGNS | st.lists(FIELDS).map(lambda rows: "\n".join(map("\t".join, rows))))
@pytest.mark.parametrize("read", [conllu_sentences, column_sentences])
def test_any_file_is_read_or_refused_with_its_line(read, text):
    lines = text.split("\n")
    found, refusal = [], None
    try:
        found = list(read(text, name="a"))
    except DataError as error:
        refusal = error
    if refusal is not None:
        number = int(str(refusal.where).removeprefix("a:"))
        assert repr(lines[number - 1][:80]) == refusal.got
    for sentence in found:
        assert len(sentence.words) == len(sentence.labels) == len(sentence.lines) > 0
        assert all(word.strip() for word in [*sentence.words, *sentence.labels])
        for number, word in zip(sentence.lines, sentence.words, strict=True):
            assert word in lines[number - 1]
        between = lines[sentence.lines[0] - 1 : sentence.lines[-1]]
        assert all(line.strip() for line in between)  # an empty line ends a sentence


def test_real_files(data_folder):
    folder = data_folder / "ud_english_ewt"
    text = (folder / "en_ewt-ud-dev.conllu").read_text(encoding="utf-8")
    assert len(list(conllu_sentences(text, name="dev"))) == 2001
    text = (data_folder / "wnut17" / "wnut17train.conll").read_text(encoding="utf-8")
    labels = {label for s in column_sentences(text, name="t") for label in s.labels}
    assert {"O", "B-person"} < labels
