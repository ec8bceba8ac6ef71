"""Whether numbers have changed: a digest of the contents of tensors, at the speed of reading them.

Comes in: tensors. Goes out: bytes that differ where a number does. Imports emitter, jit, machine,
threads.

Version counters and addresses do not tell: torch's fused optimisers count no version, and neither
does an edit through `parameter.data`.
"""

import ctypes
from array import array
from collections.abc import Sequence
from functools import lru_cache

from torch import Tensor

from recurry.backends.cpu.emitter import Emitter, Module, Value
from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.threads import run_worker
from recurry.backends.cpu.tiling import make_tiling

# Sums side by side, of so many words each.
_SUMS, _WORDS = 4, 8
_KIND = f"<{_WORDS} x i64>"
_PIECE_BYTES = _SUMS * _WORDS * 8
# 2**64 divided by the golden ratio: multiples of it are spread evenly.
_SPREAD = 0x9E3779B97F4A7C15
# What one thread leaves.
DIGEST_BYTES = _PIECE_BYTES + 8
# Bytes from which on a second thread is worth waking, as one core reads 10 of them a nanosecond.
_ENOUGH_TO_SHARE = 2 * 1024 * 1024


def digest(
    tensors: Sequence[Tensor], sizes: array | None = None, *, threads: int = 1
) -> bytes | None:
    """A digest of the numbers in some tensors, in this order; None where they lie in no stretch.

    Two changes that cancel are as likely as for any sum of 64 bits of well mixed products.

    Args:
        tensors: The numbers.
        sizes: Their sizes in bytes, where they are known.
        threads: How many threads may read; the digest depends on how many did.
    """
    if not is_dense(tensors):
        return None
    found = array("q", [t.nbytes for t in tensors]) if sizes is None else sizes
    places = array("q", [t.data_ptr() for t in tensors])
    if not is_shared(found, threads):
        threads = 1
    out = (ctypes.c_char * (threads * DIGEST_BYTES))()
    frame = array(
        "q",
        [
            *(0, threads, places.buffer_info()[0], found.buffer_info()[0]),
            *(len(tensors), ctypes.addressof(out)),
        ],
    )
    run_worker(digest_address(), frame.buffer_info()[0], threads)
    return out.raw


def is_dense(tensors: Sequence[Tensor]) -> bool:
    """Whether the numbers of each tensor lie in memory as they are, one after the other."""
    return False not in [t.is_contiguous() for t in tensors] and True not in [
        t.is_neg() for t in tensors
    ]


def is_shared(sizes: array, threads: int) -> bool:
    """Whether more than one of some threads reads tensors of these sizes in bytes."""
    return threads > 1 and sum(sizes) >= _ENOUGH_TO_SHARE


@lru_cache(maxsize=1)
def digest_address() -> int:
    """The worker that makes a digest; `write_digest` says what its frame is."""
    return compile_module(write_digest(host()), ("digest",)).addresses["digest"]


def write_digest(machine: Machine) -> str:
    """The text of a module with the worker `@digest`.

    Its frame has a counter of threads, their number, an address and a number of bytes for each
    tensor, and room for one digest a thread. Of every tensor each thread reads a share. Every word
    of 64 bits is added to one of the sums, and with it the product of its halves after a key of its
    place was added.
    """
    module = Module(machine, make_tiling(machine, 64).lanes)
    with module.function("digest", "ptr %frame", is_exported=True) as e:
        thread = e.take("atomicrmw add ptr %frame, i64 1 acq_rel")
        threads, count = e.field("%frame", 1), e.field("%frame", 4)
        places, sizes = e.field("%frame", 2, "ptr"), e.field("%frame", 3, "ptr")
        out = _byte(e, e.field("%frame", 5, "ptr"), e.multiply_int(thread, DIGEST_BYTES))
        sums = [e.variable(_KIND, "zeroinitializer", align=64) for _ in range(_SUMS)]
        key = e.variable(_KIND, _numbers(range(1, _WORDS + 1)), align=64)
        rest = e.variable("i64", "0")
        following = e.add_int(thread, 1)
        with e.loop("0", count) as number:
            start, size = e.field(places, number, "ptr"), e.field(sizes, number)
            pieces = e.divide_int(size, _PIECE_BYTES)
            first, last = (
                e.multiply_int(e.divide_int(e.multiply_int(pieces, n), threads), _PIECE_BYTES)
                for n in (thread, following)
            )
            with e.loop(first, last, _PIECE_BYTES) as place:
                _add_piece(e, sums, key, _byte(e, start, place))
            with e.when(e.compare("eq", following, threads)), e.loop(last, size, 4) as place:
                _add_rest(e, rest, _byte(e, start, place))
        for number, total in enumerate(sums):
            value = e.take(f"load {_KIND}, ptr {total}, align 64")
            place = _byte(e, out, number * _WORDS * 8)
            e.put(f"store {_KIND} {value}, ptr {place}, align 1")
        value = e.take(f"load i64, ptr {rest}, align 8")
        e.put(f"store i64 {value}, ptr {_byte(e, out, _PIECE_BYTES)}, align 1")
    return str(module)


def _byte(e: Emitter, start: Value, place: Value | int) -> Value:
    return e.take(f"getelementptr i8, ptr {start}, i64 {place}")


def _numbers(values: Sequence[int] | range) -> str:
    """A vector of multiples of a number whose multiples are spread evenly."""
    words = (value * _SPREAD % 2**64 for value in values)
    return "<" + ", ".join(f"i64 {word - 2**64 if word >= 2**63 else word}" for word in words) + ">"


def _add_piece(e: Emitter, sums: list[Value], key: Value, start: Value) -> None:
    """One vector for every sum."""
    now = e.take(f"load {_KIND}, ptr {key}, align 64")
    for number, total in enumerate(sums):
        place = _byte(e, start, number * _WORDS * 8)
        words = e.take(f"load {_KIND}, ptr {place}, align 4")
        offset = _numbers(range(100 * number, 100 * number + _WORDS))
        own = e.take(f"add {_KIND} {now}, {offset}")
        mixed = e.take(f"add {_KIND} {words}, {own}")
        low = e.take(f"and {_KIND} {mixed}, splat (i64 {2**32 - 1})")
        high = e.take(f"lshr {_KIND} {mixed}, splat (i64 32)")
        product = e.take(f"mul {_KIND} {low}, {high}")
        before = e.take(f"load {_KIND}, ptr {total}, align 64")
        after = e.take(f"add {_KIND} {e.take(f'add {_KIND} {before}, {product}')}, {words}")
        e.put(f"store {_KIND} {after}, ptr {total}, align 64")
    following = e.take(f"add {_KIND} {now}, {_numbers([_WORDS + 1] * _WORDS)}")
    e.put(f"store {_KIND} {following}, ptr {key}, align 64")


def _add_rest(e: Emitter, rest: Value, place: Value) -> None:
    """Words of 32 bits behind the last whole piece: every step can be undone, so none is lost."""
    word = e.take(f"zext i32 {e.take(f'load i32, ptr {place}, align 4')} to i64")
    before = e.take(f"load i64, ptr {rest}, align 8")
    mixed = e.take(f"mul i64 {e.take(f'xor i64 {before}, {word}')}, {_SPREAD - 2**64}")
    folded = e.take(f"lshr i64 {mixed}, 29")
    e.put(f"store i64 {e.take(f'xor i64 {mixed}, {folded}')}, ptr {rest}, align 8")
