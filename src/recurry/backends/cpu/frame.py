"""The frame of a kernel call: sizes, tables and memory as the 64-bit entries that a worker reads.

Comes in: tensors by the name of their buffer. Goes out: finished calls, one or several at
once. Imports torch, jit, kernels, rows, team, threads.
"""

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import torch
from torch import Tensor

from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.kernels import Kernel
from recurry.backends.cpu.machine import host
from recurry.backends.cpu.rows import RowTables
from recurry.backends.cpu.team import write_team
from recurry.backends.cpu.threads import available_threads, give_way_address, run_worker

# Counters that several threads write lie this far apart, one cache line and its neighbour.
_APART = 16


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


@dataclass(frozen=True, kw_only=True)
class Launch:
    """A kernel call that is ready to run.

    Args:
        address: The worker.
        frame: What it reads.
        num_threads: How many threads run it.
        counters: Counts threads and meetings; zeros when the kernel starts.
        memory: What the frame points to, kept alive.
    """

    address: int
    frame: ctypes.Array
    num_threads: int
    counters: Tensor
    memory: tuple[Tensor, ...]


def make_launch(
    kernel: Kernel,
    buffers: Mapping[str, Tensor],
    *,
    sizes: Sizes,
    rows: RowTables,
    split: Split,
    is_backward: bool = False,
) -> Launch:
    """A kernel over all steps.

    Args:
        kernel: What to run.
        buffers: Memory by name; rows are the dimension before the last. `picks`, where it is
            given, says which row of the input each row reads.
        sizes: Sizes of the call.
        rows: Which rows belong to which step.
        split: How threads share the work.
        is_backward: Whether steps run from the last one of `rows` to the first.
    """
    tables = _tables(rows, is_backward)
    counters = torch.zeros(2 * _APART, dtype=torch.int64)
    shares = torch.tensor(split.shares(rows.num_streams, sizes.blocks), dtype=torch.int64)
    meeting = 1 if split.by_rows else split.num_threads
    entries = [
        *(0, rows.num_steps, meeting, shares.data_ptr()),
        *(counters.data_ptr(), counters.data_ptr() + 8 * _APART, give_way_address()),
        kernel.products,
        tables[0].data_ptr(),
        *(sizes.input_size, sizes.hidden_size, sizes.padded_size),
        *(table.data_ptr() for table in tables[1:]),
        buffers.get("picks", rows.each).data_ptr(),
    ]
    for name in kernel.schedule.buffers:
        memory = buffers[name]
        entries += [memory.data_ptr(), memory.stride(-2) if memory.dim() > 1 else 0]
    return Launch(
        address=kernel.address,
        frame=(ctypes.c_int64 * len(entries))(*entries),
        num_threads=split.num_threads,
        counters=counters,
        memory=(shares, *tables, *buffers.values()),
    )


def run_launches(launches: Sequence[Launch]) -> None:
    """Run kernel calls that do not wait for one another: at once where there are enough threads."""
    count = sum(launch.num_threads for launch in launches)
    if len(launches) > 1 and count <= available_threads():
        entries = [0]
        for launch in launches:
            entries += [launch.address, ctypes.addressof(launch.frame)] * launch.num_threads
        table = (ctypes.c_int64 * len(entries))(*entries)
        run_worker(_team_address(), ctypes.addressof(table), count)
        return
    for launch in launches:
        run_worker(launch.address, ctypes.addressof(launch.frame), launch.num_threads)


@lru_cache(maxsize=1)
def _team_address() -> int:
    return compile_module(write_team(host()), ("team",)).addresses["team"]


def _tables(rows: RowTables, is_backward: bool) -> tuple[Tensor, ...]:
    """Sizes and row tables in the order in which steps run."""
    key = "_backward" if is_backward else "_forward"
    found = rows.__dict__.get(key)
    if found is None:
        even = (torch.arange(rows.num_steps, dtype=torch.int64) % 2) * rows.num_streams
        odd = rows.num_streams - even
        tables = (rows.sizes, rows.rows, rows.before, rows.after)
        turned = tuple(t.flip(0).contiguous() if is_backward else t for t in tables)
        found = (*turned, even, odd)
        object.__setattr__(rows, key, found)
    return found
