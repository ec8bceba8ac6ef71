"""Products of bfloat16 on the tiles of AMX: 16 rows, 16 units and 32 terms by one instruction.

Comes in: sizes of blocks. Goes out: the text of a module with `@products` as in `products`, whether
the operating system lets this process use tiles, and whether they give what vectors give. Imports
torch, emitter, machine, products, tiling.

A block of units is two tiles of weights wide, and up to 32 rows are two tiles high: four tiles of
sums, two of rows, two of weights, with fixed numbers. Panels of pairs are tiles as they lie. Fewer
rows are tiles of fewer rows, so that a row gives the same bits among few others as among many;
terms that fill no tile are left to vectors.
"""

import ctypes
import sys
from functools import lru_cache

import torch

from recurry.backends.cpu.emitter import Emitter, Module, Value
from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.products import ARGUMENTS, PARAMETERS, add_products_function
from recurry.backends.cpu.tiling import Tiling

# Rows of a tile; terms in a row of it, which are 64 bytes.
_ROWS, _TERMS = 16, 32
# Numbers of tiles: sums by row of tiles and column, rows of operands, columns of weights.
_SUMS, _OPERANDS, _WEIGHTS = ((0, 1), (2, 3)), (4, 5), (6, 7)
# Of the system call: arch_prctl, "ask for a part of the state", the tiles' data.
_ARCH_PRCTL, _ASK, _TILE_DATA = 158, 0x1023, 18


@lru_cache(maxsize=1)
def ask_for_tiles() -> bool:
    """Whether this process may use tiles: Linux saves their state only for those that ask."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return ctypes.CDLL(None).syscall(_ARCH_PRCTL, _ASK, _TILE_DATA) == 0
    except (OSError, AttributeError):
        return False


def give_the_same(first: int, second: int, tiling: Tiling) -> bool:
    """Whether two functions at these addresses, both `products`, agree on some numbers."""
    random = torch.Generator().manual_seed(1)
    rows, terms, panels = 3 * _ROWS + 5, 2 * _TERMS + 7, 3
    a = torch.randn(rows, terms, generator=random).bfloat16()
    numbers = (terms + 1) * tiling.units
    b = torch.randn(panels, numbers, generator=random).bfloat16()
    found = [torch.ones(panels, rows, tiling.units) for _ in range(2)]
    kinds = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, *[ctypes.c_int64] * 2]
    kinds += [ctypes.c_void_p, *[ctypes.c_int64] * 5]
    for address, c in zip((first, second), found, strict=True):
        given = (a.data_ptr(), terms, b.data_ptr(), numbers, terms)
        into = (c.data_ptr(), c.stride(1), c.stride(0), 1, rows, panels)
        ctypes.CFUNCTYPE(None, *kinds)(address)(*given, *into)
    return torch.allclose(*found, rtol=1e-4, atol=1e-4)


def write_tile_products(machine: Machine, tiling: Tiling) -> str:
    """The text of the module."""
    module = Module(machine, tiling.lanes)
    add_products_function(module, tiling, "products_of_vectors")
    for height in (1, 2):
        _write_tiles(module, tiling, height)
    parameters = f"{PARAMETERS}, i64 %rows, i64 %panels"
    with module.function("products", parameters, is_exported=True) as e:
        _write_products(e, tiling)
    return str(module)


def _write_products(e: Emitter, tiling: Tiling) -> None:
    """Whole pairs of tiles, a last one or two tiles of fewer rows, then the terms that are left."""
    whole = e.take(f"and i64 %terms, {-_TERMS}")
    with e.when(e.compare("ne", whole, 0)):
        large = e.take(f"and i64 %rows, {-2 * _ROWS}")
        _configure(e, str(_ROWS))
        with e.loop("0", large, 2 * _ROWS) as row:
            _each_panel(e, tiling, 2, row, whole)
        with e.when(e.compare("sge", e.subtract_int("%rows", large), _ROWS)):
            _each_panel(e, tiling, 1, large, whole)
        full = e.take(f"and i64 %rows, {-_ROWS}")
        with e.when(e.compare("ne", full, "%rows")):
            _configure(e, e.subtract_int("%rows", full))
            _each_panel(e, tiling, 1, full, whole)
        _tile(e, "tilerelease")
    with e.when(e.compare("ne", whole, "%terms")):
        is_added = e.truth(e.compare("ne", e.add_int(whole, "%is_added"), 0))
        given = ARGUMENTS.format(
            a=e.move("%a", whole, tiling.operand),
            b=e.move("%b", e.multiply_int(whole, tiling.units), tiling.operand),
            c="%c",
        )
        given = given.replace("%terms", e.subtract_int("%terms", whole))
        given = given.replace("i64 %is_added", f"i64 {is_added}")
        e.put(f"call void @products_of_vectors({given}, i64 %rows, i64 %panels)")


def _each_panel(e: Emitter, tiling: Tiling, height: int, row: Value, terms: Value) -> None:
    """Some rows of tiles, panel after panel."""
    a = e.move("%a", e.multiply_int(row, "%a_row"), tiling.operand)
    start = e.move("%c", e.multiply_int(row, "%c_row"))
    with e.loop("0", "%panels") as panel:
        b = e.move("%b", e.multiply_int(panel, "%b_panel"), tiling.operand)
        c = e.move(start, e.multiply_int(panel, "%c_panel"))
        given = ARGUMENTS.format(a=a, b=b, c=c).replace("%terms", terms)
        e.put(f"call void @tiles_{height}({given})")


def _configure(e: Emitter, rows: Value) -> None:
    """Sums and operands of so many rows, weights of 16; all rows are 64 bytes."""
    table = e.variable("[64 x i8]", "zeroinitializer", align=64)
    _put_byte(e, table, 0, "1")  # the only palette there is
    for tile in range(8):
        _put_byte(e, table, 16 + 2 * tile, "64")
        count = str(_ROWS) if tile in _WEIGHTS else e.take(f"trunc i64 {rows} to i8")
        _put_byte(e, table, 48 + tile, count)
    _tile(e, "ldtilecfg", f"ptr {table}")


def _put_byte(e: Emitter, table: Value, place: int, value: Value) -> None:
    e.put(f"store i8 {value}, ptr {e.move(table, place, 'i8')}, align 1")


def _write_tiles(module: Module, tiling: Tiling, height: int) -> None:
    """`@tiles_N`: N tiles of rows times a panel, all sums in tiles."""
    columns = range(tiling.vectors)
    with module.function(f"tiles_{height}", PARAMETERS) as e:
        a_bytes, c_bytes = e.multiply_int("%a_row", 2), e.multiply_int("%c_row", 4)
        places = {
            _SUMS[row][column]: e.move(
                e.move("%c", e.multiply_int("%c_row", row * _ROWS)), column * tiling.lanes.count
            )
            for row in range(height)
            for column in columns
        }
        for tile in places:
            _tile(e, "tilezero", f"i8 {tile}")
        with e.when(e.compare("ne", "%is_added", 0)):
            for tile, place in places.items():
                _tile(e, "tileloadd64", f"i8 {tile}", f"ptr {place}", f"i64 {c_bytes}")
        rows = [
            e.move("%a", e.multiply_int("%a_row", row * _ROWS), tiling.operand)
            for row in range(height)
        ]
        panel_bytes = tiling.units * tiling.terms * tiling.operand_bytes
        with e.loop("0", "%terms", _TERMS) as term:
            for tile, pointer in zip(_OPERANDS, rows, strict=False):
                place = e.move(pointer, term, tiling.operand)
                _tile(e, "tileloadd64", f"i8 {tile}", f"ptr {place}", f"i64 {a_bytes}")
            weights = e.move("%b", e.multiply_int(term, tiling.units), tiling.operand)
            for column in columns:
                place = e.move(weights, column * tiling.lanes.count)
                tile = _WEIGHTS[column]
                _tile(e, "tileloadd64", f"i8 {tile}", f"ptr {place}", f"i64 {panel_bytes}")
            for row in range(height):
                for column in columns:
                    tiles = (_SUMS[row][column], _OPERANDS[row], _WEIGHTS[column])
                    _tile(e, "tdpbf16ps", *(f"i8 {tile}" for tile in tiles))
        for tile, place in places.items():
            _tile(e, "tilestored64", f"i8 {tile}", f"ptr {place}", f"i64 {c_bytes}")


def _tile(e: Emitter, name: str, *arguments: str) -> None:
    """An instruction of AMX."""
    kinds = ", ".join(argument.split(" ")[0] for argument in arguments)
    e.module.declare(f"llvm.x86.{name}", "void", kinds)
    e.put(f"call void @llvm.x86.{name}({', '.join(arguments)})")
