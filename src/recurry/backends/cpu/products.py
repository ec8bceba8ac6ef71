"""Matrix products on packed weights: a few rows at a time, accumulators in registers.

Comes in: sizes of blocks. Goes out: the text of a module with `@products`, which multiplies rows of
operands with panels of weights. Imports emitter, machine, terms, tiling.

A panel holds one block of units: for every term of the sum, one number a unit, side by side; of
bfloat16, for every pair of terms a pair a unit, where a last odd term is paired with zeros.
The order of the terms is the same for every number of rows, so that no result depends on the batch.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from recurry.backends.cpu.emitter import Emitter, Module, Value
from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.terms import (
    add_products,
    load_weights,
    spread_last,
    spread_terms,
)
from recurry.backends.cpu.tiling import Tiling

PARAMETERS = (
    "ptr %a, i64 %a_row, ptr %b, i64 %b_panel, i64 %terms, "
    "ptr %c, i64 %c_row, i64 %c_panel, i64 %is_added"
)
ARGUMENTS = (
    "ptr {a}, i64 %a_row, ptr {b}, i64 %b_panel, i64 %terms, "
    "ptr {c}, i64 %c_row, i64 %c_panel, i64 %is_added"
)

# Of a tile: where it begins, and which weights it asks for meanwhile.
_TILE = f"{PARAMETERS}, ptr %ahead"
_LINE_BYTES = 64
# Rows up to which a tile is waiting for its own weights and asks for no others.
_FEW = 2


def write_products(machine: Machine, tiling: Tiling) -> str:
    """The text of a module with `@products`."""
    module = Module(machine, tiling.lanes)
    add_products_function(module, tiling, "products", is_exported=True)
    return str(module)


def add_products_function(
    module: Module, tiling: Tiling, name: str, *, is_exported: bool = False
) -> None:
    """Write a function of all the names in `PARAMETERS` and the numbers of `rows` and `panels`.

    For each of some panels and rows, `c[row] (+)= sum over terms of a[row, term] * b[term]`; rows
    of `a` and `c` are `a_row` and `c_row` numbers apart, panels of `b` and `c` `b_panel` and
    `c_panel`.
    """
    for rows in range(1, tiling.rows + 1):
        for panels in range(1, tiling.panels(rows) + 1):
            _write_tile(module, tiling, rows, panels)
    parameters = f"{PARAMETERS}, i64 %rows, i64 %panels"
    with module.function(name, parameters, is_exported=is_exported) as e:
        few, many, end = (e.new_label(stem) for stem in ("few", "many", "done"))
        e.branch(e.compare("sle", "%rows", tiling.paired_rows), few, many)
        e.label(few)
        _few_rows(e, tiling)
        e.put(f"br label %{end}")
        e.label(many)
        _many_rows(e, tiling)
        e.put(f"br label %{end}")
        e.label(end)


def _few_rows(e: Emitter, tiling: Tiling) -> None:
    """One tile of all rows, and as many panels at once as it can take."""
    limits = {rows: tiling.panels(rows) for rows in range(1, tiling.paired_rows + 1)}
    limit = "1"
    for rows, panels in limits.items():
        limit = e.take(f"select i1 {e.compare('eq', '%rows', rows)}, i64 {panels}, i64 {limit}")
    with e.loop("0", "%panels", limit) as panel:
        b, c = _panel(e, tiling, panel)
        now = e.smaller_int(e.subtract_int("%panels", panel), limit)
        width = max(limits.values()) + 1
        case = e.add_int(e.multiply_int("%rows", width), now)
        given = ARGUMENTS.format(a="%a", b=b, c=c)
        cases = {
            rows * width + panels: _call(rows, panels, given, b)
            for rows, most_panels in limits.items()
            for panels in range(1, most_panels + 1)
        }
        e.switch(case, cases)


def _many_rows(e: Emitter, tiling: Tiling) -> None:
    """Two panels at a time, then a last one alone; each alone where two are too much for the
    registers, as they are with 16 of them: a tile that spills takes twice as long."""
    if not tiling.is_paired:
        with e.loop("0", "%panels") as panel:
            _all_terms(e, tiling, panel, panels=1, most=tiling.rows)
        return
    pairs = e.take("and i64 %panels, -2")
    with e.loop("0", pairs, 2) as panel:
        _all_terms(e, tiling, panel, panels=2, most=tiling.paired_rows)
    with e.when(e.compare("ne", pairs, "%panels")):
        _all_terms(e, tiling, pairs, panels=1, most=tiling.rows)


def _panel(e: Emitter, tiling: Tiling, panel: Value) -> tuple[Value, Value]:
    """Where a panel of weights and one of sums begin."""
    b = e.move("%b", e.multiply_int(panel, "%b_panel"), tiling.operand)
    return b, e.move("%c", e.multiply_int(panel, "%c_panel"))


def _all_terms(e: Emitter, tiling: Tiling, panel: Value, *, panels: int, most: int) -> None:
    """A stretch of terms at a time, whose weights stay in the first cache for all rows."""
    start, c = _panel(e, tiling, panel)
    with e.loop("0", "%terms", tiling.depth) as term:
        now = e.smaller_int(e.subtract_int("%terms", term), tiling.depth)
        is_added = e.truth(e.compare("ne", e.add_int("%is_added", term), 0))
        a = e.move("%a", term, tiling.operand)
        b = e.move(start, e.multiply_int(term, tiling.units), tiling.operand)
        with _each_tile(e, most) as (tile, row, rows):
            # A tile asks for one of the panels that follow, until all are on their way.
            number = e.add_int(e.smaller_int(tile, panels - 1), panels)
            given = ARGUMENTS.format(
                a=e.move(a, e.multiply_int(row, "%a_row"), tiling.operand),
                b=b,
                c=e.move(c, e.multiply_int(row, "%c_row")),
            )
            given = given.replace("%terms", now).replace("%is_added", is_added)
            ahead = e.move(b, e.multiply_int(number, "%b_panel"), tiling.operand)
            e.switch(rows, {n: _call(n, panels, given, ahead) for n in range(1, most + 1)})


@contextmanager
def _each_tile(e: Emitter, most: int) -> Iterator[tuple[Value, Value, Value]]:
    """Tiles of nearly equal numbers of rows: the number of a tile, its first row, its rows."""
    tiles = e.divide_int(e.add_int("%rows", most - 1), str(most))
    least = e.divide_int("%rows", tiles)
    larger = e.subtract_int("%rows", e.multiply_int(least, tiles))
    row = e.variable("i64")
    e.put(f"store i64 0, ptr {row}, align 8")
    with e.loop("0", tiles) as tile:
        now = e.add_int(least, e.truth(e.compare("slt", tile, larger)))
        at = e.take(f"load i64, ptr {row}, align 8")
        yield tile, at, now
        e.put(f"store i64 {e.add_int(at, now)}, ptr {row}, align 8")


def _call(rows: int, panels: int, given: str, ahead: Value) -> str:
    return f"call void @tile_{rows}_{panels}({given}, ptr {ahead})"


def _write_tile(module: Module, tiling: Tiling, rows: int, panels: int) -> None:
    """`@tile_R_P`: all accumulators of R rows and P panels in registers."""
    kind, align = tiling.lanes.type, tiling.lanes.count * tiling.lanes.bytes
    with module.function(f"tile_{rows}_{panels}", _TILE) as e:
        places = [
            (row, panel, vector)
            for row in range(rows)
            for panel in range(panels)
            for vector in range(tiling.vectors)
        ]
        totals = {place: e.variable(kind, e.constant(0.0), align=align) for place in places}
        starts = {
            (row, panel): e.move(
                e.move("%c", e.multiply_int("%c_panel", panel)), e.multiply_int("%c_row", row)
            )
            for row, panel, vector in places
            if vector == 0
        }
        outs = {
            (row, panel, vector): e.move(starts[row, panel], vector * tiling.lanes.count)
            for row, panel, vector in places
        }
        with e.when(e.compare("ne", "%is_added", 0)):
            for place, out in outs.items():
                e.put(f"store {kind} {e.load(out)}, ptr {totals[place]}, align {align}")
        kind_read = tiling.operand
        a = [e.move("%a", e.multiply_int("%a_row", row), kind_read) for row in range(rows)]
        b = [e.move("%b", e.multiply_int("%b_panel", p), kind_read) for p in range(panels)]
        is_small = rows * panels * tiling.vectors * tiling.terms <= 12
        unrolled = 4 if is_small else 1
        together = e.take(f"and i64 %terms, {-unrolled * tiling.terms}")
        whole = e.take(f"and i64 %terms, {-tiling.terms}")
        with e.loop("0", together, unrolled * tiling.terms) as term:
            for ahead in range(unrolled):
                _add_terms(e, tiling, a, b, totals, e.add_int(term, ahead * tiling.terms))
        with e.loop(together, whole, tiling.terms) as term:
            _add_terms(e, tiling, a, b, totals, term)
        if tiling.is_rounded:
            with e.when(e.compare("ne", whole, "%terms")):
                _add_terms(e, tiling, a, b, totals, whole, is_last=True)
        for place, out in outs.items():
            e.store(e.take(f"load {kind}, ptr {totals[place]}, align {align}"), out)


def _add_terms(
    e: Emitter,
    tiling: Tiling,
    a: list[Value],
    b: list[Value],
    totals: dict[tuple[int, int, int], Value],
    term: Value,
    *,
    is_last: bool = False,
) -> None:
    """One multiply-add for every accumulator; `is_last` for a term that has no second to pair."""
    kind, align = tiling.lanes.type, tiling.lanes.count * tiling.lanes.bytes
    start = e.multiply_int(term, tiling.units)
    starts = [e.move(pointer, start, tiling.operand) for pointer in b]
    weights = {
        (panel, vector): load_weights(e, tiling, e.move(pointer, vector * tiling.lanes.count))
        for panel, pointer in enumerate(starts)
        for vector in range(tiling.vectors)
    }
    if len(a) > _FEW:
        _fetch(e, tiling, e.move("%ahead", start, tiling.operand))
    for row, pointer in enumerate(a):
        at = e.move(pointer, term, tiling.operand)
        numbers = spread_last(e, at) if is_last else spread_terms(e, tiling, at)
        for (panel, vector), weight in weights.items():
            total = totals[row, panel, vector]
            now = e.take(f"load {kind}, ptr {total}, align {align}")
            grown = add_products(e, tiling, numbers, weight, now)
            e.put(f"store {kind} {grown}, ptr {total}, align {align}")


def _fetch(e: Emitter, tiling: Tiling, pointer: Value) -> None:
    """Ask for the weights of one term, which will come from a slower cache."""
    e.module.declare("llvm.prefetch.p0", "void", "ptr, i32, i32, i32")
    for line in range(0, tiling.units * tiling.terms * tiling.operand_bytes, _LINE_BYTES):
        place = e.move(pointer, line, "i8")
        e.put(f"call void @llvm.prefetch.p0(ptr {place}, i32 0, i32 2, i32 1)")
