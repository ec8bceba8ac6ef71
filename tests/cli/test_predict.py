"""The verb predict: files in, answers out in the same order, and lines answered as they come."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from recurry.cli import predict as verb
from recurry.cli.main import recurry
from recurry.errors import DataError, RunError, UsageError

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
SMALL = ["--set", "network.hidden_size=8", "--set", "network.embedding_size=8", "--epochs", "6"]
SMALL += ["--set", "dropout.recurrent_weights=0", "--set", "schedule.name=constant"]
SMALL += ["--set", "dropout.input=0", "--set", "dropout.output=0", "--learning-rate", "0.03"]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory) -> Path:
    """A model that knows good from bad."""
    folder = tmp_path_factory.mktemp("predict")
    rows = [f"a {word} {thing},{word}" for thing in ("cat", "dog") for word in ("good", "bad")]
    (folder / "a.csv").write_text("\n".join(["text,label", *rows * 15]) + "\n")
    command = ["train", "classify", str(folder / "a.csv"), *SMALL, "--run", str(folder / "run")]
    result = CliRunner().invoke(recurry, command, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return folder / "run"


def _run(*arguments: str, text: str | bytes | None = None) -> list[str]:
    command = ["predict", *arguments]
    result = CliRunner().invoke(recurry, command, standalone_mode=False, input=text)
    if result.exception is not None:
        raise result.exception
    return result.stdout.splitlines()


def test_a_text_a_line(run_folder, tmp_path):
    (tmp_path / "in.txt").write_text("a good dog\n\na bad cat and a dog\ngood")
    lines = [json.loads(line) for line in _run(str(run_folder), str(tmp_path / "in.txt"))]
    assert [line["label"] for line in lines][::2] == ["good", "bad"]
    assert len(lines) == 4
    assert sum(lines[0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_many_texts_in_their_order(run_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(verb, "MOST_TOGETHER", 7)
    words = ["good" if n % 3 else "bad" for n in range(50)]
    texts = [f"a {'dog ' * (n % 3)}{word}" for n, word in enumerate(words)]
    (tmp_path / "in.txt").write_text("\n".join(texts) + "\n")
    assert _run(str(run_folder), str(tmp_path / "in.txt"), "--labels") == words
    shown = _run(str(run_folder), "-", "--texts", text="\n".join(texts))
    assert [json.loads(line)["text"] for line in shown] == texts


def test_columns_of_tables(run_folder, tmp_path):
    (tmp_path / "in.csv").write_text("id,text\n1,good\n2,bad\n")
    (tmp_path / "in.jsonl").write_text('{"review": "bad"}\n')
    assert _run(str(run_folder), str(tmp_path / "in.csv"), "--labels") == ["good", "bad"]
    both = [str(tmp_path / "in.jsonl"), "--text-column", "review", "--labels"]
    assert _run(str(run_folder), *both) == ["bad"]
    with pytest.raises(DataError, match="no column 'text'"):
        _run(str(run_folder), str(tmp_path / "in.jsonl"))


def test_lines_are_answered_before_the_next_one_comes(run_folder):
    command = [sys.executable, "-c", "from recurry.cli.main import main; main()"]
    with subprocess.Popen(
        [*command, "predict", str(run_folder), "--labels"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for word in (b"good", b"bad"):
            process.stdin.write(word + b"\n")
            process.stdin.flush()
            assert process.stdout.readline().strip() == word
        process.stdin.close()
        assert process.stdout.read() == b""


def test_lines_that_wait_are_taken_together():
    lines = list(verb._arriving(io.BytesIO(b"a\n\nb\nc")))
    assert [line for together in lines for line in together] == [b"a", b"", b"b", b"c"]
    assert list(verb._arriving(io.BytesIO(b""))) == []


def test_lines_are_longer_than_what_is_read_at_once(monkeypatch):
    monkeypatch.setattr(verb, "_AT_ONCE", 3)
    lines = list(verb._arriving(io.BytesIO(b"a long line\n\nb\n")))
    assert [line for together in lines for line in together] == [b"a long line", b"", b"b"]


def test_an_error_is_all_that_comes_while_more_lines_are_awaited(run_folder):
    """A thread that waits for standard input does not keep Python from ending."""
    command = [sys.executable, "-c", "from recurry.cli.main import main; main()"]
    with subprocess.Popen(
        [*command, "predict", str(run_folder)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"caf\xe9\n")
        process.stdin.flush()
        assert process.wait(timeout=60) == DataError.exit_code
        message = process.stderr.read().decode()
    assert "not in the encoding" in message
    assert "Fatal" not in message


def test_what_does_not_fit(run_folder, tmp_path):
    with pytest.raises(UsageError, match="--texts has no place"):
        _run(str(run_folder), "--labels", "--texts")
    with pytest.raises(DataError, match="no such file"):
        _run(str(run_folder), str(tmp_path / "none.txt"))
    with pytest.raises(DataError, match="not in the encoding utf-8") as caught:
        _run(str(run_folder), text=b"a cat\ncaf\xe9\n")
    assert "standard input:2" in str(caught.value)
    assert "try: --encoding latin-1" in str(caught.value)
    with pytest.raises(DataError, match="try: --encoding utf-8"):
        _run(str(run_folder), "--encoding", "latin-99", text=b"a cat\n")
    with pytest.raises(UsageError, match="no language model") as caught:
        CliRunner().invoke(
            recurry, ["generate", str(run_folder)], standalone_mode=False, catch_exceptions=False
        )
    assert "recurry predict" in str(caught.value)


def test_a_language_model_predicts_no_label(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("the quick brown fox " * 60)
    train = ["train", "a.txt", "--hidden-size", "4", "--epochs", "1", "--lanes", "2", "--k1", "9"]
    CliRunner().invoke(recurry, [*train, "--run", "r"], catch_exceptions=False)
    with pytest.raises(UsageError, match="is a language model"):
        _run("r", text="x\n")


@pytest.fixture(scope="module")
def tagger(tmp_path_factory) -> Path:
    """A model that knows cats from what they do."""
    folder = tmp_path_factory.mktemp("tag")
    (folder / "a.conll").write_text("a\tDET\ncat\tNOUN\nsat\tVERB\n\n" * 40)
    command = ["train", "tag", str(folder / "a.conll"), *SMALL[:6], "--learning-rate", "0.03"]
    result = CliRunner().invoke(
        recurry, [*command, "--run", str(folder / "run")], standalone_mode=False
    )
    if result.exception is not None:
        raise result.exception
    return folder / "run"


def test_files_of_sentences_are_written_back(tagger, tmp_path):
    (tmp_path / "in.txt").write_text("a\ncat\n\nsat\n")
    assert _run(str(tagger), str(tmp_path / "in.txt")) == ["a\tDET", "cat\tNOUN", "", "sat\tVERB"]
    line = "1\tcat\t_\t_\t_\t_\t_\t_\t_\tx"
    (tmp_path / "in.conllu").write_text(f"# one\n{line}")
    with pytest.raises(UsageError, match="learnt from no field of CoNLL-U"):
        _run(str(tagger), str(tmp_path / "in.conllu"))
    found = _run(str(tagger), str(tmp_path / "in.conllu"), "--label-column", "UPOS")
    assert found == ["# one", line.replace("_", "NOUN", 2).replace("NOUN", "_", 1)]
    for flag in ("--labels", "--texts"):
        with pytest.raises(UsageError, match="have no place"):
            _run(str(tagger), str(tmp_path / "in.txt"), flag)
    (tmp_path / "bad.conllu").write_text(f"{line}\n1\tcat\n")
    with pytest.raises(DataError, match="line is broken") as caught:
        _run(str(tagger), str(tmp_path / "bad.conllu"), "--label-column", "UPOS")
    assert "bad.conllu:2" in str(caught.value)
    (tmp_path / "lines.txt").write_text("a cat sat\na cat\n")
    with pytest.raises(DataError, match="line is broken") as caught:
        _run(str(tagger), str(tmp_path / "lines.txt"))
    assert "recurry predict MODEL < " in str(caught.value)


def test_sentences_a_line_are_labelled_as_they_come(tagger, tmp_path):
    assert _run(str(tagger), "--labels", text="a cat sat\n\ncat\n") == ["DET NOUN VERB", "", "NOUN"]
    (first, second) = map(json.loads, _run(str(tagger), text="a cat\n\n"))
    assert first == {"labels": ["DET", "NOUN"], "words": ["a", "cat"]}
    assert second["remarks"] == ["empty"]
    (tmp_path / "in.csv").write_text("text\na cat\n")
    assert _run(str(tagger), str(tmp_path / "in.csv"), "--labels") == ["DET NOUN"]


def test_line_ends_and_byte_order_marks_of_windows(run_folder, tagger, tmp_path):
    (tmp_path / "in.txt").write_bytes(b"\xef\xbb\xbfa\tx\r\ncat\tx\r\n\r\nsat\tx\r\n")
    result = _written(str(tagger), str(tmp_path / "in.txt"))
    assert result == b"a\tx\tDET\r\ncat\tx\tNOUN\r\n\r\nsat\tx\tVERB\r\n"
    line = "1\tcat\t_\t_\t_\t_\t_\t_\t_\tx"
    (tmp_path / "in.conllu").write_bytes(b"\xef\xbb\xbf" + f"# one\r\n{line}\r\n\r\n".encode())
    found = _written(str(tagger), str(tmp_path / "in.conllu"), "--label-column", "UPOS")
    assert (
        found == f"# one\r\n{line.replace('_', 'NOUN', 2).replace('NOUN', '_', 1)}\r\n\r\n".encode()
    )
    assert _run(str(tagger), "--labels", text="\ufeffa cat\r\ncat\r\n") == ["DET NOUN", "NOUN"]
    (tmp_path / "in.txt").write_bytes(b"\xef\xbb\xbfa good dog\r\na bad cat\r\n")
    shown = [json.loads(x) for x in _run(str(run_folder), str(tmp_path / "in.txt"), "--texts")]
    assert [answer["text"] for answer in shown] == ["a good dog", "a bad cat"]
    same = [json.loads(x) for x in _run(str(run_folder), "--texts", text="a good dog\na bad cat\n")]
    assert shown == same


def _written(*arguments: str) -> bytes:
    """What predict writes, to the byte."""
    result = CliRunner().invoke(recurry, ["predict", *arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout_bytes


def test_sentences_are_labelled_before_the_next_one_comes(tagger):
    """A tagger that stands in a pipe answers each line at once."""
    command = [sys.executable, "-c", "from recurry.cli.main import main; main()", "predict"]
    with subprocess.Popen(
        [*command, str(tagger), "--labels"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line, answer in (("a cat", "DET NOUN"), ("sat", "VERB"), ("", "")):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == answer + "\n"
        process.stdin.close()
        assert process.wait() == 0


def test_a_model_of_another_task(run_folder, tagger, tmp_path):
    (tmp_path / "in.conllu").write_text("1\tcat\t_\t_\t_\t_\t_\t_\t_\t_\n")
    with pytest.raises(UsageError, match="does not label the words") as caught:
        _run(str(run_folder), str(tmp_path / "in.conllu"))
    assert "the task tag" in str(caught.value)
    with pytest.raises(UsageError, match="no language model"):
        CliRunner().invoke(
            recurry, ["generate", str(tagger)], standalone_mode=False, catch_exceptions=False
        )


@pytest.fixture(scope="module")
def writer(tmp_path_factory) -> Path:
    """A model that writes a text for a text, hardly trained."""
    folder = tmp_path_factory.mktemp("writer")
    rows = [f"a {word}\tein {word}" for word in "bcdefghi"]
    (folder / "a.tsv").write_text("source\ttarget\n" + "\n".join(rows * 3) + "\n")
    small = ["--set", "text.tokens=words", "--hidden-size", "8", "--epochs", "1"]
    small += ["--set", "network.embedding_size=8", "--run", str(folder / "run")]
    command = ["train", "translate", str(folder / "a.tsv"), *small]
    result = CliRunner().invoke(recurry, command, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return folder / "run"


def test_texts_are_written_and_their_attention_drawn(writer, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"source": ["a b", "c"]}\n{"source": "d"}\n')
    picture = tmp_path / "a.svg"
    arguments = [str(writer), str(tmp_path / "in.jsonl"), "--attention", str(picture)]
    lines = _run(*arguments, "--beam", "2", "--texts")
    assert [json.loads(line)["text"] for line in lines] == ["a b\nc", "d"]
    assert picture.read_text().startswith("<svg")
    assert len(_run(str(writer), "--labels", text="a b\n\nc\n")) == 3
    with pytest.raises(RunError, match="cannot be written"):
        _run(*arguments[:3], str(tmp_path / "missing" / "a.svg"))
    with pytest.raises(UsageError, match="too many texts"):
        _run(str(writer), "--attention", str(picture), text="a\n" * 21)


def test_tables_of_texts_are_read_as_those_of_pairs(writer, tmp_path):
    (tmp_path / "a.tsv").write_text("a b\teins\na c\tzwei\n")
    (tmp_path / "b.csv").write_text("a,b\n")
    read = dict[str, list[str]]()
    for name, asked in (("a.tsv", ()), ("a.tsv", ("--text-column", "2")), ("b.csv", ())):
        lines = _run(str(writer), str(tmp_path / name), "--texts", *asked)
        read[" ".join([name, *asked])] = [json.loads(line)["text"] for line in lines]
    assert read == {
        "a.tsv": ["a b", "a c"],
        "a.tsv --text-column 2": ["eins", "zwei"],
        "b.csv": ["a"],
    }
    with pytest.raises(DataError, match="no column 'x'") as caught:
        _run(str(writer), str(tmp_path / "a.tsv"), "--text-column", "x")
    assert "--text-column NAME" in str(caught.value)


def test_an_answer_with_line_breaks_is_one_line(writer, monkeypatch):
    monkeypatch.setattr(
        "recurry.tasks.translate.Translate.predict",
        lambda self, model, texts: [{"translation": f"{text}\n\nmore"} for text in texts],
    )
    assert _run(str(writer), "--labels", text="a\nb\n") == ["a  more", "b  more"]


def test_a_text_that_is_none_is_counted_from_where_others_end(run_folder, tmp_path, monkeypatch):
    def predict(self, model, texts):
        if "bad" in texts:
            raise DataError("No.", where=f"text {texts.index('bad') + 1}")
        return [{"label": "good"} for _ in texts]

    monkeypatch.setattr(verb, "MOST_TOGETHER", 2)
    monkeypatch.setattr("recurry.tasks.classify.Classify.predict", predict)
    (tmp_path / "in.txt").write_text("a\nb\nbad\n")
    with pytest.raises(DataError, match=r"in\.txt, text 1, counted behind the first 2 texts"):
        _run(str(run_folder), str(tmp_path / "in.txt"))


def test_an_empty_file_has_no_texts_and_no_answers(run_folder, tagger, tmp_path):
    for model in (run_folder, tagger):
        for name in ("a.txt", "a.csv", "a.jsonl", "a.conllu"):
            (tmp_path / name).touch()
            assert _run(str(model), str(tmp_path / name)) == [], (model, name)
        assert _run(str(model), text="") == []


def test_options_of_writers_are_not_for_others(run_folder, tmp_path):
    with pytest.raises(UsageError, match="writes no labels into files"):
        _run(str(run_folder), "--label-column", "MISC", text="a\n")
    with pytest.raises(UsageError, match="writes no text that is searched"):
        _run(str(run_folder), "--beam", "2", text="a\n")
    with pytest.raises(UsageError, match="no attention to draw"):
        _run(str(run_folder), "--attention", str(tmp_path / "a.svg"), text="a\n")
