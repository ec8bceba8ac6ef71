"""Products of matrices with as many rows as a sequence has: by our own tiles where that pays.

Comes in: matrices that lie row by row. Goes out: their product, or sums of rows.
Imports torch, kernels, outer, picked, threads.
"""

import ctypes
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from recurry.backends.cpu.amx_outer import DEPTH, write_tile_outer
from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.kernels import bits_of, find_products
from recurry.backends.cpu.machine import host
from recurry.backends.cpu.outer import write_outer
from recurry.backends.cpu.packing import padded_size
from recurry.backends.cpu.picked import write_picked
from recurry.backends.cpu.scratch import borrow, find_matrix, give_back
from recurry.backends.cpu.threads import available_threads, run_worker
from recurry.backends.cpu.tiling import make_tiling

# Multiply-adds from which on a second thread is worth waking: about 20 microseconds of one core.
_ENOUGH_TO_SHARE = 1_000_000


def outer_product(a: Tensor, b: Tensor) -> Tensor:
    """The sum over rows n of the outer products of a[n] and b[n].

    Args:
        a: (N, M), rows in one stretch each.
        b: (N, K), the same; both may be bfloat16.

    Returns:
        (M, K), float32 or float64; its rows may lie further apart than K.
    """
    bits = operand_bits(a)
    tiling = make_tiling(host(), bits)
    terms, rows = a.shape
    width = b.shape[1]
    padded = padded_size(width, tiling.units)
    if b.stride(0) < padded or not _fits(b, padded):
        b = torch.nn.functional.pad(b, (0, padded - width))
    c = find_matrix(rows, padded, _sum_type(a))
    threads = _threads(terms * rows * width, rows)
    outer = _outer(bits)
    stretch = padded * outer.depth
    scratch = borrow(threads, stretch, a.dtype)
    _run(
        outer.address,
        (0, scratch.rows.data_ptr(), scratch.rows.stride(0)),
        (a.data_ptr(), a.stride(0), b.data_ptr(), b.stride(0), terms),
        (c.data_ptr(), c.stride(0), rows, padded // tiling.units),
        threads=threads,
    )
    give_back(scratch)
    return c[:, :width]


def panel_product(a: Tensor, panels: Tensor, into: Tensor | None = None) -> Tensor:
    """`a` times a matrix that lies in panels of one block of units.

    Args:
        a: (N, terms), rows in one stretch each; may be bfloat16.
        panels: (panels, terms, units), or of bfloat16 (panels, pairs, 2 units).
        into: (N, panels * units), rows in one stretch each, where the product goes; a new one
            when not given.

    Returns:
        (N, panels * units).
    """
    rows, terms = a.shape
    count, units = panels.shape[0], make_tiling(host(), operand_bits(a)).units
    c = find_matrix(rows, count * units, _sum_type(a)) if into is None else into
    _run(
        _addresses(operand_bits(a))["multiply"],
        (find_products(operand_bits(a)).inside, 0, 0),
        (a.data_ptr(), a.stride(0), panels.data_ptr(), panels.stride(0), terms),
        (c.data_ptr(), c.stride(0), rows, count),
        threads=_threads(rows * terms * count * units, rows),
    )
    return c


def add_picked(a: Tensor, picks: Tensor, count: int) -> Tensor:
    """The rows of a matrix added up by what they have picked.

    Args:
        a: (N, M), rows in one stretch each; may be bfloat16.
        picks: (N,) int64, from 0 to `count` - 1.
        count: Rows to pick from.

    Returns:
        (count, M), float32 or float64; its rows may lie further apart than M.
    """
    tiling = make_tiling(host(), operand_bits(a))
    terms, width = a.shape
    padded = padded_size(width, tiling.units)
    if a.stride(0) < padded or not _fits(a, padded):
        a = torch.nn.functional.pad(a, (0, padded - width))
    c = a.new_zeros(count, padded, dtype=_sum_type(a))
    panels = padded // tiling.units
    threads = min(_threads(terms * width, terms), panels)
    _run(
        _addresses(operand_bits(a))["add_picked"],
        (a.data_ptr(), a.stride(0), picks.data_ptr(), terms),
        (c.data_ptr(), c.stride(0), panels),
        threads=threads,
    )
    return c[:, :width]


def operand_bits(a: Tensor) -> int:
    """Bits of the numbers that a product reads: 16 for bfloat16."""
    return 16 if a.dtype == torch.bfloat16 else bits_of(a.dtype)


def _sum_type(a: Tensor) -> torch.dtype:
    return torch.float32 if a.dtype == torch.bfloat16 else a.dtype


def _fits(b: Tensor, padded: int) -> bool:
    """Whether whole blocks of units of the last row are in memory."""
    last = b.storage_offset() + (b.shape[0] - 1) * b.stride(0) + padded
    return last * b.element_size() <= b.untyped_storage().nbytes()


def _threads(products: int, rows: int) -> int:
    return min(available_threads(), rows) if products >= _ENOUGH_TO_SHARE else 1


def _run(address: int, *parts: tuple[int, ...], threads: int) -> None:
    """Run a worker; a frame begins with a ticket counter and the number of threads."""
    ticket = ctypes.c_int64(0)
    entries = [ctypes.addressof(ticket), threads, *(entry for part in parts for entry in part)]
    frame = (ctypes.c_int64 * len(entries))(*entries)
    run_worker(address, ctypes.addressof(frame), threads)


@lru_cache
def _addresses(bits: int) -> dict[str, int]:
    tiling, has_tiles = make_tiling(host(), bits), find_products(bits).has_tiles
    products = compile_module(
        write_outer(host(), tiling, has_tiles=has_tiles), ("outer", "multiply")
    )
    sums = compile_module(write_picked(host(), tiling), ("add_picked",))
    return {**products.addresses, **sums.addresses}


@dataclass(frozen=True, kw_only=True)
class _Outer:
    """A worker for outer products.

    Args:
        address: Where it starts.
        depth: Terms for which its scratch memory has room.
    """

    address: int
    depth: int


@lru_cache
def _outer(bits: int) -> _Outer:
    tiling = make_tiling(host(), bits)
    if find_products(bits).has_tiles:
        code = compile_module(write_tile_outer(host(), tiling), ("outer",))
        return _Outer(address=code.addresses["outer"], depth=DEPTH)
    return _Outer(address=_addresses(bits)["outer"], depth=tiling.stretch)
