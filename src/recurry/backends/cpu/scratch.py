"""Memory that one pass leaves to the next one on the same thread.

Comes in: shapes. Goes out: memory that nobody else holds. Imports torch and packing. Memory fresh
from the system is cleared page by page when it is first touched: up to 5 % of a backward pass, and
a quarter of a training step on tiles.

Memory of the backward pass is borrowed and given back. What a forward pass keeps lives as long as a
graph of torch, or as an output does: it is used again once no tensor has it any more.
"""

import threading
from dataclasses import dataclass

import torch
from torch import Tensor

from recurry.backends.cpu.packing import row_stride

# A thread keeps no more than this of borrowed memory, and of the other kind.
_MOST_BYTES, _MOST_SHARED_BYTES = 128 * 2**20, 256 * 2**20
# Where the allocator of the system begins to give memory back as soon as it is free.
_LEAST_BYTES = 128 * 2**10


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
        self.shared: list[torch.UntypedStorage] = []


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


def find_room(rows: int, width: int, dtype: torch.dtype) -> Tensor:
    """Room for rows of numbers, which lie apart so that caches can hold them."""
    return find_matrix(rows, row_stride(width, dtype.itemsize), dtype)[:, :width]


def find_matrix(rows: int, width: int, dtype: torch.dtype) -> Tensor:
    """Room for a matrix, from memory that no tensor has any more where some is of that size."""
    num_bytes = rows * width * dtype.itemsize
    if num_bytes < _LEAST_BYTES or _count_users is None:
        return torch.empty(rows, width, dtype=dtype)
    found = next((one for one in _KEPT.shared if _fits(one, num_bytes)), None)
    if found is None:
        found = torch.UntypedStorage(num_bytes)
        _make_way(num_bytes)
        if sum(map(len, _KEPT.shared)) + num_bytes <= _MOST_SHARED_BYTES:
            _KEPT.shared.append(found)
    return torch.empty(0, dtype=dtype).set_(found, 0, (rows, width), (width, 1))


# How many tensors and other objects have a storage; nothing is used again where torch cannot tell.
_count_users = getattr(torch._C, "_storage_Use_Count", None)


def _is_free(storage: torch.UntypedStorage) -> bool:
    return _count_users is not None and _count_users(storage._cdata) == 1


def _fits(storage: torch.UntypedStorage, num_bytes: int) -> bool:
    return len(storage) == num_bytes and _is_free(storage)


def _make_way(num_bytes: int) -> None:
    """Let go of what is free, the oldest first, as far as the limit demands."""
    total = sum(map(len, _KEPT.shared)) + num_bytes
    kept: list[torch.UntypedStorage] = []
    for storage in _KEPT.shared:
        if total > _MOST_SHARED_BYTES and _is_free(storage):
            total -= len(storage)
        else:
            kept.append(storage)
    _KEPT.shared = kept
