"""Small programs that find what a machine can do at best, made by the same code generator.

Comes in: how much to read or to compute, and on how many threads. Goes out: rates. Imports torch,
the compiled backend, clock.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from recurry.backends import BACKENDS, Request, RunOptions
from recurry.backends.cpu.emitter import Emitter, Module, Value
from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.machine import host
from recurry.backends.cpu.pauses import ARRIVALS, GIVE_WAY, THREADS, write_meeting
from recurry.backends.cpu.rough import functions
from recurry.backends.cpu.threads import give_way_address, run_worker
from recurry.backends.cpu.tiling import Tiling, make_tiling
from recurry.backends.options import Precision
from recurry.compiler.cell import Cell
from recurry.measurement.clock import best
from recurry.network.recurrent import Recurrent

_DTYPES: dict[Precision, torch.dtype] = {
    "float64": torch.float64,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
}
# Samples of which the best counts: a ceiling is what the machine can do undisturbed.
_SAMPLES = 7
# A product that is all product: large enough for any blocking, short enough to be repeated.
_LARGE = 1024
# Steps, streams and units of a layer that is all product.
_LAYER = (8, 192, 512)
_PRODUCT = Cell.parse("h = W @ x + U @ h", name="product")
# Entries of the frame of a probe; those of a meeting lie where `pauses` looks for them.
_TICKET, _DATA, _STRIDE, _COUNT, _REPEATS, _SINK = 8, 9, 10, 11, 12, 13
_ENTRIES = 16
# Vectors that are read side by side, so that no sum waits for another.
_WIDTH = 8
# Numbers between what two threads write.
_APART = 64


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Within the context torch has so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def large_product(precision: Precision, threads: int) -> float:
    """One large matrix product of torch, in 10^9 operations a second."""
    a = torch.randn(_LARGE, _LARGE).to(_DTYPES[precision])
    out = torch.empty_like(a)
    with torch_threads(threads):
        seconds = best(lambda: torch.mm(a, a, out=out), repeats=_SAMPLES)
    return 2 * _LARGE**3 / seconds / 1e9


def has_kernel(precision: Precision) -> bool:
    """Whether the compiled backend computes products in a precision."""
    compiled = next(backend for backend in BACKENDS if backend.name == "cpu")
    request = Request(plan=_PRODUCT.plan, options=RunOptions(precision=precision))
    return compiled.refusal(request) is None


def kernel_product(precision: Precision, threads: int) -> float:
    """The compiled backend's own products in a layer of nothing else, 10^9 operations a second."""
    steps, streams, units = _LAYER
    layer = Recurrent(_PRODUCT, units, units, backend="cpu", precision=precision)
    x = torch.randn(steps, streams, units, dtype=layer.dtype)
    with torch_threads(threads), torch.inference_mode():
        seconds = best(lambda: layer(x), repeats=_SAMPLES)
    return 4 * steps * streams * units**2 / seconds / 1e9


def reading(share: int, threads: int) -> float:
    """Threads that each read so many bytes again and again: 10^9 bytes a second of all together."""
    tiling = make_tiling(host(), 32)
    step = _WIDTH * tiling.lanes.count
    count = max(step, share // 4 // step * step)
    # Several passes make a call long enough for the start of threads to cost nothing.
    passes = max(1, (1 << 24) // (4 * count))
    data, sink = torch.ones(threads * count), torch.zeros(threads * _APART)
    run = _probe("read", {_STRIDE: count, _COUNT: count, _REPEATS: passes}, [data, sink], threads)
    return 4 * threads * count * passes / best(run, repeats=_SAMPLES) / 1e9


_BITS: dict[Precision, int] = {"float64": 64, "float32": 32, "bfloat16": 16}


def nonlinear_ns(precision: Precision) -> float:
    """One sigmoid or tanh of the compiled backend in one thread, in nanoseconds."""
    bits = _BITS[precision]
    count, passes = 2048, 16
    data = torch.linspace(-4.0, 4.0, count, dtype=torch.float64 if bits == 64 else torch.float32)
    sink = torch.zeros_like(data)
    facts = {_STRIDE: 0, _COUNT: count, _REPEATS: passes}
    runs = [_probe(name, facts, [data, sink], 1, bits=bits) for name in ("sigmoid", "tanh")]
    seconds = sum(best(run, repeats=_SAMPLES) for run in runs) / len(runs)
    return seconds / (count * passes) * 1e9


def meeting_us(threads: int) -> float:
    """All threads wait for one another once, in microseconds."""
    repeats = 2000
    run = _probe("meet", {_REPEATS: repeats}, [], threads)
    return best(run, repeats=_SAMPLES) / repeats * 1e6


def tile_rows() -> int:
    """Rows that a bfloat16 product takes at once: those of a tile where the processor has tiles."""
    return 16 if "amx-bf16" in host().features else 1


def call_us() -> tuple[float, float]:
    """An operator of torch that does nothing, forward, and forward and backward, microseconds."""
    x = torch.ones(8, 8)
    weight = torch.ones(8, 8, requires_grad=True)

    def forward() -> object:
        with torch.no_grad():
            return _Nothing.apply(x, weight)

    def both() -> object:
        return torch.autograd.grad(_Nothing.apply(x, weight), weight, x)

    return best(forward, repeats=_SAMPLES) * 1e6, best(both, repeats=_SAMPLES) * 1e6


class _Nothing(torch.autograd.Function):
    """An operator with nothing to do."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return torch.empty_like(x)

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: Any, gradient: Tensor
    ) -> tuple[None, Tensor]:
        return None, torch.empty_like(gradient)


def _probe(
    which: str, facts: dict[int, int], tensors: list[Tensor], threads: int, *, bits: int = 32
) -> Callable[[], None]:
    """A compiled probe, ready to be run again and again."""
    address = _address(which, bits)
    counters = torch.zeros(2 * _APART, dtype=torch.int64)
    entries = [0] * _ENTRIES
    entries[THREADS], entries[GIVE_WAY] = threads, give_way_address()
    entries[_TICKET], entries[ARRIVALS] = counters.data_ptr(), counters[_APART:].data_ptr()
    for place, tensor in zip((_DATA, _SINK), tensors, strict=False):
        entries[place] = tensor.data_ptr()
    for place, fact in facts.items():
        entries[place] = fact
    frame = (ctypes.c_int64 * _ENTRIES)(*entries)

    def run() -> None:
        counters.zero_()
        run_worker(address, ctypes.addressof(frame), threads)
        del tensors[len(tensors) :]  # keeps what the frame points at alive

    return run


@lru_cache
def _address(which: str, bits: int) -> int:
    """Where a probe starts."""
    machine, tiling = host(), make_tiling(host(), bits)
    module = Module(machine, tiling.lanes)
    write_meeting(module)
    with module.function("worker", "ptr %frame", is_exported=True) as e:
        ticket = e.take(f"atomicrmw add ptr {e.field('%frame', _TICKET, 'ptr')}, i64 1 acq_rel")
        met = e.variable("i64", "0")
        with e.loop("0", e.field("%frame", _REPEATS)):
            if which == "meet":
                e.put(f"call void @meet(ptr %frame, ptr {met})")
            elif which == "read":
                _write_reading(e, tiling, ticket)
            else:
                _write_function(e, tiling, which)
    return compile_module(str(module), ("worker",)).addresses["worker"]


def _write_reading(e: Emitter, tiling: Tiling, ticket: Value) -> None:
    """Add up all numbers of a thread's share."""
    lanes = tiling.lanes
    align = lanes.count * lanes.bytes
    data = e.field("%frame", _DATA, "ptr")
    data = e.move(data, e.multiply_int(ticket, e.field("%frame", _STRIDE)))
    sink = e.move(e.field("%frame", _SINK, "ptr"), e.multiply_int(ticket, _APART))
    totals = [e.variable(lanes.type, align=align) for _ in range(_WIDTH)]
    for total in totals:
        e.put(f"store {lanes.type} {e.load(sink)}, ptr {total}, align {align}")
    with e.loop("0", e.field("%frame", _COUNT), _WIDTH * lanes.count) as at:
        for number, total in enumerate(totals):
            value = e.load(e.move(e.move(data, at), number * lanes.count))
            now = e.take(f"load {lanes.type}, ptr {total}, align {align}")
            added = e.arithmetic("fadd", now, value)
            e.put(f"store {lanes.type} {added}, ptr {total}, align {align}")
    whole = e.constant(0.0)
    for total in totals:
        value = e.take(f"load {lanes.type}, ptr {total}, align {align}")
        whole = e.arithmetic("fadd", whole, value)
    e.store(whole, sink)


def _write_function(e: Emitter, tiling: Tiling, function: str) -> None:
    """Apply a function to all numbers, two vectors at a time."""
    data, sink = e.field("%frame", _DATA, "ptr"), e.field("%frame", _SINK, "ptr")
    with e.loop("0", e.field("%frame", _COUNT), 2 * tiling.lanes.count) as at:
        places = [e.add_int(at, number * tiling.lanes.count) for number in range(2)]
        values = [functions(tiling)[function](e, e.load(e.move(data, place))) for place in places]
        for place, value in zip(places, values, strict=True):
            e.store(value, e.move(sink, place))
