"""Weights as kernels read them: block by block of units, all terms of a block in one stretch.

Comes in: parameters and the groups of a schedule. Goes out: packed tensors, made anew only when a
parameter has changed. Imports torch, jit, pairs, panels, schedule, tiling.
"""

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import torch
from torch import Tensor

from recurry.backends.cpu import panels as panel_code
from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.machine import host
from recurry.backends.cpu.pairs import write_pairs
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
    packed = make_panels(columns[0][0], (blocks, len(columns)), sum(sizes), tiling)
    for number, parts in enumerate(columns):
        start = 0
        for part, size in zip(parts, sizes, strict=True):
            write_panels(part, packed[:, number, start : start + size])
            start += size
    return packed


def steps_of(terms: int, tiling: Tiling) -> int:
    """Steps of a product of so many terms: each reads a term, or a pair of bfloat16 terms."""
    return -(-terms // tiling.terms)


def make_panels(like: Tensor, outer: tuple[int, ...], steps: int, tiling: Tiling) -> Tensor:
    """Room for panels: (*outer, steps, units), or of bfloat16 (*outer, steps, 2 units)."""
    dtype = torch.bfloat16 if tiling.is_rounded else like.dtype
    return like.new_empty(*outer, steps, tiling.terms * tiling.units, dtype=dtype)


def write_panels(matrix: Tensor, panels: Tensor) -> None:
    """Write the columns of a matrix (terms, K) in blocks: (panels, terms, units), or in pairs of
    bfloat16 (panels, pairs, 2 units)."""
    terms, width = matrix.shape
    if matrix.stride(0) != 1 and matrix.stride(1) != 1:
        matrix = matrix.contiguous()
    is_turned = matrix.stride(1) != 1 and width > 1
    write = _functions(8 * panels.element_size())["turn" if is_turned else "copy"]
    apart = matrix.stride(1 if is_turned else 0)
    write(matrix.data_ptr(), apart, terms, width, panels.data_ptr(), panels.stride(0))


@lru_cache
def _functions(bits: int) -> dict[str, Callable[..., None]]:
    """The copying functions for numbers of so many bits."""
    write = write_pairs if bits == 16 else panel_code.write_panels
    code = compile_module(write(host(), make_tiling(host(), bits)), ("copy", "turn"))
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
    packed = make_panels(matrices[0], (count * blocks,), steps, tiling)
    for number, matrix in enumerate(matrices):
        write_panels(matrix.detach().t(), packed[number * blocks : (number + 1) * blocks])
    return packed


def pack_columns(matrices: Sequence[Tensor], tiling: Tiling) -> Tensor:
    """Matrices (H, I) for products from H to I: (panels, terms, units), or of bfloat16
    (panels, pairs, 2 units).

    The terms of one matrix follow those of another, each with zeros up to whole blocks.
    """
    size, width = matrices[0].shape
    units, steps = tiling.units, steps_of(size, tiling)
    padded = padded_size(size, units)
    room = steps_of(padded, tiling)
    blocks = padded_size(width, units) // units
    packed = make_panels(matrices[0], (blocks,), len(matrices) * room, tiling)
    if size < padded:
        packed.zero_()
    for number, matrix in enumerate(matrices):
        write_panels(matrix.detach(), packed[:, number * room : number * room + steps])
    return packed
