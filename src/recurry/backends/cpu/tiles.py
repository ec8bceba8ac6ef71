"""Tiles of AMX: what they hold, their instructions, and whether this process may use them.

Comes in: an emitter. Goes out: instructions. Imports torch, emitter.

Two tiles of sums by two, two tiles of rows, two of weights: all eight, with fixed numbers.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from recurry.backends.cpu.emitter import Emitter, Value

# Rows of a tile; terms in a row of it, which are 64 bytes; bytes of a whole one.
ROWS, TERMS, BYTES = 16, 32, 1024
# Numbers of tiles: sums by row of tiles and column, rows of operands, columns of weights.
SUMS, OPERANDS, WEIGHTS = ((0, 1), (2, 3)), (4, 5), (6, 7)
# Of the system call: arch_prctl, "ask for a part of the state", the tiles' data.
_ARCH_PRCTL, _ASK, _TILE_DATA = 158, 0x1023, 18


@lru_cache(maxsize=1)
def ask_for_tiles() -> bool:
    """Whether this process may use tiles: Linux saves their state only for those that ask."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return ctypes.CDLL(None).syscall(_ARCH_PRCTL, _ASK, _TILE_DATA) == 0
    except (OSError, AttributeError):
        return False


@contextmanager
def ready_tiles(e: Emitter, *, are_used: bool = True) -> Iterator[None]:
    """Around a body: tiles of 16 rows inside, if any are used, and none behind it.

    To set them up takes as long as two thousand multiply-adds of 32 terms: a worker does it once.
    """
    if are_used:
        configure(e)
    yield
    if are_used:
        instruct(e, "tilerelease")


def configure(e: Emitter, rows: Value = str(ROWS)) -> None:
    """Sums and operands of so many rows, weights of 16; all rows are 64 bytes."""
    table = e.variable("[64 x i8]", align=64)
    e.put(f"store [64 x i8] zeroinitializer, ptr {table}, align 64")
    _put_byte(e, table, 0, "1")  # the only palette there is
    for tile in range(8):
        _put_byte(e, table, 16 + 2 * tile, "64")
        count = str(ROWS) if tile in WEIGHTS else e.take(f"trunc i64 {rows} to i8")
        _put_byte(e, table, 48 + tile, count)
    instruct(e, "ldtilecfg", f"ptr {table}")


def clear(e: Emitter, tile: int) -> None:
    """Zeros."""
    instruct(e, "tilezero", f"i8 {tile}")


def load(e: Emitter, tile: int, pointer: Value, apart: Value | int) -> None:
    """Rows that are so many bytes apart."""
    instruct(e, "tileloadd64", f"i8 {tile}", f"ptr {pointer}", f"i64 {apart}")


def store(e: Emitter, tile: int, pointer: Value, apart: Value | int) -> None:
    """Write rows that are so many bytes apart."""
    instruct(e, "tilestored64", f"i8 {tile}", f"ptr {pointer}", f"i64 {apart}")


def load_and_multiply(
    e: Emitter, rows: list[tuple[Value, Value | int]], weights: list[tuple[Value, Value | int]]
) -> None:
    """Add the products of one or two tiles of rows with two of weights to their sums.

    Tiles are where they begin and how many bytes their rows are apart. Each is loaded right before
    it is needed first, which is faster than all of them at once.
    """
    loaded: set[int] = set()
    for column, weight in enumerate(weights):
        load(e, WEIGHTS[column], *weight)
        for row, operand in enumerate(rows):
            if row not in loaded:
                load(e, OPERANDS[row], *operand)
                loaded.add(row)
            numbers = (SUMS[row][column], OPERANDS[row], WEIGHTS[column])
            instruct(e, "tdpbf16ps", *(f"i8 {number}" for number in numbers))


def instruct(e: Emitter, name: str, *arguments: str) -> None:
    """An instruction of AMX."""
    kinds = ", ".join(argument.split(" ")[0] for argument in arguments)
    e.module.declare(f"llvm.x86.{name}", "void", kinds)
    e.put(f"call void @llvm.x86.{name}({', '.join(arguments)})")


def _put_byte(e: Emitter, table: Value, place: int, value: Value) -> None:
    e.put(f"store i8 {value}, ptr {e.move(table, place, 'i8')}, align 1")
