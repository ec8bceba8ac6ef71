"""The frame of a kernel call: sizes, tables and memory as the 64-bit entries that a worker reads.

Comes in: blocks by the name of their buffer. Goes out: entries. Imports torch, arena, commands,
kernels, rows, threads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from recurry.backends.cpu.arena import Block
from recurry.backends.cpu.commands import Entry
from recurry.backends.cpu.kernels import Kernel
from recurry.backends.cpu.rows import RowTables
from recurry.backends.cpu.threads import give_way_address


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Sizes of one call.

    Args:
        input_size: I.
        hidden_size: H.
        padded_size: H as it lies in memory.
        units: Units in a block.
    """

    input_size: int
    hidden_size: int
    padded_size: int
    units: int

    @property
    def blocks(self) -> int:
        """Blocks of units."""
        return self.padded_size // self.units


@dataclass(frozen=True, kw_only=True)
class Split:
    """How a call is divided among threads.

    Args:
        num_threads: Threads.
        by_rows: Whether each has streams of its own (and never waits) or units of its own.
        bounds: Where threads that share streams begin and end, first stream to last; streams are
            dealt out by number where none are given.
    """

    num_threads: int = 1
    by_rows: bool = False
    bounds: tuple[int, ...] = ()

    def shares(self, streams: int, blocks: int) -> list[int]:
        """First and last row, first and last block, thread after thread."""
        count = self.num_threads
        rows, units = [0, streams], [0, blocks]
        found: list[int] = []
        whole = streams if self.by_rows else blocks
        bounds = self.bounds or tuple(thread * whole // count for thread in range(count + 1))
        for part in pairwise(bounds):
            found += [*part, *units] if self.by_rows else [*rows, *part]
        return found


def kernel_frame(
    kernel: Kernel,
    blocks: Mapping[str, Block],
    counters: tuple[Entry, Entry],
    *,
    sizes: Sizes,
    rows: RowTables,
    split: Split,
    is_backward: bool = False,
) -> tuple[list[Entry], tuple[Tensor, ...]]:
    """What a kernel over all steps reads, and the tables to be kept alive with it.

    Args:
        kernel: What is to run.
        blocks: Memory by name. `picks`, where it is given, says which row of the input each row
            reads.
        counters: Of threads and of meetings; zeros when the kernel starts.
        sizes: Sizes of the call.
        rows: Which rows belong to which step.
        split: How threads share the work.
        is_backward: Whether steps run from the last one of `rows` to the first.
    """
    tables = _tables(rows, is_backward)
    shares = torch.tensor(
        split.shares(rows.num_streams, sizes.blocks), dtype=torch.int64, device="cpu"
    )
    meeting = 1 if split.by_rows else split.num_threads
    picks = blocks.get("picks")
    entries: list[Entry] = [
        *(0, rows.num_steps, meeting, shares.data_ptr(), *counters, give_way_address()),
        kernel.products,
        tables[0].data_ptr(),
        *(sizes.input_size, sizes.hidden_size, sizes.padded_size),
        *(table.data_ptr() for table in tables[1:]),
        rows.each.data_ptr() if picks is None else picks.address,
    ]
    for name in kernel.schedule.buffers:
        entries += [blocks[name].address, blocks[name].stride]
    return entries, (shares, rows.each, *tables)


def _tables(rows: RowTables, is_backward: bool) -> tuple[Tensor, ...]:
    """Sizes and row tables in the order in which steps run."""
    key = "_backward" if is_backward else "_forward"
    found = rows.__dict__.get(key)
    if found is None:
        even = (
            torch.arange(rows.num_steps, dtype=torch.int64, device="cpu") % 2
        ) * rows.num_streams
        odd = rows.num_streams - even
        tables = (rows.sizes, rows.rows, rows.before, rows.after)
        turned = tuple(t.flip(0).contiguous() if is_backward else t for t in tables)
        found = (*turned, even, odd)
        object.__setattr__(rows, key, found)
    return found
