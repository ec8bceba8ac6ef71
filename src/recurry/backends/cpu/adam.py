"""An update of Adam for all weights in one walk over memory: moments, weights, their average.

Comes in: tensors. Goes out: their new numbers, and sums of squares. Imports torch, emitter, jit,
kernels, machine, pauses, threads, tiling.

What limits such an update is memory. So whatever else is to be known or done about these numbers
happens while they are in registers: clipped gradients are never written, the average follows, and
how far the weights have moved is added up.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from recurry.backends.cpu.emitter import Emitter, Lanes, Module, Value
from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.kernels import bits_of
from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.pauses import write_denormals
from recurry.backends.cpu.threads import available_threads, run_worker
from recurry.backends.cpu.tiling import Tiling, make_tiling

# Words of an entry of the table: five addresses, how many numbers, and where the settings are.
_ENTRY = 7
_WEIGHT, _GRADIENT, _MEAN, _SQUARE, _AVERAGE, _SIZE, _SETTINGS = range(_ENTRY)
# Numbers from which on a second thread is worth waking.
_ENOUGH_TO_SHARE = 1 << 15
# Numbers that a thread leaves, a line of the cache apart.
_APART = 8


class Moving(NamedTuple):
    """One tensor and what moves with it.

    Args:
        weight: What is learnt.
        gradient: Of the same shape, as it is before clipping.
        mean: The mean of gradients.
        square: The mean of their squares.
        average: The average of the weight over updates; None where there is none.
    """

    weight: Tensor
    gradient: Tensor
    mean: Tensor
    square: Tensor
    average: Tensor | None


@dataclass(frozen=True, kw_only=True)
class AdamSettings:
    """The numbers of one update.

    Args:
        factor: What gradients are multiplied by.
        penalty: The share of a weight that is added to its gradient.
        kept: The share of a weight that decay leaves.
        fresh: The share of a gradient in the mean.
        old: The share of what was in the mean of squares.
        root: What the root of a mean of squares is multiplied by.
        epsilon: Added to that.
        step: How far a weight moves by a mean that equals the root.
        following: The share of a weight in its average.
    """

    factor: float
    penalty: float
    kept: float
    fresh: float
    old: float
    root: float
    epsilon: float
    step: float
    following: float

    def numbers(self) -> list[float]:
        """In the order in which the kernel reads them."""
        return [
            *(self.factor, self.penalty, self.kept, self.fresh, self.old),
            *(1 - self.old, self.root, self.epsilon, -self.step, self.following),
        ]


def can_move(tensors: Sequence[Tensor]) -> bool:
    """Whether the kernel takes these tensors: numbers of one type that lie side by side here."""
    dtype = tensors[0].dtype
    return dtype in (torch.float32, torch.float64) and all(
        t.is_cpu and t.dtype == dtype and t.is_contiguous() and t.layout == torch.strided
        for t in tensors
    )


def move(group: Sequence[tuple[Moving, AdamSettings]]) -> tuple[float, float]:
    """Update all tensors in place.

    Args:
        group: Tensors that `can_move`, of one type, and their settings.

    Returns:
        The sums of squares of all changes, and of all weights before.
    """
    dtype = group[0][0].weight.dtype
    chosen = list(dict.fromkeys(settings for _, settings in group))
    numbers = torch.tensor([settings.numbers() for settings in chosen], dtype=dtype)
    starts = {s: row.data_ptr() for s, row in zip(chosen, numbers, strict=True)}
    table = array("q")
    for one, settings in group:
        tensors = (one.weight, one.gradient, one.mean, one.square)
        table.extend([t.data_ptr() for t in tensors])
        table.append(0 if one.average is None else one.average.data_ptr())
        table.extend((one.weight.numel(), starts[settings]))
    change, before = _run("move", table, dtype)
    return change, before


def sum_of_squares(tensors: Sequence[Tensor]) -> float:
    """Of all numbers of tensors that `can_move`, of one type."""
    table = array("q")
    for tensor in tensors:
        table.extend((0, tensor.data_ptr(), 0, 0, 0, tensor.numel(), 0))
    return _run("measure", table, tensors[0].dtype)[0]


def _run(worker: str, table: array, dtype: torch.dtype) -> tuple[float, float]:
    """What all threads have added up."""
    is_large = sum(table[_SIZE::_ENTRY]) >= _ENOUGH_TO_SHARE
    threads = available_threads() if is_large else 1
    sums = array("d", bytes(8 * _APART * threads))
    count, places = len(table) // _ENTRY, (table.buffer_info()[0], sums.buffer_info()[0])
    frame = array("q", [0, threads, count, *places])
    run_worker(_addresses(bits_of(dtype))[worker], frame.buffer_info()[0], threads)
    return sum(sums[0::_APART]), sum(sums[1::_APART])


@lru_cache
def _addresses(bits: int) -> dict[str, int]:
    text = write_adam(host(), make_tiling(host(), bits))
    return compile_module(text, ("move", "measure")).addresses


def write_adam(machine: Machine, tiling: Tiling) -> str:
    """The text of a module with the workers `@move` and `@measure`; threads share each tensor."""
    module = Module(machine, tiling.lanes)
    for name, write in (("move", _write_move), ("measure", _write_measure)):
        with module.function(name, "ptr %frame", is_exported=True) as e, write_denormals(e):
            thread = e.take("atomicrmw add ptr %frame, i64 1 acq_rel")
            threads, count = e.field("%frame", 1), e.field("%frame", 2)
            table, sums = e.field("%frame", 3, "ptr"), e.field("%frame", 4, "ptr")
            own = e.take(f"getelementptr double, ptr {sums}, i64 {e.multiply_int(thread, _APART)}")
            with e.loop("0", count) as number:
                start = e.multiply_int(number, _ENTRY)
                entry = e.take(f"getelementptr i64, ptr {table}, i64 {start}")
                _Walk(e, tiling, entry, own).write(thread, threads, write)
    return str(module)


class _Walk:
    """A thread's share of one tensor: whole vectors, and for the last thread the rest."""

    def __init__(self, e: Emitter, tiling: Tiling, entry: Value, own: Value) -> None:
        self.e, self.tiling, self.entry, self.own = e, tiling, entry, own
        self.wide = tiling.lanes
        self.narrow = Lanes(bits=self.wide.bits, count=1)

    def write(self, thread: Value, threads: Value, write) -> None:
        """Code for all numbers, and sums at the end."""
        e, count = self.e, self.wide.count
        size = e.field(self.entry, _SIZE)
        vectors, following = e.divide_int(size, count), e.add_int(thread, 1)
        first, last = (
            e.multiply_int(e.divide_int(e.multiply_int(vectors, n), threads), count)
            for n in (thread, following)
        )
        self._write_part(first, last, self.wide, write)
        with e.when(e.compare("eq", following, threads)):
            self._write_part(last, size, self.narrow, write)

    def _write_part(self, first: Value, last: Value, lanes: Lanes, write) -> None:
        e, align = self.e, lanes.count * lanes.bytes
        e.lanes = lanes
        kind = lanes.type
        totals = [e.variable(kind, "zeroinitializer", align=align) for _ in range(2)]
        for total in totals:
            e.put(f"store {kind} zeroinitializer, ptr {total}, align {align}")
        write(e, self.entry, (first, last), totals)
        for number, total in enumerate(totals):
            self._add_up(e.take(f"load {kind}, ptr {total}, align {align}"), number)
        e.lanes = self.wide

    def _add_up(self, total: Value, number: int) -> None:
        """Add all lanes to a sum of this thread."""
        e = self.e
        one = e.over_lanes("fadd", total)
        if e.lanes.bits == 32:
            one = e.take(f"fpext float {one} to double")
        place = e.take(f"getelementptr double, ptr {self.own}, i64 {number}")
        before = e.take(f"load double, ptr {place}, align 8")
        e.put(f"store double {e.take(f'fadd double {before}, {one}')}, ptr {place}, align 8")


def _write_measure(
    e: Emitter, entry: Value, share: tuple[Value, Value], totals: list[Value]
) -> None:
    """Squares of gradients."""
    gradient = e.field(entry, _GRADIENT, "ptr")
    with e.loop(*share, e.lanes.count) as at:
        value = e.load(e.move(gradient, at))
        _grow(e, totals[0], value)


def _write_move(e: Emitter, entry: Value, share: tuple[Value, Value], totals: list[Value]) -> None:
    """The update itself."""
    places = [e.field(entry, number, "ptr") for number in range(_AVERAGE + 1)]
    settings = e.field(entry, _SETTINGS, "ptr")
    (factor, penalty, kept, fresh, old, new, root, epsilon, step, following) = (
        e.spread(e.move(settings, number)) for number in range(10)
    )
    has_average = e.compare("ne", e.field(entry, _AVERAGE), 0)
    with e.loop(*share, e.lanes.count) as at:
        weight, gradient, mean, square, average = (e.move(place, at) for place in places)
        before = e.load(weight)
        pull = e.fma(before, penalty, e.arithmetic("fmul", e.load(gradient), factor))
        was = e.load(mean)
        first = e.fma(e.arithmetic("fsub", pull, was), fresh, was)
        squared = e.arithmetic("fmul", pull, pull)
        second = e.fma(squared, new, e.arithmetic("fmul", e.load(square), old))
        e.store(first, mean)
        e.store(second, square)
        below = e.fma(e.call("sqrt", second), root, epsilon)
        left = e.arithmetic("fmul", before, kept)
        after = e.fma(e.arithmetic("fdiv", first, below), step, left)
        e.store(after, weight)
        _grow(e, totals[0], e.arithmetic("fsub", after, before))
        _grow(e, totals[1], before)
        with e.when(has_average):
            so_far = e.load(average)
            e.store(e.fma(e.arithmetic("fsub", after, so_far), following, so_far), average)


def _grow(e: Emitter, total: Value, value: Value) -> None:
    """Add squares to a running sum."""
    kind, align = e.lanes.type, e.lanes.count * e.lanes.bytes
    now = e.take(f"load {kind}, ptr {total}, align {align}")
    e.put(f"store {kind} {e.fma(value, value, now)}, ptr {total}, align {align}")
