"""Rows added up by symbol: the gradient of rows that many steps have read.

Comes in: sizes of blocks. Goes out: the text of a module with one worker that every thread runs:
`@add_picked`, c[picks[n]] += a[n] for one row n after the other. Imports emitter, machine, pauses,
terms, tiling.

Threads share columns, so every sum is made in the order of the rows whatever their number.
"""

from recurry.backends.cpu.emitter import Emitter, Module
from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.pauses import write_denormals
from recurry.backends.cpu.terms import load_operand
from recurry.backends.cpu.tiling import Tiling

FIELDS = ("ticket", "threads", "a", "a_row", "picks", "terms", "c", "c_row", "panels")
_POINTERS = ("ticket", "a", "picks", "c")
# Panels added in one walk over the rows: of a hundred symbols, what they fill stays in the second
# cache, and a row of `a` is still read in stretches that are worth fetching ahead.
_PANELS_AT_ONCE = 8


def write_picked(machine: Machine, tiling: Tiling) -> str:
    """The text of the module."""
    module = Module(machine, tiling.lanes)
    with module.function("add_picked", "ptr %frame", is_exported=True) as e, write_denormals(e):
        _write_add(e, tiling)
    return str(module)


def _write_add(e: Emitter, tiling: Tiling) -> None:
    """Some columns at a time, all rows."""
    f = {
        name: e.field("%frame", index, "ptr" if name in _POINTERS else "i64")
        for index, name in enumerate(FIELDS)
    }
    thread = e.take(f"atomicrmw add ptr {f['ticket']}, i64 1 acq_rel")
    first, last = (
        e.divide_int(e.multiply_int(f["panels"], number), f["threads"])
        for number in (thread, e.add_int(thread, 1))
    )
    with e.loop(first, last, _PANELS_AT_ONCE) as panel:
        column = e.multiply_int(panel, tiling.units)
        left = e.smaller_int(e.subtract_int(last, panel), _PANELS_AT_ONCE)
        width = e.multiply_int(left, tiling.units)
        source, target = e.move(f["a"], column, tiling.operand), e.move(f["c"], column)
        with e.loop("0", f["terms"]) as row:
            one = e.move(source, e.multiply_int(row, f["a_row"]), tiling.operand)
            pick = e.field(f["picks"], row)
            total = e.move(target, e.multiply_int(pick, f["c_row"]))
            with e.loop("0", width, tiling.units) as start:
                for vector in range(tiling.vectors):
                    at = e.add_int(start, vector * tiling.lanes.count)
                    place = e.move(total, at)
                    value = load_operand(e, tiling, e.move(one, at, tiling.operand))
                    e.store(e.arithmetic("fadd", e.load(place), value), place)
