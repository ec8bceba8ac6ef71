"""One sequence through one cell: everything that its forward and its backward pass share.

Comes in: kernels, parameters, rows of input. Goes out: sizes, packed weights, memory.
Imports torch, evaluate, frame, kernels, packing, rows, scratch.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor

from recurry.backends.autocast import without_autocast
from recurry.backends.cpu.evaluate import Evaluator
from recurry.backends.cpu.frame import Sizes, Split
from recurry.backends.cpu.inputs import InputRows
from recurry.backends.cpu.kernels import Kernel, Kernels
from recurry.backends.cpu.packing import (
    pack_columns,
    pack_group,
    pack_rows,
    pack_vectors,
    padded_size,
)
from recurry.backends.cpu.rows import RowTables
from recurry.backends.cpu.scratch import find_matrix
from recurry.backends.cpu.tiling import Tiling
from recurry.backends.weights import round_to_bfloat16
from recurry.compiler.nodes import Input, Node


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Packs:
    """What was made of parameters for one pass.

    Args:
        tensors: The numbers.
        addresses: Where they lie.
    """

    tensors: list[Tensor]
    addresses: list[int]


class Named(Mapping[str, Tensor]):
    """Tensors by name, which few calls look at: packed weights are kept by what reads them."""

    def __init__(self, names: Sequence[str], tensors: Sequence[Tensor]) -> None:
        self._names, self._tensors = names, tensors

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._names:
            raise KeyError(name)
        return self._tensors[self._names.index(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(kw_only=True, eq=False)
class Call:
    """One sequence through one cell.

    Args:
        kernels: The kernels of the cell.
        parameters: Parameters by name.
        input: What each row reads.
        rows: Which rows belong to which step.
        split: How threads share the work.
        hidden_size: H.
        threads: How many threads there are for what is not a kernel.
        packs: What was made of the very numbers in the parameters, where that outlives the call.
        passes: The passes of calls with these kernels, rows and threads.
    """

    kernels: Kernels
    parameters: Mapping[str, Tensor]
    input: InputRows
    rows: RowTables
    hidden_size: int
    split: Split
    threads: int = 1
    packs: dict[Hashable, Any] | None = None
    passes: dict[Hashable, Any] = field(default_factory=dict)

    def without_tensors(self) -> Callable[..., "Call"]:
        """Makes the same call again, of parameters and an input: these are kept elsewhere."""
        return partial(
            Call,
            kernels=self.kernels,
            rows=self.rows,
            hidden_size=self.hidden_size,
            split=self.split,
            threads=self.threads,
            packs=self.packs,
            passes=self.passes,
        )

    @property
    def x(self) -> Tensor:
        """The rows of the input: one for each row of the call, or those that it picks from."""
        return self.input.values

    @property
    def tiling(self) -> Tiling:
        """How its kernels are cut."""
        return self.kernels.tiling

    @cached_property
    def units(self) -> int:
        """Units in a block."""
        return self.tiling.units

    @cached_property
    def rounded_x(self) -> Tensor:
        """The input as products read it."""
        return self.rounded(self.x)

    def rounded(self, rows: Tensor) -> Tensor:
        """What products read of rows of values."""
        if not self.kernels.is_rounded or rows.dtype == torch.bfloat16:
            return rows
        if rows.dim() != 2:
            return rows.bfloat16()
        return find_matrix(rows.shape, torch.bfloat16).copy_(rows)

    def as_read(self, value: Tensor) -> Tensor:
        """The same in the type of everything else."""
        return round_to_bfloat16(value) if self.kernels.is_rounded else value

    @cached_property
    def padded(self) -> int:
        """H as it lies in memory."""
        return padded_size(self.hidden_size, self.units)

    @cached_property
    def sizes(self) -> Sizes:
        """Sizes for a frame."""
        return Sizes(
            input_size=self.x.shape[1],
            hidden_size=self.hidden_size,
            padded_size=self.padded,
            units=self.units,
        )

    def packed(
        self, key: Hashable, names: Sequence[str], make: Callable[[list[Tensor]], Tensor]
    ) -> Tensor:
        """What `make` gives for some parameters, kept where there is a cache."""
        return self.kept(key, lambda: make([self.parameters[name] for name in names]))

    def kept(self, key: Hashable, make: Callable[[], Tensor]) -> Tensor:
        """What `make` gives, kept where that outlives the call."""
        if self.packs is None:
            return make()
        key = (key, self.units, self.kernels.bits)
        if key not in self.packs:
            with torch.inference_mode(False), torch.no_grad():  # a later call may need gradients
                self.packs[key] = make()
        return self.packs[key]

    def packed_for(self, reader: Hashable, make: Callable[[], list[Tensor]]) -> Packs:
        """What `make` gives for a pass, found again by the pass where there is a cache."""
        found = None if self.packs is None else self.packs.get(reader)
        if found is None:
            with torch.no_grad():
                tensors = without_autocast(make)()
            found = Packs(tensors, [tensor.data_ptr() for tensor in tensors])
            if self.packs is not None:
                self.packs[reader] = found
        return found

    def row_panels(self, names: tuple[str, ...]) -> Tensor:
        """Matrices on top of one another as panels of rows: their products go from I to H."""
        return self.packed(("rows", names), names, lambda parts: pack_rows(parts, self.tiling))

    def column_panels(self, names: tuple[str, ...]) -> Tensor:
        """Matrices on top of one another as panels of columns: their products go from H to I."""
        return self.packed(("columns", names), names, lambda p: pack_columns(p, self.tiling))

    def evaluator(self, known: Mapping[Node, Tensor]) -> Evaluator:
        """What works out values outside the loop, for every row of the call."""
        return self._evaluator(known, self.input.by_row)

    def input_evaluator(self) -> Evaluator:
        """What works out values that depend on the input alone, for every row of the input."""
        return self._evaluator({Input(): self.x}, None)

    def _evaluator(
        self, known: Mapping[Node, Tensor], read_input: Callable[[], Tensor] | None
    ) -> Evaluator:
        is_rounded = self.kernels.is_rounded
        return Evaluator(self.parameters, known, self.x, read_input, is_rounded=is_rounded)

    def weights(self, kernel: Kernel, vectors: Sequence[Node]) -> dict[str, Tensor]:
        """Packed matrices and vectors of a kernel."""
        found: dict[str, Tensor] = {}
        for group in kernel.schedule.groups:
            names = [name for matrices in group.matrices for name, _ in matrices]
            found[group.name] = self.packed(
                ("group", group.matrices),
                names,
                lambda _, g=group: pack_group(g, self.parameters, self.hidden_size, self.tiling),
            )
        if vectors:
            key = ("vectors", tuple(vectors))
            found["vectors"] = self.kept(key, lambda: self._pack_vectors(vectors))
        return found

    def _pack_vectors(self, vectors: Sequence[Node]) -> Tensor:
        evaluator = self.evaluator({})
        values = [evaluator.value(node).to(self.x.dtype) for node in vectors]
        return pack_vectors(values, self.hidden_size, self.units)
