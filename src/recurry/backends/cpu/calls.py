"""The decisions of one call: which kernels, how many threads, what is packed.

Comes in: a plan and the sizes of a request. Goes out: a call that `passes` runs. Imports torch and
the rest of the folder.
"""

from array import array
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import torch
from torch import Tensor

from recurry.backends.cpu.call import Call
from recurry.backends.cpu.cost import choose_split, estimate_work, should_fuse
from recurry.backends.cpu.digest import digest
from recurry.backends.cpu.frame import Split
from recurry.backends.cpu.inputs import InputRows
from recurry.backends.cpu.kernels import Kernels, bits_of, dtype_of, kernels
from recurry.backends.cpu.packing import padded_size
from recurry.backends.cpu.rows import RowTables, make_rows
from recurry.backends.cpu.threads import available_threads
from recurry.backends.timeline import Timeline
from recurry.backends.weights import StackCache
from recurry.compiler.graph import parameter_shapes
from recurry.compiler.plan import Plan
from recurry.errors import ShapeError


@dataclass(frozen=True, kw_only=True, eq=False)
class Decision:
    """What is decided for a shape.

    Args:
        kernels: Which kernels run.
        split: How threads share them.
        threads: How many threads there are.
        rows: Which rows belong to which step.
        shapes: Shapes of the parameters by name, in the order of the equations.
        input_size: I.
        hidden_size: H.
        dtype: Of all tensors.
    """

    kernels: Kernels
    split: Split
    threads: int
    rows: RowTables
    shapes: Mapping[str, tuple[int, ...]]
    input_size: int
    hidden_size: int
    dtype: torch.dtype

    @cached_property
    def listed(self) -> tuple[list[tuple[int, ...]], list[torch.dtype]]:
        """Shapes and types of the parameters in their order."""
        return [*self.shapes.values()], [self.dtype] * len(self.shapes)

    @cached_property
    def sizes(self) -> array:
        """Bytes of each parameter."""
        return array("q", [prod(shape) * self.dtype.itemsize for shape in self.listed[0]])

    @cached_property
    def passes(self) -> dict[Hashable, Any]:
        """The passes of calls for which this was decided."""
        return {}

    def fits(self, tensors: Sequence[Tensor]) -> bool:
        """Whether parameters, in the order of the equations, are what kernels read."""
        shapes, dtypes = self.listed
        return (
            [t.shape for t in tensors] == shapes
            and [t.dtype for t in tensors] == dtypes
            and False not in [t.is_cpu for t in tensors]
        )

    def kept(
        self, tensors: Sequence[Tensor], sizes: array, cache: StackCache, *, is_identity: bool
    ) -> dict[Hashable, Any] | None:
        """What is kept of these very numbers; None where nobody can tell what they are."""
        seal = digest(tensors, sizes, threads=self.threads)
        return None if seal is None else self.sealed(seal, cache, is_identity=is_identity)

    def sealed(self, seal: bytes, cache: StackCache, *, is_identity: bool) -> dict[Hashable, Any]:
        """What is kept of the numbers with a digest."""
        return cache.sealed((seal, (self.input_size, self.dtype, is_identity)))

    def call(
        self,
        parameters: Mapping[str, Tensor],
        tensors: Sequence[Tensor],
        given: InputRows,
        cache: StackCache | None,
    ) -> Call:
        """A call over tensors that kernels can read.

        Args:
            parameters: Parameters by name.
            tensors: The same in their order.
            given: What each row reads.
            cache: Where packed weights outlive the call, if anywhere.

        Raises:
            ShapeError: They cannot.
        """
        values, picks = given.values, given.picks
        sizes = self.sizes
        if not self.fits(tensors):
            check_tensors(parameters, self.shapes, self.dtype)
            sizes = array("q", [t.nbytes for t in tensors])  # in another order
        num_rows = self.rows.num_rows if picks is None else values.shape[0]
        if values.shape[0] != num_rows or values.dtype != self.dtype or not values.is_cpu:
            check_tensors({"x": values}, {"x": (num_rows, values.shape[1])}, self.dtype)
        if picks is not None:
            check_tensors({"picks": picks}, {"picks": (self.rows.num_rows,)}, torch.int64)
        if not values.is_contiguous():
            given = replace(given, values=values.contiguous())
        packs = None
        if cache is not None:
            if picks is not None and not given.is_identity:
                tensors, sizes = [*tensors, values], array("q", [*sizes, values.nbytes])
            packs = self.kept(tensors, sizes, cache, is_identity=given.is_identity)
        return Call(
            kernels=self.kernels,
            parameters=parameters,
            input=given,
            rows=self.rows,
            hidden_size=self.hidden_size,
            split=self.split,
            threads=self.threads,
            packs=packs,
            passes=self.passes,
        )


def make_call(
    plan: Plan,
    timeline: Timeline,
    parameters: Mapping[str, Tensor],
    x: Tensor | InputRows,
    hidden_size: int,
    *,
    cache: StackCache | None,
    is_rounded: bool = False,
    teams: int = 1,
) -> Call:
    """One sequence through one cell, with everything decided.

    Args:
        plan: The cell.
        timeline: Which streams take part in which step.
        parameters: Parameters by name.
        x: Input, (N, I), or what each row reads.
        hidden_size: H.
        cache: Where packed weights outlive the call, if anywhere.
        is_rounded: Whether products read numbers rounded to bfloat16; all tensors are float32 then.
        teams: How many calls share the threads.
    """
    given = x if isinstance(x, InputRows) else InputRows(values=x)
    decision = decide(
        plan,
        timeline,
        given,
        hidden_size,
        is_rounded=is_rounded,
        threads=max(1, available_threads() // teams),
    )
    return decision.call(parameters, [*parameters.values()], given, cache)


def find_kernels(
    plan: Plan, *, streams: int, sizes: tuple[int, int], bits: int, is_picked: bool = False
) -> Kernels:
    """The kernels that run a plan.

    Args:
        plan: The cell.
        streams: Number of streams.
        sizes: I and H.
        bits: Of a number.
        is_picked: Whether rows of the input are picked from a table.
    """
    is_fused = not is_picked and should_fuse(plan, streams=streams, sizes=sizes, bits=bits)
    return kernels(plan, bits=bits, is_fused=is_fused)


def check_tensors(
    tensors: Mapping[str, Tensor], shapes: Mapping[str, tuple[Any, ...]], dtype: torch.dtype
) -> None:
    """Raise an error unless every tensor is what kernels take it for; they check nothing.

    Sizes may be symbols while a program is traced.

    Raises:
        ShapeError: A tensor is missing, or of another shape, type or device.
    """
    for name, shape in shapes.items():
        found = tensors.get(name)
        if found is None or found.shape != shape or found.dtype != dtype or not found.is_cpu:
            got = (
                "nothing" if found is None else f"{tuple(found.shape)} {found.dtype} {found.device}"
            )
            raise ShapeError(
                f"The tensor {name} is not what the kernels of this cell read.",
                got=got,
                accepted=f"{tuple(shape)} {dtype} cpu",
            )


def decide(
    plan: Plan,
    timeline: Timeline,
    given: InputRows,
    hidden_size: int,
    *,
    is_rounded: bool,
    threads: int,
) -> Decision:
    """Kernels and threads for a shape, decided once."""
    values = given.values
    bits = 16 if is_rounded else bits_of(values.dtype)
    sizes = (int(values.shape[1]), hidden_size)
    rows = make_rows(timeline)
    key = (id(plan), sizes, bits, threads, given.picks is None)
    found = rows.decisions.get(key)
    if found is None:
        found = rows.decisions[key] = _decide(
            plan,
            timeline,
            sizes=sizes,
            bits=bits,
            threads=threads,
            is_picked=given.picks is not None,
        )
    return found


def _decide(
    plan: Plan,
    timeline: Timeline,
    *,
    sizes: tuple[int, int],
    bits: int,
    threads: int,
    is_picked: bool,
) -> Decision:
    made = find_kernels(
        plan, streams=timeline.num_streams, sizes=sizes, bits=bits, is_picked=is_picked
    )
    blocks = padded_size(sizes[1], made.tiling.units) // made.tiling.units
    work = estimate_work(made, sizes[1])
    return Decision(
        kernels=made,
        split=choose_split(work, timeline=timeline, blocks=blocks, threads=threads),
        threads=threads,
        rows=make_rows(timeline),
        shapes=parameter_shapes(plan.graph, *sizes),
        input_size=sizes[0],
        hidden_size=sizes[1],
        dtype=dtype_of(bits),
    )
