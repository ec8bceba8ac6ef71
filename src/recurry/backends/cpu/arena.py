"""Where the memory of a pass lies: blocks of rows side by side in a few stretches of bytes.

Comes in: sizes. Goes out: blocks, each with its memory and its place in it. Imports torch,
commands, packing.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from recurry.backends.cpu.commands import Entry
from recurry.backends.cpu.packing import row_stride

_LINE_BYTES = 64
# Behind the last row: workers read whole blocks of units.
_SLACK_BYTES = 256


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of numbers.

    Args:
        memory: Number of the memory.
        offset: Bytes from its beginning.
        rows: Number of rows.
        width: Numbers in a row.
        stride: Numbers from one row to the next.
        dtype: Of a number.
    """

    memory: int
    offset: int
    rows: int
    width: int
    stride: int
    dtype: torch.dtype

    @property
    def address(self) -> Entry:
        """For a frame."""
        return (self.memory, self.offset)

    @property
    def row_bytes(self) -> int:
        """Bytes from one row to the next."""
        return self.stride * self.dtype.itemsize

    @property
    def is_dense(self) -> bool:
        """Whether rows follow one another without gaps."""
        return self.stride == self.width

    def part(self, rows: slice) -> "Block":
        """Some rows."""
        start, stop, _ = rows.indices(self.rows)
        offset = self.offset + start * self.row_bytes
        return Block(self.memory, offset, stop - start, self.width, self.stride, self.dtype)

    def columns(self, start: int, stop: int) -> "Block":
        """Some columns."""
        offset = self.offset + start * self.dtype.itemsize
        return Block(self.memory, offset, self.rows, stop - start, self.stride, self.dtype)

    def tensor(self, memory: Tensor) -> Tensor:
        """The rows as a tensor, in memory of bytes or of these numbers."""
        numbers = memory.view(-1).view(self.dtype)
        start = numbers.storage_offset() + self.offset // self.dtype.itemsize
        return numbers.as_strided((self.rows, self.width), (self.stride, 1), start)


class Arena:
    """Hands out blocks of one memory.

    Args:
        memory: Its number.
    """

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self._bytes: int = 0

    def block(self, rows: int, width: int, dtype: torch.dtype) -> Block:
        """Room for rows of numbers, which lie apart so that caches can hold them."""
        stride = row_stride(width, dtype.itemsize)
        offset = self.room(rows * stride * dtype.itemsize)
        return Block(self.memory, offset, rows, width, stride, dtype)

    def room(self, num_bytes: int) -> int:
        """Where so many bytes begin."""
        start = self._bytes
        self._bytes = start + (num_bytes + _LINE_BYTES - 1) // _LINE_BYTES * _LINE_BYTES
        return start

    @property
    def end(self) -> int:
        """Bytes up to the end of the last block, and some behind it."""
        return self._bytes + _SLACK_BYTES


def external(memory: int, rows: int, width: int, dtype: torch.dtype) -> Block:
    """The rows of a tensor without gaps that a call brings."""
    return Block(memory, 0, rows, width, width, dtype)
