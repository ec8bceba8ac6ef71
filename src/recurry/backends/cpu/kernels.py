"""The kernels of a plan: made when first needed, kept for the life of the process.

Comes in: a plan and a type. Goes out: kernels with their schedules, ready to be launched. Imports
the rest of the generator.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch

from recurry.backends.cpu import tasks
from recurry.backends.cpu.amx import give_the_same, write_tile_products
from recurry.backends.cpu.jit import assembly, compile_module
from recurry.backends.cpu.kernel import frame_fields, write_kernel
from recurry.backends.cpu.machine import host
from recurry.backends.cpu.products import write_products
from recurry.backends.cpu.schedule import Schedule
from recurry.backends.cpu.tiles import ask_for_tiles
from recurry.backends.cpu.tiling import Tiling, make_tiling
from recurry.backends.remember import once_a_plan
from recurry.compiler.plan import Plan
from recurry.errors import ShapeError

_BITS = {torch.float32: 32, torch.float64: 64}


@dataclass(frozen=True, kw_only=True, eq=False)
class Kernel:
    """One compiled time loop.

    Args:
        schedule: What it computes.
        tiling: How it is cut.
        fields: Names of the entries of its frame.
        address: Where `worker(frame)` starts.
        products: Where the matrix products that it calls start.
    """

    schedule: Schedule
    tiling: Tiling
    fields: tuple[str, ...]
    address: int
    products: int


class Kernels:
    """The kernels of one plan and one type of numbers.

    Args:
        plan: The cell.
        bits: Of a number that products read: 32, 64, or 16 for bfloat16 with the rest in float32.
        is_fused: Whether products with the input are made inside the time loop.
    """

    def __init__(self, plan: Plan, *, bits: int, is_fused: bool) -> None:
        self.plan, self.bits, self.is_fused = plan, bits, is_fused
        self.tiling = make_tiling(host(), bits)

    @property
    def is_rounded(self) -> bool:
        """Whether products read numbers rounded to bfloat16."""
        return self.tiling.is_rounded

    @cached_property
    def forward_pass(self) -> tasks.Forward:
        """What the kernel for inference computes."""
        return self._forward(is_saving=False)

    @cached_property
    def saving_pass(self) -> tasks.Forward:
        """What the forward kernel for training computes."""
        return self._forward(is_saving=True)

    @cached_property
    def backward_pass(self) -> tasks.BackwardPass:
        """What the backward kernel computes."""
        return tasks.backward(self.plan, is_fused=self.is_fused, is_rounded=self.is_rounded)

    @cached_property
    def forward(self) -> Kernel:
        """Forward, keeping nothing but outputs and final states."""
        return self._kernel(self.forward_pass.schedule)

    @cached_property
    def saving(self) -> Kernel:
        """Forward, keeping what the backward kernel reads."""
        return self._kernel(self.saving_pass.schedule)

    @cached_property
    def backward(self) -> Kernel:
        """Back-propagation through time, all but the products outside the loop."""
        return self._kernel(self.backward_pass.schedule)

    def text(self, which: str) -> str:
        """The LLVM IR of `forward`, `saving` or `backward`."""
        made = {"forward": "forward_pass", "saving": "saving_pass", "backward": "backward_pass"}
        return self._write(getattr(self, made[which]).schedule)

    def assembly(self, which: str) -> str:
        """The machine code of `forward`, `saving` or `backward`, as text."""
        return assembly(self.text(which))

    def _forward(self, *, is_saving: bool) -> tasks.Forward:
        return tasks.forward(
            self.plan, is_saving=is_saving, is_fused=self.is_fused, is_rounded=self.is_rounded
        )

    def _write(self, schedule: Schedule) -> str:
        has_tiles = find_products(self.bits).has_tiles
        return write_kernel(schedule, self.tiling, host(), has_tiles=has_tiles)

    def _kernel(self, schedule: Schedule) -> Kernel:
        code = compile_module(self._write(schedule), ("worker",))
        return Kernel(
            schedule=schedule,
            tiling=self.tiling,
            fields=frame_fields(schedule),
            address=code.addresses["worker"],
            products=find_products(self.bits).inside,
        )


@once_a_plan
def kernels(plan: Plan, *, bits: int, is_fused: bool) -> Kernels:
    """The kernels of a plan, the same object at every call."""
    return Kernels(plan, bits=bits, is_fused=is_fused)


@dataclass(frozen=True, kw_only=True)
class Products:
    """Matrix products for a type.

    Args:
        address: Where they start for everybody.
        inside: Where they start for workers that have made tiles ready, if there are any.
        has_tiles: Whether they run on tiles.
    """

    address: int
    inside: int
    has_tiles: bool = False


@lru_cache
def find_products(bits: int) -> Products:
    """The matrix products for a type, compiled once for all cells.

    On tiles where the processor has them, the system grants them, and they give what vectors give.
    """
    tiling = make_tiling(host(), bits)
    code = compile_module(write_products(host(), tiling), ("products",))
    plain = code.addresses["products"]
    if tiling.is_rounded and host().has_tiles and ask_for_tiles():
        names = ("products", "products_inside")
        found = compile_module(write_tile_products(host(), tiling), names).addresses
        if give_the_same(plain, found["products"], tiling):
            return Products(address=found[names[0]], inside=found[names[1]], has_tiles=True)
    return Products(address=plain, inside=plain)


def dtype_of(bits: int) -> torch.dtype:
    """The type of everything but what products read."""
    return torch.float64 if bits == 64 else torch.float32


def bits_of(dtype: torch.dtype) -> int:
    """Bits of the numbers that kernels compute with.

    Raises:
        ShapeError: There are no kernels for this type.
    """
    if dtype not in _BITS:
        raise ShapeError(
            "There are no compiled kernels for this type of numbers.",
            got=str(dtype),
            accepted=", ".join(map(str, _BITS)),
        )
    return _BITS[dtype]
