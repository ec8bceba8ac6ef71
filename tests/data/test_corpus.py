"""Texts from files, folders and pipes; every error that a stranger can meet there."""

import hashlib
import io
import os
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data import corpus as corpus_module
from recurry.data.corpus import Corpus, shakespeare_path
from recurry.errors import DataError, UsageError


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of three bytes, so that characters and lines fall apart."""
    monkeypatch.setattr(corpus_module, "CHUNK_BYTES", 3)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_no_path_is_the_bundled_shakespeare():
    corpus = Corpus.open(())
    assert corpus.num_bytes == 1_115_394
    assert corpus.sha256 == "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
    assert "".join(corpus.texts()) == shakespeare_path().read_text()


def test_files_are_joined_with_a_newline_where_one_is_missing(tmp_path):
    first, second = write(tmp_path / "1", "one"), write(tmp_path / "2", "two\n")
    empty, last = write(tmp_path / "3", ""), write(tmp_path / "4", "end")
    corpus = Corpus.open([first, second, empty, last])
    whole = b"one\ntwo\nend"
    assert b"".join(corpus.chunks()) == whole
    assert corpus.num_bytes == len(whole)
    assert corpus.sha256 == hashlib.sha256(whole).hexdigest()


def test_a_folder_gives_its_text_files_sorted_and_says_what_it_left_out(tmp_path):
    write(tmp_path / "b" / "2.txt", "second\n")
    write(tmp_path / "a.txt", "first\n")
    write(tmp_path / "c.bin", b"\0\1")
    write(tmp_path / "d.txt", b"caf\xe9\n")
    write(tmp_path / ".hidden", "no")
    write(tmp_path / ".git" / "x", "no")
    write(tmp_path / "empty", b"")
    corpus = Corpus.open([tmp_path])
    assert "".join(corpus.texts()) == "first\nsecond\n"
    reasons = {os.path.basename(path): reason for path, reason in corpus.skipped}
    assert reasons == {
        "c.bin": "binary",
        "d.txt": "not UTF-8",
        ".hidden": "hidden",
        "empty": "empty",
    }
    assert b"caf\xe9" in b"".join(Corpus.open([tmp_path], is_utf8=False).chunks())


def test_a_run_in_a_folder_of_texts_is_no_text(tmp_path):
    write(tmp_path / "a.txt", "text\n")
    write(tmp_path / "runs" / "a-laptop" / "run.toml", "[data]\n")
    write(tmp_path / "runs" / "a-laptop" / ".lock", "")
    write(tmp_path / "runs" / "a-laptop" / "data" / "data.json", "{}\n")
    write(tmp_path / "runs" / "notes.txt", "more\n")
    corpus = Corpus.open([tmp_path])
    assert "".join(corpus.texts()) == "text\nmore\n"
    assert corpus.skipped == ((str(tmp_path / "runs" / "a-laptop"), "a run"),)


@given(content=st.text())
@pytest.mark.usefixtures("small_chunks")
def test_no_character_breaks_at_a_chunk_border(tmp_path_factory, content):
    path = write(tmp_path_factory.mktemp("text") / "a", "x" + content)
    assert "".join(Corpus.open([path]).texts()) == "x" + content


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 4, 1 << 20])
def test_a_byte_order_mark_at_the_start_of_a_file_is_no_text(tmp_path, monkeypatch, chunk_bytes):
    monkeypatch.setattr(corpus_module, "CHUNK_BYTES", chunk_bytes)
    mark = "\ufeff".encode()
    first, second = write(tmp_path / "1", mark + b"one"), write(tmp_path / "2", mark + b"\n\xef")
    third = write(tmp_path / "3", "a\ufeffb")
    assert "".join(Corpus.open([first, third]).texts()) == "one\na\ufeffb"
    assert b"".join(Corpus.open([first]).chunks()) == mark + b"one"
    with pytest.raises(DataError, match=r"2, byte 4 \(line 2\)"):
        list(Corpus.open([second]).texts())


def test_links_in_a_circle_end(tmp_path):
    write(tmp_path / "a.txt", "text")
    (tmp_path / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    corpus = Corpus.open([tmp_path])
    assert "".join(corpus.texts()) == "text"
    assert corpus.skipped == ((str(tmp_path / "self"), "no regular file"),)


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    write(tmp_path / "a.txt", "text")
    locked, scan = tmp_path / "locked", os.scandir
    locked.mkdir()

    def refuse(path):
        if path == str(locked):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert Corpus.open([tmp_path]).skipped == ((str(locked), "Permission denied"),)


def test_standard_input_is_read_once_and_can_be_read_again(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("grüß\n".encode())))
    corpus = Corpus.open(["-"])
    assert "".join(corpus.texts()) == "".join(corpus.texts()) == "grüß\n"
    assert corpus.sources[0].name == "standard input"


def test_a_named_pipe_is_kept_like_standard_input(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("through a pipe",))
    writer.start()
    corpus = Corpus.open([pipe])
    writer.join()
    assert "".join(corpus.texts()) == "".join(corpus.texts()) == "through a pipe"


def test_standard_input_twice_is_refused():
    with pytest.raises(UsageError, match="only once"):
        Corpus.open(["-", "-"])


def test_a_missing_file_says_where_it_looked(tmp_path):
    with pytest.raises(DataError, match=r"There is no such file or folder") as caught:
        Corpus.open([tmp_path / "nothing.txt"])
    assert "nothing.txt" in str(caught.value)
    assert os.getcwd() in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", ["no such file or folder", "a name without any character"]),
        ("x" * 300, ["cannot be read", "File name too long"]),
        ("a\0b", ["cannot be read", "null"]),
    ],
)
def test_a_name_that_no_file_can_have_is_an_error_of_ours(name, words):
    with pytest.raises(DataError) as caught:
        Corpus.open([name])
    assert all(word in str(caught.value) for word in words)


def test_utf16_is_known_by_its_mark(tmp_path):
    with pytest.raises(DataError, match="iconv -f utf-16 -t utf-8"):
        list(Corpus.open([write(tmp_path / "a", "hi".encode("utf-16"))]).texts())


def test_an_unreadable_file_gives_the_systems_reason(tmp_path, monkeypatch):
    path = write(tmp_path / "a", "text")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(DataError, match=r"cannot be read.\n.*where: .*a\n  got: Permission denied"):
        Corpus.open([path])


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="the input is empty"):
        Corpus.open([write(tmp_path / "a", "")])


def test_a_folder_without_text_says_what_it_found(tmp_path):
    with pytest.raises(DataError, match="got: no file"):
        Corpus.open([tmp_path])
    for name in "abcd":
        write(tmp_path / name, b"\0")
    with pytest.raises(DataError, match=r"a: binary; b: binary; c: binary; and 1 more") as caught:
        Corpus.open([tmp_path])
    assert "--tokens bytes" in str(caught.value)


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 4, 1 << 20])
@pytest.mark.parametrize(
    ("content", "place", "got"),
    [
        (b"ab\ncaf\xe9 au", "byte 6 \\(line 2\\)", "0xE9 0x20 0x61 0x75"),
        ("é\n".encode() + b"\xe2\x82", "byte 3 \\(line 2\\)", "0xE2 0x82"),
        (b"\xff\xfe", "byte 0 \\(line 1\\)", "0xFF 0xFE"),
        (b"ok\xed\xa0\x80", "byte 2 \\(line 1\\)", "0xED 0xA0 0x80"),
    ],
)
def test_invalid_utf8_is_placed_exactly(tmp_path, monkeypatch, chunk_bytes, content, place, got):
    monkeypatch.setattr(corpus_module, "CHUNK_BYTES", chunk_bytes)
    path = write(tmp_path / "a.txt", content)
    with pytest.raises(DataError, match=rf"a.txt, {place}") as caught:
        list(Corpus.open([path]).texts())
    assert "not valid UTF-8" in str(caught.value)
    assert "--tokens bytes" in str(caught.value)
    if chunk_bytes > 4:
        assert got in str(caught.value)


def test_the_file_with_the_broken_end_is_named(tmp_path):
    first = write(tmp_path / "first", b"\xe2\x82")
    second = write(tmp_path / "second", b"fine")
    with pytest.raises(DataError, match="first, byte 0"):
        list(Corpus.open([first, second]).texts())


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path):
    path = write(tmp_path / "log", "one\n")
    corpus = Corpus.open([path])
    with open(path, "a") as file:
        file.write("two\n")
    with pytest.raises(DataError, match="changed while it was being read"):
        list(corpus.chunks())
