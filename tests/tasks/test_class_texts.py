"""Labelled texts as records of what is to be written."""

import pytest

from recurry.data.record_configuration import RecordsConfig, TextConfig
from recurry.data.records import Row
from recurry.errors import DataError
from recurry.tasks.class_texts import Learnt, learn, make_records, read_labelled_texts

ROWS = [Row("Ada", "woman", "a:1"), Row("Bob", "man", "b:1"), Row("Abel", "man", "b:2")]


@pytest.fixture
def learnt() -> Learnt:
    """Letters, two classes and three names."""
    return learn(ROWS, TextConfig(tokens="characters"))


def test_texts_end(learnt):
    examples, notes = make_records(ROWS, learnt, part="train", longest=9)
    assert notes == []
    assert [text[-1] for text in examples.sequences["text"]] == [learnt.edge] * 3
    assert [learnt.spell(text) for text in examples.sequences["text"]] == ["Ada", "Bob", "Abel"]
    assert [learnt.labels.names[n] for n in examples.values["label"]] == ["woman", "man", "man"]
    assert "Ada" in learnt.texts
    assert "Adam" not in learnt.texts
    assert repr(learnt) == f"{learnt.codec.num_symbols} symbols, 2 classes"


def test_what_is_left_out_and_what_is_cut(learnt):
    rows = [*ROWS, Row("", "man", "b:3"), Row("Ada", "dog", "c:1")]
    examples, notes = make_records(rows, learnt, part="test", longest=3)
    assert examples.lengths.tolist() == [4, 4, 3]  # a text that is cut has no end
    told = " ".join(notes)
    assert "1 texts of the test part are empty" in told
    assert "1 texts of the test part are longer than 3 symbols" in told
    assert "1 texts of the test part are left out, as their class is none" in told


def test_nothing_that_can_be_used(learnt):
    with pytest.raises(DataError, match="classes such as man, woman") as caught:
        make_records([Row("Ada", "dog", "c:1")], learnt, part="test", longest=9)
    assert "c:1" in str(caught.value)
    with pytest.raises(DataError, match="no symbol in common"):
        make_records([Row("xyz", "man", "c:1")], learnt, part="test", longest=9)
    assert len(make_records([], learnt, part="validation", longest=9)[0]) == 0
    with pytest.raises(DataError, match="only one class"):
        learn(ROWS[1:], TextConfig(tokens="characters"))


def test_a_file_a_class(tmp_path):
    for name, text in (("man", "Bob\nAbel\n"), ("woman", "Ada\n")):
        (tmp_path / f"{name}.txt").write_text(text)
    paths = tuple(str(tmp_path / f"{name}.txt") for name in ("man", "woman"))
    found = read_labelled_texts(RecordsConfig(layout="files"), paths)
    assert [(row.text, row.label) for row in found.rows] == [
        ("Bob", "man"),
        ("Abel", "man"),
        ("Ada", "woman"),
    ]
