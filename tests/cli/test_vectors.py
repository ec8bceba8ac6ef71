"""The questions to a file of word vectors, for people and for programs."""

import json

import numpy as np
import pytest

from recurry.cli.main import main
from recurry.cli.vectors import FORMATS
from recurry.data import vector_files
from recurry.data.vector_files import load_vectors, save_vectors
from recurry.data.vectors import WordVectors

ROWS = {
    "man": [1, 0, 0],
    "woman": [0, 1, 0],
    "king": [1, 0, 1],
    "queen": [0, 1, 1],
    "tree": [-1, -1, 0],
}


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matrix = np.array(list(ROWS.values()), np.float32)
    save_vectors(WordVectors(words=tuple(ROWS), matrix=matrix), "some.vec")
    return "some.vec"


def run(capsys, *arguments):
    """Output and errors of the command, and its exit code."""
    code = 0
    try:
        main(["embed", *arguments])
    except SystemExit as stop:
        code = stop.code
    shown = capsys.readouterr()
    return shown.out, shown.err, code


def test_neighbours(capsys, file):
    out, err, code = run(capsys, "neighbours", file, "king", "-n", "2")
    assert (err, code) == ("", 0)
    assert out == " 0.7071  man\n 0.5000  queen\n"
    out, _, _ = run(capsys, "neighbours", file, "king", "woman", "-n", "1")
    assert out == "king\n 0.7071  man\n\nwoman\n 0.7071  queen\n"
    found = json.loads(run(capsys, "neighbours", file, "king", "--json", "-n", "1")[0])
    assert found == {"king": [{"word": "man", "cosine": pytest.approx(0.7071, abs=1e-4)}]}


def test_analogy(capsys, file):
    out, _, code = run(capsys, "analogy", file, "man", "king", "woman", "-n", "1")
    assert code == 0
    assert out.split()[1] == "queen"
    found = json.loads(run(capsys, "analogy", file, "man", "king", "woman", "--json")[0])
    assert [entry["word"] for entry in found] == ["queen", "tree"]


def test_agreement_with_lists(capsys, file, tmp_path):
    (tmp_path / "pairs.txt").write_text("man king 9\nman queen 3\nman tree 1\nman emu 1\n")
    out, _, code = run(capsys, "agree", file, "pairs.txt")
    assert code == 0
    assert out == "pairs.txt  rank correlation 1.0000 over 3 pairs; 1 left out\n"
    found = json.loads(run(capsys, "agree", file, "pairs.txt", "--json")[0])
    assert found["pairs.txt"]["num_unknown"] == 1


@pytest.mark.parametrize("form", FORMATS)
def test_conversion(capsys, file, form):
    out, _, code = run(capsys, "convert", file, "other", "--format", form, "--limit", "3")
    assert code == 0
    assert out == "vectors  other  (WordVectors(3 words, 3 numbers))\n"
    np.testing.assert_array_equal(load_vectors("other").matrix, load_vectors(file).matrix[:3])


def test_the_formats_are_those_that_can_be_written():
    assert FORMATS == vector_files.FORMATS


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["neighbours", "some.vec", "quen"], 1, ["no vector for 'quen'", "queen"]),
        (["neighbours", "some.vec"], 2, ["WORD"]),
        (["neighbours", "missing.vec", "king"], 1, ["no such file", "missing.vec"]),
        (["analogy", "some.vec", "man", "king"], 2, ["'C'"]),
        (["agree", "some.vec", "missing.txt"], 1, ["pairs cannot be read"]),
        (["convert", "some.vec", "missing/x.vec"], 1, ["cannot be written"]),
        (["convert", "some.vec", "x.vec", "--format", "pickle"], 2, ["'pickle' is not one of"]),
    ],
)
@pytest.mark.usefixtures("file")
def test_every_mistake_gets_an_answer(capsys, arguments, code, words):
    out, err, found = run(capsys, *arguments)
    assert (out, found) == ("", code)
    for word in words:
        assert word in err
    assert "Traceback" not in err
