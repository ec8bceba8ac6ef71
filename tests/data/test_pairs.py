"""Pairs of texts: every layout, what is left out, and what broken files get."""

import gzip
import json
from pathlib import Path

import pytest

from recurry.data.pairs import (
    Counterparts,
    PairColumns,
    gather,
    read_pairs,
    read_sources,
    same_source,
)
from recurry.errors import DataError


def _read(*paths: Path, **columns):
    return read_pairs([str(path) for path in paths], columns=PairColumns(**columns))


def _write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_two_files_of_equally_many_lines(tmp_path):
    source = _write(tmp_path, "a.en", "a  cat\n\na dog\n")
    target = _write(tmp_path, "a.de", "eine Katze\nnichts\nein  Hund\n")
    found = _read(source, target)
    assert [pair[:2] for pair in found.rows] == [
        ("a  cat", ("eine Katze",)),
        ("a dog", ("ein Hund",)),
    ]
    assert found.notes == (f"1 pairs with an empty side are left out: {source}:2",)


def test_packed_files(tmp_path):
    for name in ("a.en", "a.de"):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(f"{name}\n".encode()))
    found = _read(tmp_path / "a.en.gz", tmp_path / "a.de.gz")
    assert [pair[:2] for pair in found.rows] == [("a.en", ("a.de",))]
    (tmp_path / "a.de.gz").write_bytes(b"no gzip")
    with pytest.raises(DataError, match="no whole gzip file"):
        _read(tmp_path / "a.en.gz", tmp_path / "a.de.gz")
    with (tmp_path / "a.tsv.gz").open("wb") as file:
        file.write(gzip.compress(b"source\ttarget\na\tb\n", mtime=0)[:-9])
    with pytest.raises(DataError, match="no whole gzip file"):
        _read(tmp_path / "a.tsv.gz")


def test_unequal_files_are_counted_with_the_first_difference(tmp_path):
    source = _write(tmp_path, "a.en", "a\n\nb\nc\n")
    target = _write(tmp_path, "a.de", "A\nX\nB\nC\nD\n")
    with pytest.raises(DataError) as caught:
        _read(source, target)
    assert f"{source} 4 lines, {target} 5 lines" in str(caught.value)
    assert "line 2 is the first" in str(caught.value)


@pytest.mark.parametrize("names", [["a.en"] * 3, ["a.en"]])
def test_parallel_files_come_in_twos(tmp_path, names):
    path = _write(tmp_path, "a.en", "a\n")
    with pytest.raises(DataError, match="come in twos"):
        _read(*[path for _ in names], layout="parallel")


def test_a_table_with_names(tmp_path):
    table = _write(tmp_path, "a.tsv", 'id\ttarget\tsource\n1\t"A\ta\n\n2\tB\tb\n')
    assert [pair[:2] for pair in _read(table).rows] == [("a", ('"A',)), ("b", ("B",))]
    again = _read(table, source="id", target="source").rows
    assert [pair[:2] for pair in again] == [("1", ("a",)), ("2", ("b",))]
    quoted = _write(tmp_path, "a.csv", 'source,target\n"a, b",c\n')
    assert _read(quoted).rows == [Counterparts("a, b", ("c",), f"{quoted}:2")]


def test_a_table_without_names(tmp_path):
    table = _write(tmp_path, "fra.txt", "Go.\tVa !\nRun!\tCours !\n")
    found = _read(table)
    assert [pair.targets for pair in found.rows] == [("Va !",), ("Cours !",)]
    assert "has no line of names" in found.notes[0]
    turned = _read(table, source="2", target="1")
    assert [pair[:2] for pair in turned.rows] == [("Va !", ("Go.",)), ("Cours !", ("Run!",))]
    assert turned.notes == ()


def test_lines_of_json_may_have_several_sentences_and_targets(tmp_path):
    records = [
        {"source": ["One. ", "Two\n."], "target": ["a", " ", "b  c"]},
        {"source": "d", "target": "e"},
    ]
    path = _write(tmp_path, "a.jsonl", "\n".join(map(json.dumps, records)) + "\n\n")
    assert [pair[:2] for pair in _read(path).rows] == [
        ("One.\nTwo .", ("a", "b c")),
        ("d", ("e",)),
    ]


@pytest.mark.parametrize(
    ("name", "text", "columns", "message"),
    [
        ("a.tsv", "source\ttarget\na\n", {}, "too few columns"),
        ("a.tsv", "en\tde\na\tb\n", {"source": "en"}, "no column 'target'"),
        ("a.tsv", "en\tde\na\tb\n", {"source": "fr", "target": "de"}, "'en', 'de'"),
        ("a.tsv", "source\ttarget\n\tb\na\t\n", {}, "no pair with text on both sides"),
        ("a.csv", 'source,target\n"a\n', {}, "too few columns"),
        ("a.jsonl", "{}\n", {}, "no column 'source'"),
        ("a.jsonl", '{"source": "a", "target": "b"}\n{"source": "c"}\n', {}, "no key 'target'"),
        ("a.jsonl", "[1]\n", {}, "no JSON object"),
        ("a.jsonl", "nothing\n", {}, "no JSON"),
        ("a.jsonl", '{"source": 1, "target": "a"}\n', {}, "no text"),
        ("a.tsv", "", {}, "empty"),
    ],
)
def test_broken_files(tmp_path, name, text, columns, message):
    with pytest.raises(DataError, match=message) as caught:
        _read(_write(tmp_path, name, text), **columns)
    assert name in str(caught.value)


def test_names_that_do_not_say_how_they_are_read(tmp_path):
    table, text = _write(tmp_path, "a.tsv", "a\tb\n"), _write(tmp_path, "a.en", "a\n")
    with pytest.raises(DataError, match=r"data\.layout"):
        _read(table, text)
    with pytest.raises(DataError, match="no texts to learn from"):
        _read()


def test_pairs_of_one_source_are_gathered():
    pairs = [
        Counterparts("a", ("1",), "f:1"),
        Counterparts("b", ("2",), "f:2"),
        Counterparts("a", ("3", "1"), "f:3"),
    ]
    assert gather(pairs) == [
        Counterparts("a", ("1", "3"), "f:1"),
        Counterparts("b", ("2",), "f:2"),
    ]


def test_signs_and_case_do_not_make_another_source():
    def group(text: str) -> str:
        return same_source(Counterparts(text, ("x",), "f:1"))

    assert group("Go on!") == group("go on.") != group("Go!")
    assert group("!") != group("?")


@pytest.mark.parametrize(
    ("layout", "text", "source", "found"),
    [
        ("tsv", "a b\teins\n\nc\tzwei\n", "auto", ["a b", "c"]),
        ("tsv", "a b\teins\nc\tzwei\n", "2", ["eins", "zwei"]),
        ("csv", "id,source\n1,a\n", "auto", ["a"]),
        ("csv", "id,text\n1,a\n", "text", ["a"]),
        ("csv", "1,2\na,b\n", "2", ["b"]),
        ("jsonl", '{"source": ["a", "b"]}\n', "auto", ["a\nb"]),
        ("jsonl", '{"text": "a"}\n', "text", ["a"]),
    ],
)
def test_the_texts_of_a_table_alone(layout, text, source, found):
    texts, notes = read_sources(text, layout=layout, columns=PairColumns(source=source), name="x")
    assert texts == found
    is_told = layout == "tsv" and source == "auto"
    assert [note[:27] for note in notes] == ["x has no line of names with"] * is_told


@pytest.mark.parametrize(
    ("layout", "text", "source", "words"),
    [
        ("tsv", "a\tb\nc\n", "2", "accepted: at least 2, between tabs"),
        ("csv", "a,b\n", "c", "--text-column NAME"),
        ("jsonl", '{"a": "b"}\n', "auto", "no column 'source'"),
        ("jsonl", '{"source": "a"}\n{"a": "b"}\n', "auto", "no key 'source'"),
        ("jsonl", '{"source": 3}\n', "auto", "is no text"),
    ],
)
def test_texts_that_are_not_there(layout, text, source, words):
    with pytest.raises(DataError, match=words):
        read_sources(text, layout=layout, columns=PairColumns(source=source), name="x")
