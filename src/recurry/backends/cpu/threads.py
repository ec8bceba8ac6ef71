"""Threads for kernels: those of torch's own OpenMP pool, so that no core is asked for twice.

Comes in: the address of a worker and its frame. Goes out: the finished work. Imports torch.
"""

import ctypes
import glob
import os
import threading
from functools import lru_cache
from pathlib import Path

import torch

_STATE = {"is_forked": False}


def _note_fork() -> None:
    """The pool's threads do not live in a forked child, and OpenMP would wait for them forever."""
    _STATE["is_forked"] = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


@lru_cache(maxsize=1)
def _openmp() -> ctypes.CDLL | None:
    """The OpenMP library that torch has loaded, where it is GNU's."""
    beside = Path(torch.__file__).parent / "lib"
    for path in sorted(glob.glob(str(beside / "libgomp*.so*"))):
        try:
            library = ctypes.CDLL(path)
            library.GOMP_parallel.argtypes = [ctypes.c_void_p] * 2 + [ctypes.c_uint] * 2
            library.GOMP_parallel.restype = None
        except (OSError, AttributeError):
            continue
        return library
    return None


@lru_cache(maxsize=1)
def give_way_address() -> int:
    """A function without arguments that offers the core to other threads."""
    try:
        return ctypes.cast(ctypes.CDLL(None).sched_yield, ctypes.c_void_p).value or 0
    except (OSError, AttributeError, TypeError):
        return 0


def available_threads() -> int:
    """How many threads a kernel may use now: what torch may use, and 1 where there is no pool."""
    if _STATE["is_forked"] or not give_way_address():
        return 1
    count = torch.get_num_threads()
    if count == 1:
        return 1
    pool = _openmp()
    if pool is None or pool.omp_in_parallel() or pool.omp_get_dynamic():
        return 1
    return min(count, pool.omp_get_thread_limit() & 0x7FFFFFFF)


_CALL = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def run_worker(address: int, frame: int, num_threads: int) -> None:
    """Run a worker once on each of some threads; the interpreter is free meanwhile."""
    pool = _openmp() if num_threads > 1 else None
    if pool is not None:
        pool.GOMP_parallel(address, frame, num_threads, 0)
        return
    work = _callable(address)
    others = [threading.Thread(target=work, args=(frame,)) for _ in range(num_threads - 1)]
    for other in others:
        other.start()
    work(frame)
    for other in others:
        other.join()


@lru_cache(maxsize=4096)
def _callable(address: int):
    return _CALL(address)
