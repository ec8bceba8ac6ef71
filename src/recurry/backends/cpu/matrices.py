"""Products of matrices with as many rows as a sequence has: by our own tiles where that pays.

Comes in: matrices that lie row by row. Goes out: their product, or sums of rows.
Imports torch, kernels, outer, picked, threads.
"""

import ctypes
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
from recurry.backends.cpu.scratch import find_matrix
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
    c = find_matrix((rows, padded), _sum_type(a))
    threads = threads_for(terms * rows * width, rows, available_threads())
    stretch = outer_scratch(bits, padded)
    scratch = a.new_empty(threads, stretch)
    _run(
        addresses(bits)["outer"],
        (find_products(bits).inside, scratch.data_ptr(), stretch),
        (a.data_ptr(), a.stride(0), b.data_ptr(), b.stride(0), terms),
        (c.data_ptr(), c.stride(0), rows, padded // tiling.units),
        threads=threads,
    )
    return c[:, :width]


def outer_scratch(bits: int, width: int) -> int:
    """Numbers that a thread of an outer product copies its right operand to, of so many columns."""
    return width * (DEPTH if find_products(bits).has_tiles else make_tiling(host(), bits).stretch)


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
    c = find_matrix((rows, count * units), _sum_type(a)) if into is None else into
    _run(
        addresses(operand_bits(a))["multiply"],
        (find_products(operand_bits(a)).inside, 0, 0),
        (a.data_ptr(), a.stride(0), panels.data_ptr(), panels.stride(0), terms),
        (c.data_ptr(), c.stride(0), rows, count),
        threads=threads_for(rows * terms * count * units, rows, available_threads()),
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
    threads = min(threads_for(terms * width, terms, available_threads()), panels)
    _run(
        addresses(operand_bits(a))["add_picked"],
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


def threads_for(products: int, rows: int, available: int) -> int:
    """How many of the available threads share so many multiply-adds over some rows."""
    return min(available, rows) if products >= _ENOUGH_TO_SHARE else 1


def _run(address: int, *parts: tuple[int, ...], threads: int) -> None:
    """Run a worker; a frame begins with a ticket counter and the number of threads."""
    ticket = ctypes.c_int64(0)
    entries = [ctypes.addressof(ticket), threads, *(entry for part in parts for entry in part)]
    frame = (ctypes.c_int64 * len(entries))(*entries)
    run_worker(address, ctypes.addressof(frame), threads)


@lru_cache
def addresses(bits: int) -> dict[str, int]:
    """Where the workers for products of numbers of so many bits begin; on tiles where they are
    used."""
    machine, tiling, has_tiles = host(), make_tiling(host(), bits), find_products(bits).has_tiles
    text = write_outer(machine, tiling, has_tiles=has_tiles)
    found = compile_module(text, ("outer", "multiply")).addresses
    found |= compile_module(write_picked(machine, tiling), ("add_picked",)).addresses
    if has_tiles:
        found |= compile_module(write_tile_outer(machine, tiling), ("outer",)).addresses
    return found
