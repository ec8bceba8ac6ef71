"""`recurry text` as a stranger and as a program meet it."""

import io
import json
import os
import subprocess
import sys

import pytest

from recurry.cli.main import main

CATS = 'The cat sat on the mat.\nThe cats are running and the dog runs.\nA dog said "running".\n'


@pytest.fixture
def cats(tmp_path):
    path = tmp_path / "cats.txt"
    path.write_text(CATS)
    return str(path)


def run(capsys, *arguments):
    """Output and errors of the command, and its exit code."""
    code = 0
    try:
        main(["text", *arguments])
    except SystemExit as stop:
        code = stop.code
    shown = capsys.readouterr()
    return shown.out, shown.err, code


def test_it_prints_what_a_lecture_draws(capsys, cats):
    out, err, code = run(capsys, cats, "--stem", "english", "--table")
    assert (err, code) == ("", 0)
    for title in ("Tokens", "Stems", "Vocabulary", "Counts", "One-hot"):
        assert f"\n{title}  " in out
    assert "the│cat│sat│on│the│mat│.│↵│" in out
    assert "run  ← running, runs" in out
    assert "3 documents" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_json_holds_the_same_for_programs(capsys, cats):
    out, err, code = run(capsys, cats, "--stem", "english", "--table", "--json")
    assert (err, code) == ("", 0)
    found = json.loads(out)
    assert found["num_bytes"] == len(CATS)
    assert found["stems"]["run"] == ["running", "runs"]
    assert len(found["vocabulary"]) == found["num_distinct"]
    assert sum(entry["count"] for entry in found["vocabulary"]) == found["num_symbols"]
    the = found["counts"]["symbols"].index("the")
    assert [row[the] for row in found["counts"]["rows"]] == [2, 2, 0]
    assert found["counts"]["documents"] == CATS.splitlines()


def test_without_a_file_it_shows_shakespeare(capsys):
    out, _, _ = run(capsys, "--tokens", "characters", "--top", "3", "--json")
    found = json.loads(out)
    assert (found["num_symbols"], found["num_distinct"]) == (1_115_394, 65)
    assert [entry["symbol"] for entry in found["vocabulary"]] == [" ", "e", "t"]


def test_standard_input(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from a pipe")))
    out, _, code = run(capsys, "-")
    assert code == 0
    assert out.startswith("standard input\n11 bytes, 3 tokens")


def test_names_and_terminals_of_few_characters_are_no_crash(tmp_path):
    """A file name of bytes that are no UTF-8, on terminals that can print neither it nor a bar."""
    (tmp_path / os.fsdecode(b"a\xff.txt")).write_text("grüß Gott\n", encoding="utf-8")
    (tmp_path / os.fsdecode(b"b\xfe.txt")).write_text("two\n")
    (tmp_path / os.fsdecode(b"c\xfd.bin")).write_bytes(b"\0")
    code = "from recurry.cli.main import main; main()"
    for encoding in ("utf-8:strict", "ascii:strict"):
        done = subprocess.run(
            [sys.executable, "-c", code, "text", str(tmp_path), "--table"],
            env=os.environ | {"PYTHONIOENCODING": encoding},
            capture_output=True,
            check=False,
        )
        assert (done.stderr, done.returncode) == (b"", 0)
        assert b"Gott" in done.stdout


def test_a_folder_says_what_was_skipped(capsys, tmp_path, cats):
    (tmp_path / "x.bin").write_bytes(b"\0")
    (tmp_path / "more.txt").write_text("more cats\n")
    out, _, _ = run(capsys, str(tmp_path), "--table")
    assert "2 files" in out
    assert "skipped: 1 file, for instance" in out
    assert "\ncats.txt" in out
    found = json.loads(run(capsys, str(tmp_path), "--json")[0])
    assert [skipped["reason"] for skipped in found["skipped"]] == ["binary"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["missing.txt"], 1, ["no such file or folder", "missing.txt", "try:"]),
        (["{folder}/empty"], 1, ["the input is empty", "0 bytes"]),
        (["{folder}/nothing"], 1, ["The folder holds no text", "no file"]),
        (["{folder}/latin"], 1, ["not valid UTF-8", "byte 3 (line 1)", "0xE9", "--tokens bytes"]),
        (["--stem", "englich"], 2, ['no stemming language "englich"', "try: english"]),
        (["--stem", "english", "--tokens", "bytes"], 2, ['needs tokens = "words"']),
        (["--lower", "--tokens", "bytes"], 2, ["lower_case needs a text"]),
        (["-", "-"], 2, ["only once"]),
        (["--tokens", "wrods"], 2, ["'wrods' is not one of", "words"]),
        (["--min-count", "0"], 2, ["--min-count"]),
    ],
)
def test_every_mistake_gets_an_answer(capsys, tmp_path, arguments, code, words):
    (tmp_path / "empty").write_text("")
    (tmp_path / "nothing").mkdir()
    (tmp_path / "latin").write_bytes(b"caf\xe9 au lait")
    out, err, found = run(capsys, *[part.format(folder=tmp_path) for part in arguments])
    assert (out, found) == ("", code)
    for word in words:
        assert word in err
    assert "Traceback" not in err


def test_the_module_itself_loads_nothing_heavy():
    code = "import sys, recurry.cli.text; print(*{n.split('.')[0] for n in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "numpy", "rich", "pydantic"} & set(loaded)
