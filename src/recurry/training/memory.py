"""Memory that training has freed, given back to the system.

Comes in: nothing. Goes out: nothing. Batches are of ever new sizes, so that what is freed lies in
pieces between numbers that are in use. The allocator of glibc keeps these pieces, and over
thousands of updates a process grows to several times of what it needs.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any


def give_back() -> bool:
    """Let the allocator give back what is free; whether there is one that does so when asked."""
    trim = _find_trim()
    if trim is None:
        return False
    trim(0)
    return True


@cache
def _find_trim() -> Callable[[int], Any] | None:
    """The function of glibc; None where another library allocates."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, TypeError, AttributeError):
        return None
