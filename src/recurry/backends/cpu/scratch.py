"""Memory that one pass leaves to the next one on the same thread.

Comes in: sizes. Goes out: memory that nobody else holds. Imports torch. Memory fresh from the
system is cleared page by page when it is first touched: up to 5 % of a backward pass, and a quarter
of a training step on tiles.

Scratch memory is borrowed and given back. What a pass leaves lives as long as a graph of torch, or
as a result does: it is used again once no tensor has it any more, and nobody a tensor's storage.
"""

import math
import sys
import threading
from collections.abc import Sequence

import torch
from torch import Tensor

# A thread keeps no more than this of borrowed memory, and of the other kind.
_MOST_BYTES, _MOST_PIECES, _MOST_SHARED_BYTES = 128 * 2**20, 8, 256 * 2**20
# Where the allocator of the system begins to give memory back as soon as it is free.
_LEAST_BYTES = 128 * 2**10
# Sizes from one power of two to the next: sequences of all lengths then share a few sizes.
_SIZES = 8


class _Kept(threading.local):
    """What a thread keeps."""

    def __init__(self) -> None:
        self.free: list[Tensor] = []
        self.shared: dict[int, list[torch.UntypedStorage]] = {}


_KEPT = _Kept()


def borrow(num_bytes: int) -> Tensor:
    """So many bytes or more, from what is kept where that is large enough."""
    free, best = _KEPT.free, -1
    for number, memory in enumerate(free):
        if memory.numel() >= num_bytes and (best < 0 or memory.numel() < free[best].numel()):
            best = number
    if best >= 0:
        return free.pop(best)
    return torch.empty(num_bytes, dtype=torch.uint8, device="cpu")


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
    """Room for numbers: memory that no tensor has any more, where some is of about that size."""
    num_bytes = math.prod(shape) * dtype.itemsize
    if num_bytes < _LEAST_BYTES or _count_users is None:
        return torch.empty(shape, dtype=dtype, device="cpu")
    num_bytes = _rounded(num_bytes)
    shared = _KEPT.shared.setdefault(num_bytes, [])
    place = next((at for at in range(len(shared)) if _fits(shared, at, num_bytes)), None)
    found = None if place is None else shared[place]
    if found is None:
        found = torch.UntypedStorage(num_bytes, device="cpu")
        if _make_way(num_bytes) + num_bytes <= _MOST_SHARED_BYTES:
            shared.append(found)
    return torch.empty(0, dtype=dtype, device="cpu").set_(found, 0, shape)  # type: ignore[call-overload]


def _rounded(num_bytes: int) -> int:
    """The next of the sizes in which memory is kept."""
    step = 1 << max(0, num_bytes.bit_length() - _SIZES.bit_length())
    return -(-num_bytes // step) * step


# How many tensors and other objects have a storage; nothing is used again where torch cannot tell.
_count_users = getattr(torch._C, "_storage_Use_Count", None)


def _holders(shared: list[torch.UntypedStorage], at: int) -> int:
    """How many in Python hold a storage: torch gives everybody who asks the same object."""
    return sys.getrefcount(shared[at])


_ALONE = _holders([torch.UntypedStorage(0, device="cpu")], 0)


def _is_free(shared: list[torch.UntypedStorage], at: int) -> bool:
    """Whether nobody else has it, in this process or, through shared memory, in another."""
    if _count_users is None or _count_users(shared[at]._cdata) != 1:
        return False
    return _holders(shared, at) == _ALONE and not shared[at].is_shared()


def _fits(shared: list[torch.UntypedStorage], at: int, num_bytes: int) -> bool:
    return len(shared[at]) == num_bytes and _is_free(shared, at)


def _make_way(num_bytes: int) -> int:
    """Let go of what is free as far as the limit demands; the bytes that are still kept."""
    total = sum([len(one) for shared in _KEPT.shared.values() for one in shared])
    if total + num_bytes <= _MOST_SHARED_BYTES:
        return total
    for shared in _KEPT.shared.values():
        kept = list[torch.UntypedStorage]()
        for at in range(len(shared)):
            if total + num_bytes > _MOST_SHARED_BYTES and _is_free(shared, at):
                total -= len(shared[at])
            else:
                kept.append(shared[at])
        shared[:] = kept
    return total
