"""Freed memory goes back to the system."""

import ctypes
import resource

import pytest

from recurry.training import memory as module
from recurry.training.memory import give_back


def resident_bytes() -> int:
    """What this process has in memory now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(module._find_trim() is None, reason="the allocator is not that of glibc")
def test_pieces_between_what_is_in_use_are_given_back():
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    size = 100_000  # below the size from which each piece is a mapping of its own
    pieces = [libc.malloc(size) for _ in range(1000)]
    for piece in pieces:
        ctypes.memset(piece, 1, size)
    for piece in pieces[::2]:
        libc.free(piece)
    before = resident_bytes()
    assert give_back()
    assert before - resident_bytes() > 30_000_000
    for piece in pieces[1::2]:
        libc.free(piece)


def test_another_allocator_is_left_alone(monkeypatch):
    monkeypatch.setattr(module, "_find_trim", lambda: None)
    assert not give_back()
