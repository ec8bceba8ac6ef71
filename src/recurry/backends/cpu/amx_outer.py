"""Sums of outer products of bfloat16 on the tiles of AMX: gradients by matrices.

Comes in: sizes of blocks. Goes out: the text of a module with `@outer` as in `outer`. Imports
emitter, machine, outer, pauses, tiles, tiling, turned.

A tile multiplies rows of one matrix with pairs of rows of the other: the numbers of a column of `a`
lie side by side in a row of a tile, so a stretch of its columns is turned on the way to the first
cache. Pairs of rows of `b` go to panels in the second. Missing rows and columns are zeros there.
"""

from recurry.backends.cpu import tiles
from recurry.backends.cpu.emitter import Emitter, Module, Value
from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.outer import copy_panels, read_fields, share_rows
from recurry.backends.cpu.pauses import write_denormals
from recurry.backends.cpu.tiling import Tiling
from recurry.backends.cpu.turned import COLUMNS, write_turn

# Rows of both matrices that are multiplied at once: columns of `a` for one tile after another fill
# most of a first cache of 48 kB.
DEPTH = 512
_HIGH = 2 * tiles.ROWS
# How far ahead panels are fetched from the second cache: one step.
_AHEAD_BYTES = 2 * tiles.BYTES


def write_tile_outer(machine: Machine, tiling: Tiling) -> str:
    """The text of the module; its scratch memory has room for `DEPTH` rows."""
    module = Module(machine, tiling.lanes)
    write_turn(module)
    _write_block(module, tiling)
    worker = module.function("outer", "ptr %frame", is_exported=True)
    with worker as e, write_denormals(e), tiles.ready_tiles(e):
        _write_outer(e, tiling)
    return str(module)


def _write_outer(e: Emitter, tiling: Tiling) -> None:
    """A stretch of terms at a time: copy `b`, then turn some columns of `a` and multiply."""
    f = read_fields(e)
    thread, first, last = share_rows(e, f, at_once=_HIGH)
    read = tiling.operand
    scratch = e.move(f["scratch"], e.multiply_int(thread, f["scratch_row"]), read)
    panel_of_a = e.variable(f"[{_HIGH * DEPTH} x {read}]", align=64)
    with e.loop("0", f["terms"], DEPTH) as term:
        now = e.smaller_int(e.subtract_int(f["terms"], term), DEPTH)
        whole = e.take(f"and i64 {e.add_int(now, tiles.TERMS - 1)}, {-tiles.TERMS}")
        is_added = e.truth(e.compare("sgt", term, 0))
        copy_panels(e, tiling, f, scratch, term, now, DEPTH)
        _clear_pairs(e, tiling, f, scratch, now, whole)
        with e.loop(first, last, _HIGH) as row:
            rows = e.smaller_int(e.subtract_int(last, row), _HIGH)
            a = e.move(e.move(f["a"], e.multiply_int(term, f["a_row"]), read), row, read)
            c = e.move(f["c"], e.multiply_int(row, f["c_row"]))
            e.put(
                f"call void @turn(ptr {a}, i64 {f['a_row']}, i64 {now}, i64 {rows}, "
                f"ptr {panel_of_a})"
            )
            with e.loop("0", f["panels"]) as panel:
                b = e.move(scratch, e.multiply_int(panel, DEPTH * tiling.units), read)
                into = e.move(c, e.multiply_int(panel, tiling.units))
                e.put(
                    f"call void @block(ptr {panel_of_a}, ptr {b}, i64 {whole}, ptr {into}, "
                    f"i64 {f['c_row']}, i64 {rows}, i64 {is_added})"
                )


def _clear_pairs(
    e: Emitter, tiling: Tiling, f: dict[str, Value], scratch: Value, terms: Value, whole: Value
) -> None:
    """Zeros behind the last pair of rows of `b`, up to a whole tile."""
    first = e.take(f"and i64 {e.add_int(terms, 1)}, -2")
    with e.loop("0", f["panels"]) as panel, e.loop(first, whole) as term:
        place = e.add_int(e.multiply_int(panel, DEPTH), term)
        target = e.move(scratch, e.multiply_int(place, tiling.units), tiling.operand)
        e.store(e.constant(0.0), target)


def _write_block(module: Module, tiling: Tiling) -> None:
    """`@block`: 32 rows of one block of units of `c`.

    Every stretch of terms has a sum of its own that is added to `c` when it is complete: the errors
    of rounding grow with the length of a stretch and their number, not with the product of both.
    """
    assert COLUMNS == _HIGH
    units, count = tiling.units, tiling.lanes.count
    parameters = "ptr %a, ptr %b, i64 %terms, ptr %c, i64 %c_row, i64 %rows, i64 %is_added"
    with module.function("block", parameters) as e:
        found = e.variable(f"[{_HIGH * units} x float]", align=64)
        for row in range(2):
            for column in range(2):
                tiles.clear(e, tiles.SUMS[row][column])
        with e.loop("0", "%terms", tiles.TERMS) as term:
            a = e.move("%a", e.multiply_int(term, _HIGH), tiling.operand)
            b = e.move("%b", e.multiply_int(term, units), tiling.operand)
            tiles.load_and_multiply(
                e,
                [(e.move(a, row * tiles.BYTES, "i8"), 64) for row in range(2)],
                [(e.move(b, column * 64, "i8"), 128) for column in range(2)],
            )
            for line in range(0, 2 * tiles.BYTES, 64):
                e.fetch(e.move(b, _AHEAD_BYTES + line, "i8"))
            row = e.divide_int(e.multiply_int(term, _HIGH), DEPTH)
            for number in range(-(-_HIGH * tiles.TERMS // DEPTH)):
                start = e.move("%c", e.multiply_int(e.add_int(row, number), "%c_row"))
                for column in range(2):
                    e.fetch(e.move(start, column * count))
        for row in range(2):
            for column in range(2):
                start = e.move(found, row * tiles.ROWS * units + column * count)
                tiles.store(e, tiles.SUMS[row][column], start, 4 * units)
        with e.loop("0", "%rows") as row:
            source = e.move(found, e.multiply_int(row, units))
            target = e.move("%c", e.multiply_int(row, "%c_row"))
            for column in range(2):
                into = e.move(target, column * count)
                value = e.load(e.move(source, column * count))
                is_added = e.take("icmp ne i64 %is_added, 0")
                before = _load_where(e, into, is_added)
                e.store(e.arithmetic("fadd", value, before), into)


def _load_where(e: Emitter, pointer: Value, condition: Value) -> Value:
    """A vector where a condition holds, else zeros."""
    kind, count = e.lanes.type, e.lanes.count
    one = e.take(f"insertelement <{count} x i1> poison, i1 {condition}, i64 0")
    mask = e.take(
        f"shufflevector <{count} x i1> {one}, <{count} x i1> poison, "
        f"<{count} x i32> zeroinitializer"
    )
    name = f"llvm.masked.load.{e.lanes.suffix}.p0"
    e.module.declare(name, kind, f"ptr, <{count} x i1>, {kind}")
    return e.take(
        f"call {kind} @{name}(ptr align 4 {pointer}, <{count} x i1> {mask}, {kind} zeroinitializer)"
    )
