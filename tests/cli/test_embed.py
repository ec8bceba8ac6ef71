"""`recurry embed` from a text to a file, and what it says on the way."""

import json
import signal

import numpy as np
import pytest

from recurry.cli import embed as module
from recurry.cli.embed import Report, progress_line
from recurry.cli.main import main
from recurry.data.vector_files import load_vectors
from recurry.tasks.embed import EmbedProgress

TEXT = "the cat saw the dog\nthe dog saw a cat\na bird saw the cat\n" * 60


@pytest.fixture
def text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some.txt").write_text(TEXT)
    return "some.txt"


def run(capsys, *arguments):
    """Output and errors of the command, and its exit code."""
    code = 0
    try:
        main(["embed", *arguments])
    except SystemExit as stop:
        code = stop.code
    shown = capsys.readouterr()
    return shown.out, shown.err, code


def test_a_text_becomes_a_file_of_vectors(capsys, text):
    out, err, code = run(capsys, text, "--size", "20")
    assert code == 0
    assert out == "vectors  vectors.vec  (WordVectors(6 words, 20 numbers))\n"
    assert "900 words to learn from, 6 of them different" in err
    assert "100.0 %  epoch 5/5" in err
    assert "words/s  0 s left" in err
    assert load_vectors("vectors.vec").words[:3] == ("the", "cat", "saw")


def test_train_may_be_written_out_and_options_may_come_first(capsys, text):
    for number, arguments in enumerate((["train", text], ["--seed", "0", text], [text])):
        assert run(capsys, *arguments, "-o", f"{number}.bin", "--threads", "1")[2] == 0
    matrices = [load_vectors(f"{number}.bin").matrix for number in range(3)]
    np.testing.assert_array_equal(matrices[0], matrices[1])
    np.testing.assert_array_equal(matrices[0], matrices[2])
    run(capsys, text, "-o", "other.bin", "--seed", "1")
    assert not np.array_equal(load_vectors("other.bin").matrix, matrices[0])


def test_options_reach_the_vectors(capsys, text):
    run(capsys, text, "-o", "a.vec.gz", "--kind", "cbow", "--most-words", "2", "--format", "glove")
    assert load_vectors("a.vec.gz").words == ("the", "cat")
    run(capsys, text, "-o", "b.vec", "--min-count", "180")
    assert load_vectors("b.vec").words == ("the", "cat", "saw")


def test_json_lines_and_pairs(capsys, text, tmp_path):
    (tmp_path / "pairs.txt").write_text("cat dog 9\ncat saw 1\ncat emu 2\n")
    out, _, code = run(capsys, text, "--json", "--pairs", "pairs.txt", "--epochs", "2")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [event["event"] for event in events] == ["update", "done"]
    assert events[0]["words_done"] == events[0]["words_in_all"] == 1800
    assert events[1]["agreement"]["num_pairs"] == 2
    assert (events[1]["vectors"], events[1]["num_words"]) == ("vectors.vec", 6)
    out, _, _ = run(capsys, text, "--pairs", "pairs.txt")
    assert "over 2 pairs; 1 left out" in out


def test_an_interrupt_keeps_what_was_learnt(capsys, text, monkeypatch):
    show = Report.show

    def interrupt(self, progress):
        show(self, progress)
        if progress.epoch == 0:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Report, "show", interrupt)
    _, err, code = run(capsys, text, "--epochs", "50")
    assert code == 130
    assert "stopping, and writing what was learnt" in err
    assert "Stopped early; what was learnt so far is in vectors.vec." in err
    assert len(load_vectors("vectors.vec")) == 6


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["missing.txt"], 1, ["no such file or folder", "missing.txt"]),
        (["some.txt", "--min-count", "999"], 1, ["min_count = 999"]),
        (["some.txt", "--most-words", "1"], 2, ["--most-words"]),
        (["some.txt", "--size", "0"], 2, ["--size"]),
        (["some.txt", "--kind", "glove"], 2, ["'glove' is not one of"]),
        (["some.txt", "--pairs", "missing.txt"], 1, ["pairs cannot be read"]),
        (["some.txt", "-o", "missing/vectors.vec"], 2, ["cannot be written there", "--output"]),
        (["some.txt", "-o", "."], 2, ["cannot be written there"]),
        (["some.txt", "--sizes", "3"], 2, ["--sizes", "--size"]),
    ],
)
def test_every_mistake_gets_an_answer(capsys, text, arguments, code, words):
    out, err, found = run(capsys, *arguments)
    assert (out, found) == ("", code)
    for word in words:
        assert word in err
    assert "Traceback" not in err


def test_help_names_the_other_commands(capsys):
    out, _, code = run(capsys, "--help")
    assert code == 0
    for name in ("train", "neighbours", "analogy", "agree", "convert"):
        assert f"\n  {name}" in out
    assert "--negatives" in run(capsys, "x", "--help")[0]


def _progress(words):
    return EmbedProgress(
        epoch=1,
        num_epochs=5,
        num_words=words,
        num_words_in_all=4000,
        seconds=2.0,
        num_threads=1,
    )


def test_a_line_of_progress():
    assert progress_line(_progress(1000)) == " 25.0 %  epoch 2/5  500 words/s  6 s left"


def test_lines_come_every_few_seconds_and_at_the_end(capsys):
    now = [0.0]
    report = Report(is_json=False, clock=lambda: now[0])
    for seconds, words in ((1, 100), (4.9, 200), (5.1, 300), (6, 400), (10.2, 500), (10.3, 4000)):
        now[0] = seconds
        report.show(_progress(words))
    assert [line.split(" %")[0].strip() for line in capsys.readouterr().err.splitlines()] == [
        "7.5",
        "12.5",
        "100.0",
    ]


def test_a_terminal_gets_one_line_that_is_drawn_again(capsys, monkeypatch):
    monkeypatch.setattr(module.sys.stderr, "isatty", lambda: True, raising=False)
    now = [0.0]
    report = Report(is_json=False, clock=lambda: now[0])
    for seconds, words in ((1, 1000), (2, 2000), (3, 4000)):
        now[0] = seconds
        report.show(_progress(words))
    err = capsys.readouterr().err
    assert err.count("\r") == 3
    assert err.endswith("left\n")
    assert err.count("\n") == 1
