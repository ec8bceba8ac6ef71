"""Weights as kernels read them: block by block of units, all terms of a block in one stretch.

Comes in: parameters and the groups of a schedule. Goes out: packed tensors, made anew only when a
parameter has changed. Imports torch, jit, panels, schedule, tiling.
"""

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import torch
from torch import SymInt, Tensor
from torch.nn.functional import pad

from recurry.backends.cpu import panels as panel_code
from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.machine import host
from recurry.backends.cpu.schedule import Group
from recurry.backends.cpu.tiling import Tiling, make_tiling

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


def make_room(like: Tensor, rows: int | SymInt, width: int, dtype: torch.dtype) -> Tensor:
    """Room for rows of numbers, which lie apart so that caches can hold them."""
    return like.new_empty(rows, row_stride(width, dtype.itemsize), dtype=dtype)[:, :width]


def pack_group(
    group: Group, parameters: Mapping[str, Tensor], hidden_size: int, tiling: Tiling
) -> Tensor:
    """The matrices of a group: (blocks, sums, terms, units), or (blocks, sums, pairs, 2 units)."""
    blocks = padded_size(hidden_size, tiling.units) // tiling.units
    columns = [
        [
            parameters[name].detach() if is_transposed else parameters[name].detach().t()
            for name, is_transposed in matrices
        ]
        for matrices in group.matrices
    ]
    sizes = [steps_of(part.shape[0], tiling) for part in columns[0]]
    packed = columns[0][0].new_empty(blocks, len(columns), sum(sizes), tiling.units)
    for number, parts in enumerate(columns):
        start = 0
        for part, size in zip(parts, sizes, strict=True):
            write_panels(as_read(part, tiling), packed[:, number, start : start + size])
            start += size
    return as_packed(packed, tiling)


def steps_of(terms: int, tiling: Tiling) -> int:
    """Steps of a product of so many terms: each reads a term, or a pair of bfloat16 terms."""
    return -(-terms // tiling.terms)


def as_read(matrix: Tensor, tiling: Tiling) -> Tensor:
    """A matrix (terms, K) as (steps, K): as it is, or with two bfloat16 numbers in each entry.

    The earlier term is in the low half; an odd last one has zeros in the high half.
    """
    if not tiling.is_rounded:
        return matrix
    terms, width = matrix.shape
    if matrix.stride(0) == 1:  # both numbers of a pair lie side by side
        turned = pad(matrix.t().bfloat16(), (0, terms % 2)).reshape(-1)
        return turned.view(torch.float32).view(width, -1).t()
    even = pad(matrix.bfloat16(), (0, 0, 0, terms % 2))
    return (
        torch.stack([even[0::2], even[1::2]], dim=-1).view(-1).view(torch.float32).view(-1, width)
    )


def as_packed(panels: Tensor, tiling: Tiling) -> Tensor:
    """Panels with the type of what they hold."""
    return panels.view(torch.bfloat16) if tiling.is_rounded else panels


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


def pack_rows(matrices: Sequence[Tensor], tiling: Tiling) -> Tensor:
    """Matrices (H, I) for products from I to H: (panels, I, units), one matrix after another; of
    bfloat16 (panels, pairs, 2 units)."""
    size, terms = matrices[0].shape
    blocks = padded_size(size, tiling.units) // tiling.units
    count, steps = len(matrices), steps_of(terms, tiling)
    packed = matrices[0].new_empty(count * blocks, steps, tiling.units)
    for number, matrix in enumerate(matrices):
        read = as_read(matrix.detach().t(), tiling)
        write_panels(read, packed[number * blocks : (number + 1) * blocks])
    return as_packed(packed, tiling)


def pack_columns(matrices: Sequence[Tensor], tiling: Tiling) -> Tensor:
    """Matrices (H, I) for products from H to I: (panels, terms, units), or of bfloat16
    (panels, pairs, 2 units).

    The terms of one matrix follow those of another, each with zeros up to whole blocks.
    """
    size, width = matrices[0].shape
    units, steps = tiling.units, steps_of(size, tiling)
    padded = padded_size(size, units)
    room = steps_of(padded, tiling)
    make = matrices[0].new_empty if size == padded else matrices[0].new_zeros
    packed = make(padded_size(width, units) // units, len(matrices) * room, units)
    for number, matrix in enumerate(matrices):
        read = as_read(matrix.detach(), tiling)
        write_panels(read, packed[:, number * room : number * room + steps])
    return as_packed(packed, tiling)
