"""Blocks of rows that are copied, widened with zeros, or added up: what lies around a kernel.

Comes in: sizes of vectors. Goes out: the text of a module with two workers that every thread runs:
`@copy`, target[to[n]] = source[from[n]] and zeros behind it, and `@add`, target[n] (+)= the sum of
several source[n]. Imports emitter, machine, pauses, tiling.
"""

from recurry.backends.cpu.emitter import Emitter, Module, Value
from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.pauses import write_denormals
from recurry.backends.cpu.tiling import Tiling

# Entries of the frames. Of `@copy`, `source_row` and the like count bytes, and of every row the
# first `used` bytes come from the source and zeros follow up to `whole` bytes.
COPY_FIELDS = (
    *("ticket", "threads", "source", "source_row", "from", "target", "target_row", "to"),
    *("rows", "used", "whole"),
)
# Of `@add`, they count numbers: `count` rows that lie `apart` make one row of the target.
ADD_FIELDS = (
    *("ticket", "threads", "source", "source_row", "apart", "count"),
    *("target", "target_row", "rows", "width", "is_added"),
)
_POINTERS = ("ticket", "source", "from", "target", "to")
_LINE_BYTES = 64


def write_blocks(machine: Machine, tiling: Tiling) -> str:
    """The text of the module."""
    module = Module(machine, tiling.lanes)
    with module.function("copy", "ptr %frame", is_exported=True) as e:
        _write_copy(e)
    with module.function("add", "ptr %frame", is_exported=True) as e, write_denormals(e):
        _write_add(e)
    return str(module)


def _begin(e: Emitter, names: tuple[str, ...]) -> tuple[dict[str, Value], Value, Value]:
    """The entries of a frame, and the first row of this thread and the one after its last."""
    f = {
        name: e.field("%frame", index, "ptr" if name in _POINTERS else "i64")
        for index, name in enumerate(names)
    }
    thread = e.take(f"atomicrmw add ptr {f['ticket']}, i64 1 acq_rel")
    first, last = (
        e.divide_int(e.multiply_int(f["rows"], number), f["threads"])
        for number in (thread, e.add_int(thread, 1))
    )
    return f, first, last


def _write_copy(e: Emitter) -> None:
    """Row after row: whole cache lines, then what is left in pieces of two bytes."""
    f, first, last = _begin(e, COPY_FIELDS)
    with e.loop(first, last) as row:
        come = e.multiply_int(e.field(f["from"], row), f["source_row"])
        go = e.multiply_int(e.field(f["to"], row), f["target_row"])
        source, target = e.move(f["source"], come, "i8"), e.move(f["target"], go, "i8")
        for kind, size in (("<16 x i32>", _LINE_BYTES), ("i16", 2)):
            begin = "0" if size > 2 else e.take(f"and i64 {f['used']}, {-_LINE_BYTES}")
            end = e.take(f"and i64 {f['used']}, {-size}")
            with e.loop(begin, end, size) as at:
                value = e.take(f"load {kind}, ptr {e.move(source, at, 'i8')}, align 2")
                e.put(f"store {kind} {value}, ptr {e.move(target, at, 'i8')}, align 2")
        with e.loop(f["used"], f["whole"], 2) as at:
            e.put(f"store i16 0, ptr {e.move(target, at, 'i8')}, align 2")


def _write_add(e: Emitter) -> None:
    """Row after row: whole vectors, then number by number."""
    lanes = e.lanes
    f, first, last = _begin(e, ADD_FIELDS)
    with e.loop(first, last) as row:
        source = e.move(f["source"], e.multiply_int(row, f["source_row"]))
        target = e.move(f["target"], e.multiply_int(row, f["target_row"]))
        whole = e.take(f"and i64 {f['width']}, {-lanes.count}")
        for kind, begin, end, size in (
            (lanes.type, "0", whole, lanes.count),
            (lanes.scalar, whole, f["width"], 1),
        ):
            with e.loop(begin, end, size) as at:
                _add_one(e, f, kind, e.move(source, at), e.move(target, at))


def _add_one(e: Emitter, f: dict[str, Value], kind: str, source: Value, target: Value) -> None:
    """One vector or number of a row of the target."""
    lanes = e.lanes
    align = lanes.count * lanes.bytes
    zero = e.constant(0.0) if kind == lanes.type else "0.0"
    total = e.variable(kind, align=align)
    e.put(f"store {kind} {zero}, ptr {total}, align {align}")
    with e.when(e.compare("ne", f["is_added"], 0)):
        before = e.take(f"load {kind}, ptr {target}, align {lanes.bytes}")
        e.put(f"store {kind} {before}, ptr {total}, align {align}")
    with e.loop("0", f["count"]) as number:
        place = e.move(source, e.multiply_int(number, f["apart"]))
        value = e.take(f"load {kind}, ptr {place}, align {lanes.bytes}")
        now = e.take(f"load {kind}, ptr {total}, align {align}")
        sum_ = e.take(f"fadd {kind} {now}, {value}")
        e.put(f"store {kind} {sum_}, ptr {total}, align {align}")
    found = e.take(f"load {kind}, ptr {total}, align {align}")
    e.put(f"store {kind} {found}, ptr {target}, align {lanes.bytes}")
