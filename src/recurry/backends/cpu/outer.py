"""Products over all rows of a sequence: the gradients by matrices and by the input.

Comes in: sizes of blocks. Goes out: the text of a module with two workers that every thread runs:
`@outer`, c = sum over rows n of a[n]' * b[n], and `@multiply`, c = a * b with `b` in panels.
Imports emitter, machine, pauses, terms, tiling.

Matrices lie row by row; those that are multiplied may be bfloat16, whose rows `@outer` pairs on the
way. It copies stretches of some rows to panels, so that a tile of results stays in registers over
the stretch: columns of `b` to panels of one block of units in `scratch`, columns of `a`, as many as
a tile has rows, to a panel in the first cache. The rows are added in the same order for every
number of threads.
"""

from collections.abc import Callable

from recurry.backends.cpu.emitter import Emitter, Module, Value
from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.pauses import write_denormals
from recurry.backends.cpu.terms import (
    add_products,
    load_weights,
    pair_up,
    spread_terms,
)
from recurry.backends.cpu.tiles import ready_tiles
from recurry.backends.cpu.tiling import Tiling

# Entries of the frames of both workers.
FIELDS = (
    *("ticket", "threads", "products", "scratch", "scratch_row"),
    *("a", "a_row", "b", "b_row", "terms", "c", "c_row", "rows", "panels"),
)
_POINTERS = ("ticket", "products", "scratch", "a", "b", "c")
# Of `@multiply`: rows and terms whose operands stay in the second cache while panels pass by.
_ROWS_AT_ONCE, _TERMS_AT_ONCE = 48, 256
# The same of tiles, which need as much memory in the time of far fewer instructions.
_ROWS_OF_TILES = 128


def write_outer(machine: Machine, tiling: Tiling, *, has_tiles: bool = False) -> str:
    """The text of the module; what `@multiply` calls runs on tiles if so said."""
    module = Module(machine, tiling.lanes)
    for rows in range(1, tiling.rows + 1):
        _write_copy(module, tiling, rows)
        _write_tile(module, tiling, rows)
    with module.function("outer", "ptr %frame", is_exported=True) as e, write_denormals(e):
        _write_outer(e, tiling)
    worker = module.function("multiply", "ptr %frame", is_exported=True)
    with worker as e, write_denormals(e), ready_tiles(e, are_used=has_tiles):
        _write_multiply(e, tiling, _ROWS_OF_TILES if has_tiles else _ROWS_AT_ONCE)
    return str(module)


def read_fields(e: Emitter, names: tuple[str, ...] = FIELDS) -> dict[str, Value]:
    """The entries of the frame by name."""
    return {
        name: e.field("%frame", index, "ptr" if name in _POINTERS else "i64")
        for index, name in enumerate(names)
    }


def share_rows(e: Emitter, f: dict[str, Value], at_once: int = 1) -> tuple[Value, Value, Value]:
    """The number of this thread, its first row and the one after its last, some rows at once."""
    thread = e.take(f"atomicrmw add ptr {f['ticket']}, i64 1 acq_rel")
    parts = e.divide_int(e.add_int(f["rows"], at_once - 1), at_once)
    first, last = (
        e.multiply_int(e.divide_int(e.multiply_int(parts, number), f["threads"]), at_once)
        for number in (thread, e.add_int(thread, 1))
    )
    return thread, first, e.smaller_int(last, f["rows"])


def _write_multiply(e: Emitter, tiling: Tiling, at_once: int) -> None:
    """Some rows at a time, all panels, a stretch of terms at a time."""
    f = read_fields(e)
    _, first, last = share_rows(e, f)
    with e.loop(first, last, at_once) as row:
        rows = e.smaller_int(e.subtract_int(last, row), at_once)
        a = e.move(f["a"], e.multiply_int(row, f["a_row"]), tiling.operand)
        c = e.move(f["c"], e.multiply_int(row, f["c_row"]))
        with e.loop("0", f["terms"], _TERMS_AT_ONCE) as term:
            now = e.smaller_int(e.subtract_int(f["terms"], term), _TERMS_AT_ONCE)
            is_added = e.truth(e.compare("sgt", term, 0))
            e.put(
                f"call void {f['products']}(ptr {e.move(a, term, tiling.operand)}, "
                f"i64 {f['a_row']}, "
                f"ptr {e.move(f['b'], e.multiply_int(term, tiling.units), tiling.operand)}, "
                f"i64 {f['b_row']}, i64 {now}, ptr {c}, i64 {f['c_row']}, i64 {tiling.units}, "
                f"i64 {is_added}, i64 {rows}, i64 {f['panels']})"
            )


def _write_outer(e: Emitter, tiling: Tiling) -> None:
    """A stretch of terms at a time: copy `b`, then tile by tile copy `a` and multiply."""
    f = read_fields(e)
    thread, first, last = share_rows(e, f)
    read = tiling.operand
    scratch = e.move(f["scratch"], e.multiply_int(thread, f["scratch_row"]), read)
    panel_of_a = e.variable(f"[{tiling.rows * tiling.stretch} x {read}]", align=64)
    with e.loop("0", f["terms"], tiling.stretch) as term:
        now = e.smaller_int(e.subtract_int(f["terms"], term), tiling.stretch)
        is_added = e.truth(e.compare("sgt", term, 0))
        copy_panels(e, tiling, f, scratch, term, now, tiling.stretch)
        with e.loop(first, last, tiling.rows) as row:
            rows = e.smaller_int(e.subtract_int(last, row), tiling.rows)
            a = e.move(e.move(f["a"], e.multiply_int(term, f["a_row"]), read), row, read)
            given = f"ptr {a}, i64 {f['a_row']}, i64 {now}, ptr {panel_of_a}"
            e.switch(rows, {n: f"call void @copy_{n}({given})" for n in range(1, tiling.rows + 1)})
            c = e.move(f["c"], e.multiply_int(row, f["c_row"]))
            with e.loop("0", f["panels"]) as panel:
                b = e.move(scratch, e.multiply_int(panel, tiling.stretch * tiling.units), read)
                into = e.move(c, e.multiply_int(panel, tiling.units))
                given = (
                    f"ptr {panel_of_a}, ptr {b}, i64 {now}, ptr {into}, i64 {f['c_row']}, "
                    f"i64 {is_added}"
                )
                e.switch(
                    rows, {n: f"call void @tile_{n}({given})" for n in range(1, tiling.rows + 1)}
                )


def copy_panels(
    e: Emitter,
    tiling: Tiling,
    f: dict[str, Value],
    scratch: Value,
    term: Value,
    terms: Value,
    apart: Value | int,
) -> None:
    """Rows of `b` from `term` on, to panels of one block of units, so many terms apart."""
    read, count = tiling.operand, tiling.lanes.count

    def copy(panel: Value, number: Value, rows: int) -> None:
        start = e.move(f["b"], e.multiply_int(panel, tiling.units), read)
        source = e.move(start, e.multiply_int(e.add_int(term, number), f["b_row"]), read)
        place = e.add_int(e.multiply_int(panel, apart), number)
        target = e.move(scratch, e.multiply_int(place, tiling.units), read)
        for vector in range(tiling.vectors):
            into = e.move(target, vector * count)
            _copy_rows(e, tiling, source, f["b_row"], rows, into, vector * count, count)

    with e.loop("0", f["panels"]) as panel:
        _each_term(e, tiling, terms, lambda number, rows: copy(panel, number, rows))


def _each_term(
    e: Emitter, tiling: Tiling, terms: Value, write: Callable[[Value, int], None]
) -> None:
    """Write a part for each term, or for each pair and for a last one alone."""
    whole = e.take(f"and i64 {terms}, {-tiling.terms}")
    with e.loop("0", whole, tiling.terms) as number:
        write(number, tiling.terms)
    if tiling.is_rounded:
        with e.when(e.compare("ne", whole, terms)):
            write(whole, 1)


def _copy_rows(
    e: Emitter,
    tiling: Tiling,
    source: Value,
    apart: Value,
    rows: int,
    target: Value,
    column: int,
    count: int,
) -> None:
    """Some numbers of a row as they are, or of two rows as pairs."""
    low = e.move(source, column, tiling.operand)
    if tiling.is_rounded:
        high = e.move(low, apart, tiling.operand) if rows == 2 else None
        pairs = pair_up(e, low, high, count)
        e.put(f"store <{count} x i32> {pairs}, ptr {target}, align 4")
        return
    kind, align = f"<{count} x {tiling.lanes.scalar}>", tiling.lanes.bytes
    numbers = e.take(f"load {kind}, ptr {low}, align {align}")
    e.put(f"store {kind} {numbers}, ptr {target}, align {align}")


def _write_copy(module: Module, tiling: Tiling, rows: int) -> None:
    """`@copy_R`: R numbers of each of some rows, side by side."""
    parameters = "ptr %a, i64 %a_row, i64 %terms, ptr %into"
    with module.function(f"copy_{rows}", parameters) as e:

        def copy(number: Value, count: int) -> None:
            source = e.move("%a", e.multiply_int(number, "%a_row"), tiling.operand)
            target = e.move("%into", e.multiply_int(number, rows), tiling.operand)
            _copy_rows(e, tiling, source, "%a_row", count, target, 0, rows)

        _each_term(e, tiling, "%terms", copy)


def _write_tile(module: Module, tiling: Tiling, rows: int) -> None:
    """`@tile_R`: R rows of one block of units of `c`, all in registers.

    Every stretch of terms has a sum of its own that is added to `c` when it is complete: the errors
    of rounding grow with the length of a stretch and their number, not with the product of both.
    """
    kind, align = tiling.lanes.type, tiling.lanes.count * tiling.lanes.bytes
    parameters = "ptr %a, ptr %b, i64 %terms, ptr %c, i64 %c_row, i64 %is_added"
    with module.function(f"tile_{rows}", parameters) as e:
        places = [(row, vector) for row in range(rows) for vector in range(tiling.vectors)]
        totals = {place: e.variable(kind, e.constant(0.0), align=align) for place in places}
        starts = [e.move("%c", e.multiply_int("%c_row", row)) for row in range(rows)]
        outs = {(r, v): e.move(starts[r], v * tiling.lanes.count) for r, v in places}
        with e.loop("0", "%terms", tiling.terms) as term:
            a = e.move("%a", e.multiply_int(term, rows), tiling.operand)
            b = e.move("%b", e.multiply_int(term, tiling.units), tiling.operand)
            weights = [
                load_weights(e, tiling, e.move(b, v * tiling.lanes.count))
                for v in range(tiling.vectors)
            ]
            for row in range(rows):
                numbers = spread_terms(e, tiling, e.move(a, row))
                for vector, weight in enumerate(weights):
                    total = totals[row, vector]
                    now = e.take(f"load {kind}, ptr {total}, align {align}")
                    grown = add_products(e, tiling, numbers, weight, now)
                    e.put(f"store {kind} {grown}, ptr {total}, align {align}")
        with e.when(e.compare("ne", "%is_added", 0)):
            for place, out in outs.items():
                now = e.take(f"load {kind}, ptr {totals[place]}, align {align}")
                grown = e.arithmetic("fadd", e.load(out), now)
                e.put(f"store {kind} {grown}, ptr {totals[place]}, align {align}")
        for place, out in outs.items():
            e.store(e.take(f"load {kind}, ptr {totals[place]}, align {align}"), out)
