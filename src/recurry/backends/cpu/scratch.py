"""Memory that one pass leaves to the next one on the same thread.

Comes in: sizes. Goes out: memory that nobody else holds. Imports torch. Memory fresh from the
system is cleared page by page when it is first touched: up to 5 % of a backward pass.
"""

import threading

import torch
from torch import Tensor

# A thread keeps no more than this.
_MOST_BYTES, _MOST_PIECES = 128 * 2**20, 8


class _Kept(threading.local):
    """What a thread keeps."""

    def __init__(self) -> None:
        self.free: list[Tensor] = []


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
