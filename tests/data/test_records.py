"""Rows of every layout, and what is said of files that cannot be used."""

import gzip
import io
import json
import sys

import pytest

from recurry.data.records import Columns, class_names, find_layout, read_rows
from recurry.errors import DataError


def _read(*paths, layout="auto", columns=None, encoding="utf-8"):
    names = [str(path) for path in paths]
    return read_rows(names, layout=layout, columns=columns or Columns(), encoding=encoding)


def _pairs(rows) -> list[tuple[str, str | None]]:
    return [(row.text, row.label) for row in rows.rows]


def _refused(*paths, **arguments) -> str:
    with pytest.raises(DataError) as caught:
        _read(*paths, **arguments)
    return str(caught.value)


EXPECTED = [("good, really", "pos"), ("bad", "neg")]


def test_csv_tsv_and_json_lines(tmp_path):
    (tmp_path / "a.csv").write_text('\ufefftext,label\n"good, really",pos\n\nbad,neg\n')
    (tmp_path / "a.tsv").write_text("label\ttext\npos\tgood, really\nneg\tbad\n")
    lines = [json.dumps({"text": text, "label": label}) for text, label in EXPECTED]
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    for name in ("a.csv", "a.tsv", "a.jsonl"):
        assert _pairs(_read(tmp_path / name)) == EXPECTED, name


def test_a_quote_in_a_tab_separated_file_is_a_letter(tmp_path):
    (tmp_path / "a.tsv").write_text('text\tlabel\nthe 12" record\tpos\n')
    assert _pairs(_read(tmp_path / "a.tsv")) == [('the 12" record', "pos")]


def test_a_text_over_two_lines_and_the_place_of_the_next(tmp_path):
    (tmp_path / "a.csv").write_text('text,label\n"one\ntwo",pos\nbad,neg\n')
    rows = _read(tmp_path / "a.csv").rows
    assert rows[0].text == "one\ntwo"
    assert rows[1].place.endswith("a.csv:4")


def test_the_label_first(tmp_path):
    (tmp_path / "stsa.train").write_text("4 very good\n0 bad\n")
    rows = _read(tmp_path / "stsa.train", layout="label-first")
    assert _pairs(rows) == [("very good", "4"), ("bad", "0")]


def test_a_file_a_class(tmp_path):
    (tmp_path / "Polish.txt").write_text("Adamczak\n\nAdamczyk\n")
    (tmp_path / "Irish.txt").write_text("Adam\n")
    (tmp_path / ".hidden").touch()
    expected = [("Adam", "Irish"), ("Adamczak", "Polish"), ("Adamczyk", "Polish")]
    assert _pairs(_read(tmp_path)) == expected
    assert _pairs(_read(tmp_path / "Irish.txt", tmp_path / "Polish.txt")) == expected


def test_a_folder_a_class(tmp_path):
    for label, text in (("pos", "good"), ("neg", "bad")):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.txt").write_text(text + "\n")
    assert _pairs(_read(tmp_path)) == [("bad", "neg"), ("good", "pos")]


def test_the_part_of_a_name_that_differs_is_the_class(tmp_path):
    assert class_names([tmp_path / "rt.pos", tmp_path / "rt.neg"]) == ["pos", "neg"]
    assert class_names([tmp_path / "a.txt", tmp_path / "b.txt"]) == ["a", "b"]
    assert class_names([tmp_path / "a.txt", tmp_path / "x" / "a.txt"]) == ["a.txt", "a.txt"]


def test_standard_input(monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO(b"text,label\nx,y\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert _pairs(_read("-", layout="csv")) == [("x", "y")]


def test_rows_without_a_label_are_counted_and_named(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\ngood,pos\nnothing,\nbad,neg\n")
    rows = _read(tmp_path / "a.csv")
    assert len(rows.rows) == 2
    assert "1 rows without a label are left out" in rows.notes[0]
    assert "a.csv:3" in rows.notes[0]
    (tmp_path / "b.csv").write_text("text,label\ngood,\n")
    assert "no row with a label" in _refused(tmp_path / "b.csv")


def test_a_column_that_is_not_there_lists_those_that_are(tmp_path):
    (tmp_path / "a.csv").write_text("review,stars\ngood,5\n")
    text = _refused(tmp_path / "a.csv", columns=Columns(text="reviews", label="stars"))
    assert "no column 'reviews'" in text
    assert "'review', 'stars'" in text
    assert "--text-column review" in text
    (tmp_path / "a.jsonl").write_text('{"review": "good", "stars": 5}\n')
    text = _refused(tmp_path / "a.jsonl", columns=Columns(text="review", label="label"))
    assert "no column 'label'" in text
    assert "a.jsonl:1" in text
    (tmp_path / "b.jsonl").write_text('\n{"review": "good", "stars": 5}\n')
    text = _refused(tmp_path / "b.jsonl", columns=Columns(text="review", label="star"))
    assert "no column 'star'" in text
    assert "b.jsonl:2" in text
    (tmp_path / "c.csv").write_text("the review,stars\ngood,5\n")
    text = _refused(tmp_path / "c.csv", columns=Columns(text="review", label="stars"))
    assert "--text-column 'the review'" in text
    (tmp_path / "d.csv").write_text("review,reviewer,stars\ngood,me,5\n")
    text = _refused(tmp_path / "d.csv", columns=Columns(text="review", label="label"))
    assert text.endswith("try: --label-column NAME")
    text = _refused(tmp_path / "d.csv", columns=Columns(text="review", label="reviews"))
    assert text.endswith("try: --label-column reviewer")


def test_a_row_of_json_that_lacks_a_key_is_named(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"review": "a", "stars": "1"}\n\n{"stars": "2"}\n')
    text = _refused(tmp_path / "a.jsonl", columns=Columns(text="review", label="stars"))
    assert "This row has no key 'review'." in text
    assert "a.jsonl:3" in text
    assert "got: the keys 'stars'" in text
    assert "column" not in text


def test_a_folder_is_no_file(tmp_path):
    text = _refused(tmp_path, layout="csv")
    assert "Is a directory" in text
    assert "name the files in it" in text


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "text,label\na,b\nc,d,e\n", "a.csv:3"),
        ("a.csv", 'text,label\n"a"b,c\n"open', "a.csv:3"),
        ("a.jsonl", '{"text": "a", "label": "b"}\nnonsense\n', "a.jsonl:2"),
        ("a.jsonl", "[1]\n", "no JSON object"),
        ("a.jsonl", '{"text": 3, "label": "b"}\n', "no string"),
        ("a.csv", " \n", "file is empty"),
    ],
)
def test_broken_lines_are_named(tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    assert words in _refused(tmp_path / name)


def test_another_encoding_names_the_line_and_a_way_out(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"text,label\ngood,pos\ncaf\xe9,neg\n")
    text = _refused(tmp_path / "a.csv")
    assert "a.csv:3" in text
    assert "encoding=latin-1" in text
    assert _read(tmp_path / "a.csv", encoding="latin-1").rows[1].text == "café"
    assert "no encoding" in _refused(tmp_path / "a.csv", encoding="latin-99")


def test_names_that_do_not_say_the_layout(tmp_path):
    (tmp_path / "a.data").write_text("x")
    assert "data.layout=" in _refused(tmp_path / "a.data")
    with pytest.raises(DataError, match="no records to learn from"):
        find_layout([])
    assert "no such file" in _refused(tmp_path / "none.csv").lower()


def test_the_sum_is_of_all_bytes(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\ngood,pos\n")
    first = _read(tmp_path / "a.csv").sha256
    (tmp_path / "a.csv").write_text("text,label\ngood,neg\n")
    assert _read(tmp_path / "a.csv").sha256 != first


def test_packed_files_and_lists_of_sentences(tmp_path):
    line = json.dumps({"text": ["One. ", "Two\nthree."], "label": "a"})
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(line.encode()))
    (row,) = read_rows([str(path)], columns=Columns()).rows
    assert (row.text, row.label) == ("One.\nTwo three.", "a")


def test_lists_of_numbers_are_handed_on_where_they_are_wanted(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": [[0.5, 1], [2, 0]], "label": 3}\n')
    columns = Columns(has_numbers=True)
    (row,) = read_rows([str(tmp_path / "a.jsonl")], columns=columns).rows
    assert (row.text, row.label) == ("[[0.5, 1], [2, 0]]", "3")
    with pytest.raises(DataError, match="no string"):
        read_rows([str(tmp_path / "a.jsonl")], columns=Columns())


def test_only_line_breaks_part_lines(tmp_path):
    """Of film reviews in Latin-1, 23 hold the byte 0x85, which Unicode calls a next line."""
    for name, text in (("a.x", "one\x85two\x1cthree\r\nfour\u2028\r\n"), ("b.x", "five\n\n")):
        (tmp_path / name).write_bytes(text.encode())
    rows = read_rows([str(tmp_path)], columns=Columns()).rows
    assert [row.text for row in rows] == ["one\x85two\x1cthree", "four", "five"]
    assert [row.place.rpartition(":")[2] for row in rows] == ["1", "2", "1"]
