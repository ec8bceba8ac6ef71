"""Commands over blocks: copies, products, sums and kernels, each with its share of the threads.

Comes in: blocks. Goes out: commands. Imports torch, arena, blocks, commands, matrices, rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import Tensor

from recurry.backends.cpu.arena import Arena, Block
from recurry.backends.cpu.blocks import write_blocks
from recurry.backends.cpu.commands import SCRATCH, CommandList, Commands, Entry
from recurry.backends.cpu.frame import Sizes, Split, kernel_frame
from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.kernels import Kernel, find_products
from recurry.backends.cpu.machine import host
from recurry.backends.cpu.matrices import addresses, outer_scratch, threads_for
from recurry.backends.cpu.packing import padded_size
from recurry.backends.cpu.rows import RowTables
from recurry.backends.cpu.tiling import make_tiling

# Bytes from which on a second thread helps to copy.
_ENOUGH_TO_COPY = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Panels:
    """Weights in panels of one block of units.

    Args:
        memory: Number of the memory.
        count: Panels.
        stride: Numbers from one panel to the next.
    """

    memory: int
    count: int
    stride: int


@dataclass(eq=False)
class Writer:
    """Writes the commands of a pass.

    Args:
        bits: Of the numbers that products read.
        threads: How many threads there are.
        commands: What has been written.
        scratch: Memory that lasts as long as the call.
        tables: Tables that commands read, to be kept alive.
    """

    bits: int
    threads: int
    commands: Commands = field(default_factory=Commands)
    scratch: Arena = field(default_factory=lambda: Arena(SCRATCH))
    tables: list[Tensor] = field(default_factory=list)

    @property
    def units(self) -> int:
        """Units in a panel."""
        return make_tiling(host(), self.bits).units

    def finish(self) -> CommandList:
        """The list; its words lie behind the rest of the scratch memory."""
        return self.commands.finish(self.scratch.room(0))

    def copy(
        self, source: Block, target: Block, come: Tensor | None = None, go: Tensor | None = None
    ) -> None:
        """Rows of the target become those of the source, and zeros where these are shorter.

        Args:
            source: What is copied; its numbers are of the same type.
            target: Where to.
            come: For each row the row of the source; its own where not given.
            go: For each row the row of the target; its own where not given.
        """
        rows = min(target.rows if go is None else len(go), source.rows if come is None else 1 << 62)
        size = target.dtype.itemsize
        used = min(source.width, target.width) * size
        self._copy(source, target, (self._table(come, rows), self._table(go, rows)), rows, used)

    def clear(self, target: Block) -> None:
        """Rows of zeros."""
        each = self._table(None, target.rows)
        self._copy(target, target, (each, each), target.rows, 0)

    def _copy(
        self, source: Block, target: Block, tables: tuple[int, int], rows: int, used: int
    ) -> None:
        whole = target.width * target.dtype.itemsize
        threads = min(self.threads, rows) if rows * whole >= _ENOUGH_TO_COPY else 1
        self._add(
            _block_addresses(64)["copy"],
            threads,
            *(source.address, source.row_bytes, tables[0]),
            *(target.address, target.row_bytes, tables[1]),
            *(rows, used, whole),
        )

    def _table(self, table: Tensor | None, rows: int) -> int:
        found = _counted(max(1024, 1 << (rows - 1).bit_length())) if table is None else table
        self.tables.append(found)
        return found.data_ptr()

    def add(
        self, source: Block, target: Block, *, count: int = 1, apart: int = 0, is_added: bool
    ) -> None:
        """Rows of the target become, or grow by, the sum of some rows of the source each.

        Args:
            source: The first row of each sum.
            target: Where the sums go.
            count: Rows in a sum.
            apart: Numbers from one row of a sum to the next.
            is_added: Whether the target keeps what it has.
        """
        rows, width = target.rows, target.width
        is_large = rows * width * count * target.dtype.itemsize >= _ENOUGH_TO_COPY
        self._add(
            _block_addresses(8 * target.dtype.itemsize)["add"],
            min(self.threads, rows) if is_large else 1,
            *(source.address, source.stride, apart, count),
            *(target.address, target.stride, rows, width, int(is_added)),
        )

    def outer(self, a: Block, b: Block, c: Block) -> None:
        """`c` becomes the sum over rows of outer products; whole panels of `b` and `c` exist."""
        panels = padded_size(b.width, self.units) // self.units
        threads = threads_for(a.rows * a.width * b.width, a.width, self.threads)
        stretch = outer_scratch(self.bits, panels * self.units)
        scratch = self.scratch.room(threads * stretch * a.dtype.itemsize)
        self._add(
            addresses(self.bits)["outer"],
            threads,
            *(find_products(self.bits).inside, (SCRATCH, scratch), stretch),
            *(a.address, a.stride, b.address, b.stride, a.rows),
            *(c.address, c.stride, a.width, panels),
        )

    def multiply(self, a: Block, panels: Panels, c: Block) -> None:
        """`c` becomes `a` times the matrix in the panels."""
        products = a.rows * a.width * panels.count * self.units
        self._add(
            addresses(self.bits)["multiply"],
            threads_for(products, a.rows, self.threads),
            *(find_products(self.bits).inside, 0, 0),
            *(a.address, a.stride, (panels.memory, 0), panels.stride, a.width),
            *(c.address, c.stride, a.rows, panels.count),
        )

    def kernel(
        self,
        kernel: Kernel,
        blocks: Mapping[str, Block],
        *,
        sizes: Sizes,
        rows: RowTables,
        split: Split,
        is_backward: bool = False,
    ) -> None:
        """A kernel over all steps.

        Args:
            kernel: What to run.
            blocks: Memory by name. `picks`, where it is given, says which row of the input each
                row reads.
            sizes: Sizes of the call.
            rows: Which rows belong to which step.
            split: How threads share the work.
            is_backward: Whether steps run from the last one of `rows` to the first.
        """
        counters = (self.commands.counter(), self.commands.counter())
        frame, tables = kernel_frame(
            kernel,
            blocks,
            counters,
            sizes=sizes,
            rows=rows,
            split=split,
            is_backward=is_backward,
        )
        self.tables += tables
        self.commands.add(kernel.address, frame, split.num_threads)

    def _add(self, address: int, threads: int, *entries: Entry) -> None:
        frame = (self.commands.counter(), threads, *entries)
        self.commands.add(address, frame, threads)


@lru_cache
def _block_addresses(bits: int) -> dict[str, int]:
    code = compile_module(write_blocks(host(), make_tiling(host(), bits)), ("copy", "add"))
    return code.addresses


@lru_cache
def _counted(count: int) -> Tensor:
    """Each row's own number."""
    return torch.arange(count, dtype=torch.int64, device="cpu")
