"""Kernels on disk: intact or not there; a folder that cannot be used costs nothing but time."""

import os
import stat

import pytest

from recurry.backends.cpu import disk


def test_what_is_written_is_read(kernel_folder):
    assert disk.read("key") is None
    assert disk.write("key", b"code")
    assert disk.read("key") == b"code"
    assert [entry.name for entry in kernel_folder.iterdir()] == ["key.o"]


@pytest.mark.parametrize("change", ["cut", "flip", "empty"])
def test_a_damaged_entry_is_removed(kernel_folder, change):
    disk.write("key", b"code" * 10)
    entry = kernel_folder / "key.o"
    content = bytearray(entry.read_bytes())
    if change == "flip":
        content[-1] ^= 1
    entry.write_bytes({"cut": content[:40], "empty": b""}.get(change, bytes(content)))
    assert disk.read("key") is None
    assert not entry.exists()


def test_an_entry_under_another_name_is_not_taken(kernel_folder):
    disk.write("one", b"code")
    os.rename(kernel_folder / "one.o", kernel_folder / "two.o")
    assert disk.read("two") is None


def test_it_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("RECURRY_KERNEL_CACHE", "off")
    assert disk.folder() is None
    assert not disk.write("key", b"code")
    assert disk.read("key") is None
    disk.remove("key")


def test_a_folder_that_cannot_be_made_is_no_folder(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RECURRY_KERNEL_CACHE", str(tmp_path / "file" / "kernels"))
    assert not disk.write("key", b"code")
    assert disk.read("key") is None


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_may_not_be_written_is_no_folder(kernel_folder):
    kernel_folder.mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    assert not disk.write("key", b"code")


def test_the_platform_has_its_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("RECURRY_KERNEL_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert disk.folder().parts[-2:] == ("recurry", "kernels")


def test_old_entries_make_room(kernel_folder, monkeypatch):
    monkeypatch.setattr(disk, "_MOST_ENTRIES", 10)
    for number in range(12):
        disk.write(f"key{number}", b"code")
    assert len(list(kernel_folder.glob("*.o"))) <= 11
    assert disk.read("key11") == b"code"
