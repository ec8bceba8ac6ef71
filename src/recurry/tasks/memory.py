"""Whether the weights of a network fit into this machine, asked before they are made.

Comes in: shapes. Goes out: an error, or nothing.
"""

import math
import os
from collections.abc import Iterable

from recurry.errors import ShapeError


def check_memory(shapes: Iterable[tuple[int, ...]], *, precision: str) -> None:
    """Better an error at once than a machine that swaps, or a process that is killed.

    Raises:
        ShapeError: The weights alone are larger than the memory.
    """
    num_weights = sum(math.prod(shape) for shape in shapes)
    needed = num_weights * (8 if precision == "float64" else 4)
    present = _memory_bytes()
    if needed > present:
        raise ShapeError(
            "The network is larger than the memory of this machine.",
            got=f"{num_weights:,} weights, {needed / 2**30:,.0f} GiB",
            accepted=f"at most {present / 2**30:,.0f} GiB",
            hint="a smaller network.hidden_size or network.embedding_size, or fewer symbols",
        )


def _memory_bytes() -> float:
    """The physical memory; infinite where the system does not tell."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return math.inf
