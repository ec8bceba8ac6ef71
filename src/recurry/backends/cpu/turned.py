"""Columns of a matrix of 16-bit numbers laid out as rows of tiles.

Comes in: a module. Goes out: `@turn` in it. Imports emitter, tiles.

Eight by eight numbers are turned in each quarter of a register: a register begins as eight columns
of four rows, eight rows apart, and three rounds of exchanges make of eight such registers one for
each column with 32 rows.
"""

from recurry.backends.cpu import tiles
from recurry.backends.cpu.emitter import Emitter, Module, Value

# Columns that are turned at once: two tiles of rows.
COLUMNS = 2 * tiles.ROWS
_KIND = f"<{tiles.TERMS} x i16>"
_PART = 8
# The column that the exchanges leave in each register: its number with the bits in reverse.
_TURNED = (0, 4, 2, 6, 1, 5, 3, 7)
_PARAMETERS = "ptr %a, i64 %a_row, i64 %terms, i64 %columns, ptr %into"


def write_turn(module: Module) -> None:
    """`@turn(a, a_row, terms, columns, into)`: at most 32 columns of `terms` rows, 32 rows a step.

    A step is two tiles: of the first 16 columns, and of the others. What is missing is zeros.
    """
    with module.function("turn_whole", "ptr %a, i64 %a_row, ptr %into") as e:
        for row in range(tiles.TERMS):
            beside = e.move("%a", e.add_int(e.multiply_int("%a_row", row), COLUMNS), "i16")
            e.fetch(beside)
        for first in range(0, COLUMNS, _PART):
            _turn_part(e, first)
    with module.function("turn_part", _PARAMETERS) as e:
        buffer = e.variable(f"[{COLUMNS * tiles.TERMS} x i16]", align=64)
        _copy_part(e, buffer)
        e.put(f"call void @turn_whole(ptr {buffer}, i64 {COLUMNS}, ptr %into)")
    with module.function("turn", _PARAMETERS) as e, e.loop("0", "%terms", tiles.TERMS) as term:
        a = e.move("%a", e.multiply_int(term, "%a_row"), "i16")
        into = e.move("%into", e.multiply_int(term, COLUMNS), "i16")
        left = e.smaller_int(e.subtract_int("%terms", term), tiles.TERMS)
        is_whole = e.compare("eq", e.add_int(left, "%columns"), tiles.TERMS + COLUMNS)
        part = f"ptr {a}, i64 %a_row, i64 {left}, i64 %columns, ptr {into}"
        calls = {
            1: f"call void @turn_whole(ptr {a}, i64 %a_row, ptr {into})",
            0: f"call void @turn_part({part})",
        }
        e.switch(e.truth(is_whole), calls)


def _copy_part(e: Emitter, buffer: Value) -> None:
    """The rows and columns that there are, among zeros."""
    name = f"llvm.masked.load.v{COLUMNS}i16.p0"
    e.module.declare(name, _KIND, f"ptr, <{COLUMNS} x i1>, {_KIND}")
    one = e.take(f"insertelement {_KIND} poison, i16 {e.take('trunc i64 %columns to i16')}, i64 0")
    limit = e.take(
        f"shufflevector {_KIND} {one}, {_KIND} poison, <{COLUMNS} x i32> zeroinitializer"
    )
    numbers = ", ".join(f"i16 {number}" for number in range(COLUMNS))
    mask = e.take(f"icmp ult {_KIND} <{numbers}>, {limit}")
    with e.loop("0", "%terms") as row:
        source = e.move("%a", e.multiply_int(row, "%a_row"), "i16")
        found = e.take(
            f"call {_KIND} @{name}(ptr align 2 {source}, <{COLUMNS} x i1> {mask}, "
            f"{_KIND} zeroinitializer)"
        )
        into = e.move(buffer, e.multiply_int(row, COLUMNS), "i16")
        e.put(f"store {_KIND} {found}, ptr {into}, align 64")
    with e.loop("%terms", str(tiles.TERMS)) as row:
        into = e.move(buffer, e.multiply_int(row, COLUMNS), "i16")
        e.put(f"store {_KIND} zeroinitializer, ptr {into}, align 64")


def _turn_part(e: Emitter, first: int) -> None:
    """Eight columns of 32 rows: rows of a tile."""
    registers = [_gather(e, first, row) for row in range(_PART)]
    for bits in (16, 32, 64):
        registers = _exchange(e, registers, bits)
    for column, register in zip(_TURNED, registers, strict=True):
        tile, row = divmod(first + column, tiles.ROWS)
        place = e.move("%into", (tile * tiles.ROWS + row) * tiles.TERMS, "i16")
        e.put(f"store {_KIND} {register}, ptr {place}, align 64")


def _gather(e: Emitter, first: int, row: int) -> Value:
    """Eight columns of four rows that are eight rows apart."""
    parts = []
    for quarter in range(tiles.TERMS // _PART):
        start = e.move("%a", e.multiply_int("%a_row", quarter * _PART + row), "i16")
        parts.append(e.take(f"load <8 x i16>, ptr {e.move(start, first, 'i16')}, align 2"))
    width = _PART
    while len(parts) > 1:
        numbers = ", ".join(f"i32 {number}" for number in range(2 * width))
        parts = [
            e.take(
                f"shufflevector <{width} x i16> {low}, <{width} x i16> {high}, "
                f"<{2 * width} x i32> <{numbers}>"
            )
            for low, high in zip(parts[::2], parts[1::2], strict=True)
        ]
        width *= 2
    return parts[0]


def _exchange(e: Emitter, registers: list[Value], bits: int) -> list[Value]:
    """One round: of two registers the lower halves of all quarters, and the upper ones.

    Neighbours in the list meet first; then those that have become neighbours in a column.
    """
    found: list[Value] = [""] * len(registers)
    apart = bits // 16
    for low in range(len(registers)):
        if low & apart:
            continue
        both = (registers[low], registers[low | apart])
        found[low], found[low | apart] = (_interleave(e, both, bits, half) for half in (0, 1))
    return found


def _interleave(e: Emitter, both: tuple[Value, Value], bits: int, half: int) -> Value:
    """Numbers of two registers by turns, from one half of each quarter."""
    count, quarter = 512 // bits, 128 // bits
    kind = f"<{count} x i{bits}>"
    low, high = (e.take(f"bitcast {_KIND} {one} to {kind}") for one in both)
    places = [
        start + half * quarter // 2 + number + side * count
        for start in range(0, count, quarter)
        for number in range(quarter // 2)
        for side in (0, 1)
    ]
    mask = ", ".join(f"i32 {place}" for place in places)
    mixed = e.take(f"shufflevector {kind} {low}, {kind} {high}, <{count} x i32> <{mask}>")
    return e.take(f"bitcast {kind} {mixed} to {_KIND}")
