"""What does not fit into memory, as an error that says what to make smaller.

Comes in: what numpy and torch say when there is no more. Goes out: one of our errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from recurry.errors import TrainingError


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn what numpy and torch say when no memory is left into an error that names a way out.

    Raises:
        TrainingError: There was no more memory.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_of_memory(error):
            raise
        raise TrainingError(
            "There is not enough memory for this training.",
            got=str(error).strip().partition("\n")[0][:200] or "no more memory",
            hint="a smaller training.lanes, window.k1, batches.steps or network.hidden_size",
        ) from error


def _is_of_memory(error: Exception) -> bool:
    kinds = (MemoryError, torch.OutOfMemoryError)
    return isinstance(error, kinds) or "allocate memory" in str(error)
