"""Scores of many symbols turned into the gradients of their cross-entropy, row by row in the cache.

Comes in: products of rows with a matrix, a bias, targets. Goes out: errors in the place of the
products, and what the loss is made of. Imports torch, emitter, jit, kernels, machine, matrices,
packing, pauses, scratch, threads, tiling, vector.
"""

import ctypes
from collections.abc import Iterator
from functools import lru_cache

import torch
from torch import Tensor

from recurry.backends.cpu.emitter import Emitter, Module, Value
from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.matrices import operand_bits, panel_product
from recurry.backends.cpu.packing import pack_rows
from recurry.backends.cpu.pauses import write_denormals
from recurry.backends.cpu.scratch import find_matrix
from recurry.backends.cpu.threads import available_threads, run_worker
from recurry.backends.cpu.tiling import Tiling, make_tiling
from recurry.backends.cpu.vector import FUNCTIONS

FIELDS = (
    *("ticket", "threads", "scores", "apart", "rows"),
    *("width", "bias", "targets", "shares", "parts"),
)
_NUMBERS = ("threads", "apart", "rows", "width")
# Scores from which on a second thread is worth waking.
_ENOUGH_TO_SHARE = 1 << 15


class Scoring:
    """Errors of scores, for many rows and one matrix.

    Args:
        weight: The matrix (V, F), float32 or float64; bfloat16 where the bias is float32.
        bias: Added to the scores, (V,).
        smoothing: The share of a target that is spread over all symbols.
        most: Rows at a time.
    """

    def __init__(self, weight: Tensor, bias: Tensor, *, smoothing: float, most: int) -> None:
        self._tiling = make_tiling(host(), operand_bits(weight))
        weight = weight.to(bias.dtype)
        self._count = len(weight)
        self._panels = pack_rows([weight], self._tiling)
        padded = len(self._panels) * self._tiling.units
        # What stands behind the last symbol takes no part.
        self._bias = weight.new_full((padded,), -torch.inf)
        self._bias[: self._count] = bias
        self._shares = weight.new_tensor([smoothing / self._count, 1 - smoothing])
        self._room = find_matrix((most, padded), weight.dtype)
        self._spread = weight.sum(0), bias.sum()

    def errors(self, rows: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The gradient by the scores of some rows, and their loss.

        Args:
            rows: Vectors (N, F), of the type of the matrix.
            targets: The symbol of each row, int64.

        Returns:
            (N, V), valid until the next call, and a number.
        """
        room, targets = self._room[: len(rows)], targets.contiguous()
        panel_product(rows.contiguous(), self._panels, into=room)
        parts = room.new_empty(len(rows), 2)
        threads = available_threads() if room.numel() >= _ENOUGH_TO_SHARE else 1
        ticket = ctypes.c_int64(0)
        entries = (
            *(ctypes.addressof(ticket), threads, room.data_ptr(), room.stride(0), len(rows)),
            *(room.shape[1], self._bias.data_ptr(), targets.data_ptr()),
            *(self._shares.data_ptr(), parts.data_ptr()),
        )
        frame = (ctypes.c_int64 * len(entries))(*entries)
        run_worker(_address(8 * room.element_size()), ctypes.addressof(frame), threads)
        partition, wanted = parts.sum(0)
        loss = partition - self._shares[1] * wanted
        if self._shares[0]:
            each, bias = self._spread
            total = rows.sum(0, dtype=each.dtype)
            loss -= self._shares[0] * (total @ each + len(rows) * bias)
        return room[:, : self._count], loss


@lru_cache
def _address(bits: int) -> int:
    """Where the worker begins."""
    text = write_likelihood(host(), make_tiling(host(), bits))
    return compile_module(text, ("errors",)).addresses["errors"]


def write_likelihood(machine: Machine, tiling: Tiling) -> str:
    """The text of a module with the worker `@errors`, whose threads share rows.

    A row of products becomes softmax(products + bias) less the smoothed target; beside it, the
    logarithm of the sum of exponentials and the score of the target are left.
    """
    module = Module(machine, tiling.lanes)
    with module.function("errors", "ptr %frame", is_exported=True) as e, write_denormals(e):
        f = {
            name: e.field("%frame", index, "i64" if name in _NUMBERS else "ptr")
            for index, name in enumerate(FIELDS)
        }
        thread = e.take(f"atomicrmw add ptr {f['ticket']}, i64 1 acq_rel")
        first, last = (
            e.divide_int(e.multiply_int(f["rows"], number), f["threads"])
            for number in (thread, e.add_int(thread, 1))
        )
        with e.loop(first, last) as row:
            _write_row(e, tiling, f, row)
    return str(module)


def _write_row(e: Emitter, tiling: Tiling, f: dict[str, Value], row: Value) -> None:
    kind, align = tiling.lanes.type, tiling.lanes.count * tiling.lanes.bytes
    scores = e.move(f["scores"], e.multiply_int(row, f["apart"]))
    parts, target = e.move(f["parts"], e.multiply_int(row, 2)), e.field(f["targets"], row)
    totals = [e.variable(kind, align=align) for _ in range(tiling.vectors)]

    def walk(start: float) -> Iterator[tuple[Value, Value, Value, Value]]:
        """Each vector of a row, with a running value; these begin anew."""
        for total in totals:
            e.put(f"store {kind} {e.constant(start)}, ptr {total}, align {align}")
        with e.loop("0", f["width"], tiling.units) as at:
            for number, total in enumerate(totals):
                place = e.add_int(at, number * tiling.lanes.count)
                now = e.take(f"load {kind}, ptr {total}, align {align}")
                yield e.move(scores, place), place, now, total

    def keep(value: Value, total: Value) -> None:
        e.put(f"store {kind} {value}, ptr {total}, align {align}")

    for place, at, best, total in walk(-3e38):
        score = e.arithmetic("fadd", e.load(place), e.load(e.move(f["bias"], at)))
        e.store(score, place)
        keep(e.select(e.compare_lanes("ogt", score, best), score, best), total)
    best = _over_lanes(e, totals, align, "fmax")
    wanted = _number(e, e.move(scores, target))
    for place, _, so_far, total in walk(0.0):
        value = FUNCTIONS["exp"](e, e.arithmetic("fsub", e.load(place), best))
        e.store(value, place)
        keep(e.arithmetic("fadd", so_far, value), total)
    whole = _over_lanes(e, totals, align, "fadd")
    each, scale = e.spread(f["shares"]), e.arithmetic("fdiv", e.constant(1.0), whole)
    for place, _, _, _ in walk(0.0):
        e.store(e.fma(e.load(place), scale, _negative(e, each)), place)
    partition = e.arithmetic("fadd", FUNCTIONS["log"](e, whole), best)
    _put_first(e, partition, parts)
    scalar, size = tiling.lanes.scalar, tiling.lanes.bytes
    e.put(f"store {scalar} {wanted}, ptr {e.move(parts, 1)}, align {size}")
    own, taken = e.move(scores, target), _number(e, e.move(f["shares"], 1))
    left = e.take(f"fsub {scalar} {_number(e, own)}, {taken}")
    e.put(f"store {scalar} {left}, ptr {own}, align {size}")


def _number(e: Emitter, place: Value) -> Value:
    return e.take(f"load {e.lanes.scalar}, ptr {place}, align {e.lanes.bytes}")


def _negative(e: Emitter, value: Value) -> Value:
    return e.take(f"fneg {e.lanes.type} {value}")


def _put_first(e: Emitter, value: Value, place: Value) -> None:
    """Write the first number of a vector."""
    first = e.take(f"extractelement {e.lanes.type} {value}, i64 0")
    e.put(f"store {e.lanes.scalar} {first}, ptr {place}, align {e.lanes.bytes}")


def _over_lanes(e: Emitter, totals: list[Value], align: int, operation: str) -> Value:
    """One number for all lanes of some variables, in every lane of a vector."""
    lanes = e.lanes
    found = [e.take(f"load {lanes.type}, ptr {total}, align {align}") for total in totals]
    whole = found[0]
    for other in found[1:]:
        if operation == "fmax":
            whole = e.select(e.compare_lanes("ogt", other, whole), other, whole)
        else:
            whole = e.arithmetic(operation, whole, other)
    one = e.over_lanes(operation, whole)
    first = e.take(f"insertelement {lanes.type} poison, {lanes.scalar} {one}, i64 0")
    return e.take(
        f"shufflevector {lanes.type} {first}, {lanes.type} poison, <{lanes.count} x i32> "
        "zeroinitializer"
    )
