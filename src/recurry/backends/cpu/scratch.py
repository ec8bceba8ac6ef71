"""Memory that one pass leaves to the next one on the same thread.

Comes in: sizes. Goes out: memory that nobody else holds. Imports torch. Memory fresh from the
system is cleared page by page when it is first touched: up to 5 % of a backward pass, and a quarter
of a training step on tiles.

Scratch memory is borrowed and given back. What a pass leaves lives as long as a graph of torch, or
as a result does: it is used again once no tensor has it any more.
"""

import math
import threading
from collections.abc import Sequence

import torch
from torch import Tensor

# A thread keeps no more than this of borrowed memory, and of the other kind.
_MOST_BYTES, _MOST_PIECES, _MOST_SHARED_BYTES = 128 * 2**20, 8, 256 * 2**20
# Where the allocator of the system begins to give memory back as soon as it is free.
_LEAST_BYTES = 128 * 2**10


class _Kept(threading.local):
    """What a thread keeps."""

    def __init__(self) -> None:
        self.free: list[Tensor] = []
        self.shared: list[torch.UntypedStorage] = []


_KEPT = _Kept()


def borrow(num_bytes: int) -> Tensor:
    """So many bytes or more, from what is kept where that is large enough."""
    free, best = _KEPT.free, -1
    for number, memory in enumerate(free):
        if memory.numel() >= num_bytes and (best < 0 or memory.numel() < free[best].numel()):
            best = number
    return torch.empty(num_bytes, dtype=torch.uint8) if best < 0 else free.pop(best)


def give_back(memory: Tensor) -> None:
    """Keep borrowed memory for the next one who asks, the largest pieces first."""
    free = _KEPT.free
    free.append(memory)
    if len(free) > 1:
        free.sort(key=torch.Tensor.numel, reverse=True)
    total = 0
    for number, piece in enumerate(free):
        total += piece.numel()
        if total > _MOST_BYTES or number >= _MOST_PIECES:
            del free[number:]
            break


def find_matrix(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """Room for numbers, from memory that no tensor has any more where some is of that size."""
    num_bytes = math.prod(shape) * dtype.itemsize
    if num_bytes < _LEAST_BYTES or _count_users is None:
        return torch.empty(shape, dtype=dtype)
    found = next((one for one in _KEPT.shared if _fits(one, num_bytes)), None)
    if found is None:
        found = torch.UntypedStorage(num_bytes)
        _make_way(num_bytes)
        if sum(map(len, _KEPT.shared)) + num_bytes <= _MOST_SHARED_BYTES:
            _KEPT.shared.append(found)
    return torch.empty(0, dtype=dtype).set_(found).view(shape)


# How many tensors and other objects have a storage; nothing is used again where torch cannot tell.
_count_users = getattr(torch._C, "_storage_Use_Count", None)


def _is_free(storage: torch.UntypedStorage) -> bool:
    """Whether nobody else has it, in this process or, through shared memory, in another."""
    is_alone = _count_users is not None and _count_users(storage._cdata) == 1
    return is_alone and not storage.is_shared()


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
