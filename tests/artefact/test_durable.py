"""Files written at once, swept folders, and what a refusing disk sounds like."""

import os
import resource
import signal

import pytest

from recurry.artefact.durable import (
    REMOVING,
    WRITING,
    disk_errors,
    remove_folder,
    sweep,
    write_file,
)
from recurry.errors import RunError


def test_a_file_gets_its_content_and_ordinary_rights(tmp_path):
    path = tmp_path / "a.txt"
    write_file(path, b"first")
    write_file(path, b"second")
    assert path.read_bytes() == b"second"
    plain = tmp_path / "plain"
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "plain"]


@pytest.fixture
def small_files():
    """No file of this process may grow past 4 kB, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_refused_write_leaves_the_old_file_and_nothing_else(tmp_path, small_files):
    path = tmp_path / "a.txt"
    write_file(path, b"old")
    with pytest.raises(RunError, match="larger than allowed") as caught:
        write_file(path, bytes(10_000))
    assert str(path) in str(caught.value)
    assert "MB free" in str(caught.value)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(RunError, match="no-such"):
        write_file(tmp_path / "no-such" / "a.txt", b"")


@pytest.mark.parametrize(
    ("number", "words"), [(28, "disk is full"), (30, "read-only"), (13, "permission denied")]
)
def test_each_reason_has_its_words(tmp_path, number, words):
    with pytest.raises(RunError, match=words), disk_errors(tmp_path / "x"):
        raise OSError(number, os.strerror(number))


def test_an_unusual_reason_keeps_the_system_s_words(tmp_path):
    with pytest.raises(RunError, match="Bad file descriptor") as caught, disk_errors(tmp_path):
        raise OSError(9, os.strerror(9))
    assert "MB free" not in str(caught.value)  # which is only of use where space is the matter


def test_sweep_removes_only_what_was_being_written_or_removed(tmp_path):
    (tmp_path / f"{WRITING}a").mkdir()
    (tmp_path / f"{WRITING}a" / "inside").touch()
    (tmp_path / f"{REMOVING}b").touch()
    (tmp_path / "keep").touch()
    assert sweep(tmp_path) == (f"{REMOVING}b", f"{WRITING}a")
    assert [p.name for p in tmp_path.iterdir()] == ["keep"]
    assert sweep(tmp_path / "no-such") == ()


def test_sweep_follows_no_link(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / f"{WRITING}link").symlink_to(outside)
    sweep(inside)
    assert (outside / "precious").exists()


def test_a_removed_folder_is_gone(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").touch()
    remove_folder(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_python_ignores_the_signal_that_comes_with_a_file_too_large():
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN


@pytest.mark.parametrize(
    ("name", "words"), [("a" * 300, "name is too long"), ("file/b", "a part of the path is a file")]
)
def test_a_path_that_cannot_be_is_named(tmp_path, name, words):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=words), disk_errors(tmp_path / name):
        (tmp_path / name).mkdir()


def test_a_file_in_the_place_of_a_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="a file of that name"), disk_errors(tmp_path / "file"):
        (tmp_path / "file").mkdir(exist_ok=True)
