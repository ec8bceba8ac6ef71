"""Memory that one backward pass leaves to the next one on the same thread.

Comes in: shapes. Goes out: memory that nobody else holds. Imports torch and packing. Memory fresh
from the system is cleared page by page when it is first touched: up to 5 % of a backward pass.
"""

import threading
from dataclasses import dataclass

import torch
from torch import Tensor

from recurry.backends.cpu.packing import row_stride

# A thread keeps no more than this.
_MOST_BYTES = 128 * 2**20


@dataclass(frozen=True, kw_only=True)
class Loan:
    """Borrowed memory.

    Args:
        rows: Room for rows of numbers, which lie apart so that caches can hold them.
        memory: All of it, in bytes.
    """

    rows: Tensor
    memory: Tensor


class _Kept(threading.local):
    """What a thread keeps."""

    def __init__(self) -> None:
        self.free: list[Tensor] = []


_KEPT = _Kept()


def borrow(rows: int, width: int, dtype: torch.dtype) -> Loan:
    """Room for some rows, from what is kept where that is large enough."""
    stride = row_stride(width, dtype.itemsize)
    num_bytes = rows * stride * dtype.itemsize
    fitting = [memory for memory in _KEPT.free if memory.numel() >= num_bytes]
    if fitting:
        memory = min(fitting, key=torch.Tensor.numel)
        _KEPT.free = [one for one in _KEPT.free if one is not memory]
    else:
        memory = torch.empty(num_bytes, dtype=torch.uint8)
    found = memory[:num_bytes].view(dtype).view(rows, stride)
    return Loan(rows=found[:, :width], memory=memory)


def give_back(loan: Loan) -> None:
    """Keep borrowed memory for the next one who asks, the largest pieces first."""
    pieces = sorted([*_KEPT.free, loan.memory], key=torch.Tensor.numel, reverse=True)
    total, kept = 0, list[Tensor]()
    for piece in pieces:
        total += piece.numel()
        if total <= _MOST_BYTES:
            kept.append(piece)
    _KEPT.free = kept
