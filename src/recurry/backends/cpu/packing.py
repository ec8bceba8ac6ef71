"""Weights as kernels read them: block by block of units, all terms of a block in one stretch.

Comes in: parameters and the groups of a schedule. Goes out: packed tensors, made anew only when a
parameter has changed. Imports torch, jit, panels, schedule, tiling.
"""

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from torch import SymInt, Tensor

from recurry.backends.cpu import panels as panel_code
from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.machine import host
from recurry.backends.cpu.schedule import Group
from recurry.backends.cpu.tiling import make_tiling

# Rows this far apart leave so few sets to a tile of twelve rows that lines push one another out.
_CROWDED_BYTES = 2048
_LINE_BYTES = 64


def padded_size(size: int, units: int) -> int:
    """The size of a vector in memory: a whole number of blocks."""
    return -(-size // units) * units


def row_stride(width: int, number_bytes: int) -> int:
    """Numbers from one row to the next: a cache line more where rows would share cache sets.

    A first cache holds as many lines of one set as it has ways, 8 to 12, and lines a multiple of
    4096 bytes apart share a set. A product reads the rows of a tile side by side.
    """
    is_crowded = width * number_bytes % _CROWDED_BYTES == 0
    return width + _LINE_BYTES // number_bytes if is_crowded else width


def make_room(like: Tensor, rows: int | SymInt, width: int) -> Tensor:
    """Room for rows of numbers, which lie apart so that caches can hold them."""
    return like.new_empty(rows, row_stride(width, like.element_size()))[:, :width]


def pack_group(
    group: Group, parameters: Mapping[str, Tensor], hidden_size: int, units: int
) -> Tensor:
    """The matrices of a group: (blocks, sums, terms, units)."""
    padded = padded_size(hidden_size, units)
    columns = [
        [
            parameters[name].detach() if is_transposed else parameters[name].detach().t()
            for name, is_transposed in matrices
        ]
        for matrices in group.matrices
    ]
    terms = sum(part.shape[0] for part in columns[0])
    packed = columns[0][0].new_empty(padded // units, len(columns), terms, units)
    for number, parts in enumerate(columns):
        start = 0
        for part in parts:
            write_panels(part, packed[:, number, start : start + part.shape[0]])
            start += part.shape[0]
    return packed


def write_panels(matrix: Tensor, panels: Tensor) -> None:
    """Write the columns of a matrix (terms, K) in blocks: (panels, terms, units)."""
    terms, width = matrix.shape
    if matrix.stride(0) != 1 and matrix.stride(1) != 1:
        matrix = matrix.contiguous()
    is_turned = matrix.stride(1) != 1 and width > 1
    write = _functions(8 * matrix.element_size())["turn" if is_turned else "copy"]
    apart = matrix.stride(1 if is_turned else 0)
    write(matrix.data_ptr(), apart, terms, width, panels.data_ptr(), panels.stride(0))


@lru_cache
def _functions(bits: int) -> dict[str, Callable[..., None]]:
    """The copying functions for numbers of so many bits."""
    code = compile_module(
        panel_code.write_panels(host(), make_tiling(host(), bits)), ("copy", "turn")
    )
    kinds = [ctypes.c_void_p, *[ctypes.c_int64] * 3, ctypes.c_void_p, ctypes.c_int64]
    kind = ctypes.CFUNCTYPE(None, *kinds)
    return {name: kind(address) for name, address in code.addresses.items()}


def pack_vectors(vectors: Sequence[Tensor], hidden_size: int, units: int) -> Tensor:
    """Vectors side by side, each padded with zeros to whole blocks."""
    padded = padded_size(hidden_size, units)
    packed = vectors[0].new_zeros(len(vectors), padded)
    for number, value in enumerate(vectors):
        packed[number, :hidden_size] = value.detach()
    return packed


def pack_rows(matrices: Sequence[Tensor], units: int) -> Tensor:
    """Matrices (H, I) for products from I to H: (panels, I, units), one matrix after another."""
    size, terms = matrices[0].shape
    blocks = padded_size(size, units) // units
    packed = matrices[0].new_empty(len(matrices) * blocks, terms, units)
    for number, matrix in enumerate(matrices):
        write_panels(matrix.detach().t(), packed[number * blocks : (number + 1) * blocks])
    return packed


def pack_columns(matrices: Sequence[Tensor], units: int) -> Tensor:
    """Matrices (H, I) for products from H to I: (panels, terms, units).

    The terms of one matrix follow those of another, each with zeros up to whole blocks.
    """
    size, width = matrices[0].shape
    padded = padded_size(size, units)
    make = matrices[0].new_empty if size == padded else matrices[0].new_zeros
    packed = make(padded_size(width, units) // units, len(matrices) * padded, units)
    for number, matrix in enumerate(matrices):
        write_panels(matrix.detach(), packed[:, number * padded : number * padded + size])
    return packed
