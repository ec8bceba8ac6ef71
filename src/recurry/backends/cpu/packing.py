"""Weights as kernels read them: block by block of units, all terms of a block in one stretch.

Comes in: parameters and the groups of a schedule. Goes out: packed tensors, made anew only when a
parameter has changed. Imports torch and schedule.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from recurry.backends.cpu.schedule import Group

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
    group: Group, parameters: Mapping[str, Tensor], hidden_size: int, units: int
) -> Tensor:
    """The matrices of a group: (blocks, sums, terms, units)."""
    padded = padded_size(hidden_size, units)
    columns = []
    for matrices in group.matrices:
        parts = [
            parameters[name].detach() if is_transposed else parameters[name].detach().t()
            for name, is_transposed in matrices
        ]
        columns.append(torch.cat(parts) if len(parts) > 1 else parts[0])
    terms = columns[0].shape[0]
    packed = columns[0].new_empty(padded // units, len(columns), terms, units)
    for number, column in enumerate(columns):
        blocks = pad(column, (0, padded - hidden_size)).view(terms, -1, units)
        packed[:, number].copy_(blocks.transpose(0, 1))
    return packed


def pack_vectors(vectors: Sequence[Tensor], hidden_size: int, units: int) -> Tensor:
    """Vectors side by side, each padded with zeros to whole blocks."""
    padded = padded_size(hidden_size, units)
    packed = vectors[0].new_zeros(len(vectors), padded)
    for number, value in enumerate(vectors):
        packed[number, :hidden_size] = value.detach()
    return packed


def stack_rows(matrices: Sequence[Tensor], units: int) -> Tensor:
    """Matrices (H, K) on top of one another, each padded with zeros to whole blocks of rows."""
    rows = matrices[0].shape[0]
    padded = padded_size(rows, units)
    parts = [pad(m.detach(), (0, 0, 0, padded - rows)) if padded > rows else m for m in matrices]
    return torch.cat([part.detach() for part in parts]) if len(parts) > 1 else parts[0].detach()


def pack_panels(matrix: Tensor, units: int) -> Tensor:
    """The columns of a matrix (terms, K) in blocks: (panels, terms, units)."""
    terms, width = matrix.shape
    blocks = pad(matrix, (0, padded_size(width, units) - width)).view(terms, -1, units)
    return blocks.transpose(0, 1).contiguous()
