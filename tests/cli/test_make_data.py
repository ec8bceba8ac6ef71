"""`recurry make-data` writes tables and JSON lines."""

import json
import os

import pytest

from recurry.cli.main import main
from recurry.cli.make_data import NAMES
from recurry.data.synthetic import KINDS, make_records


def run(capsys, *arguments):
    """Output and errors of the command, and its exit code."""
    code = 0
    try:
        main(["make-data", *arguments])
    except SystemExit as stop:
        code = stop.code
    shown = capsys.readouterr()
    return shown.out, shown.err, code


@pytest.mark.parametrize("name", [name for name in KINDS if name != "adding"])
def test_a_table_has_a_line_of_names(capsys, name):
    out, err, code = run(capsys, name, "--count", "5", "--seed", "3")
    assert (err, code) == ("", 0)
    head, *rows = [line.split("\t") for line in out.splitlines()]
    assert head == list(KINDS[name].columns)
    expected = [list(record.values()) for record in make_records(name, 5, seed=3)]
    assert rows == expected


@pytest.mark.parametrize("name", KINDS)
def test_json_lines(capsys, tmp_path, name):
    path = str(tmp_path / "some.jsonl")
    out, _, code = run(capsys, name, "--count", "5", "--length", "3-6", "-o", path)
    assert (out, code) == (f"data  {path}  (5 rows)\n", 0)
    with open(path) as file:
        rows = [json.loads(line) for line in file]
    assert rows == list(make_records(name, 5, length=(3, 6)))
    assert os.listdir(tmp_path) == ["some.jsonl"]


def test_options_reach_the_rows(capsys):
    out, _, _ = run(capsys, "copy", "--count", "50", "--length", "7", "--symbols", "2")
    rows = out.splitlines()[1:]
    assert {word for row in rows for word in row.split()} == {"a", "b"}
    assert {len(row.split()) for row in rows} == {14}


def test_the_help_names_every_kind(capsys):
    assert set(NAMES) == set(KINDS)
    out, _, _ = run(capsys, "--help")
    for name, kind in KINDS.items():
        assert f"\n  {name:<12}{' '.join(kind.columns)} " in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["copyy"], 2, ["no kind of data named 'copyy'", "try: copy"]),
        (["copy", "--length", "many"], 2, ["'many' is neither a number nor a range"]),
        (["copy", "--length", "5-"], 2, ["neither a number nor a range"]),
        (["copy", "--length", "5-4"], 2, ["cannot have that length"]),
        (["parity", "--symbols", "3"], 2, ["symbols of its own"]),
        (["adding", "--format", "tsv"], 2, ["no TSV column holds", "--format jsonl"]),
        (["copy", "-o", "/missing/folder/x.tsv"], 1, ["cannot be written"]),
    ],
)
def test_every_mistake_gets_an_answer(capsys, arguments, code, words):
    out, err, found = run(capsys, *arguments)
    assert (out, found) == ("", code)
    for word in words:
        assert word in err
    assert "Traceback" not in err
