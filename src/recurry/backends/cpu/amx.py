"""Products of bfloat16 on the tiles of AMX: 16 rows, 16 units and 32 terms by one instruction.

Comes in: sizes of blocks. Goes out: the text of a module with `@products` as in `products` and
`@products_inside`, the same for workers that have made tiles ready; whether it gives what vectors
give. Imports torch, emitter, machine, products, tiles, tiling.

A block of units is two tiles of weights wide, and up to 32 rows are two tiles high. Panels of pairs
are tiles as they lie. Fewer rows are tiles of fewer rows, so that a row gives the same bits among
few others as among many; terms that fill no tile are left to vectors.
"""

import ctypes

import torch

from recurry.backends.cpu import tiles
from recurry.backends.cpu.emitter import Emitter, Module, Value
from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.products import ARGUMENTS, PARAMETERS, add_products_function
from recurry.backends.cpu.tiles import ROWS, TERMS
from recurry.backends.cpu.tiling import Tiling

# How far ahead weights are fetched into the first cache: two steps of a loop.
_AHEAD = 2 * TERMS
_ALL = ARGUMENTS.format(a="%a", b="%b", c="%c") + ", i64 %rows, i64 %panels"


def give_the_same(first: int, second: int, tiling: Tiling) -> bool:
    """Whether two functions at these addresses, both `products`, agree on some numbers."""
    random = torch.Generator("cpu").manual_seed(1)
    rows, terms, panels = 3 * ROWS + 5, 2 * TERMS + 7, 3
    a = torch.randn(rows, terms, generator=random, device="cpu").bfloat16()
    numbers = (terms + 1) * tiling.units
    b = torch.randn(panels, numbers, generator=random, device="cpu").bfloat16()
    found = [torch.ones(panels, rows, tiling.units, device="cpu") for _ in range(2)]
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
    with module.function("products_inside", parameters, is_exported=True) as e:
        _write_products(e, tiling)
    with module.function("products", parameters, is_exported=True) as e, tiles.ready_tiles(e):
        e.put(f"call void @products_inside({_ALL})")
    return str(module)


def _write_products(e: Emitter, tiling: Tiling) -> None:
    """Whole pairs of tiles, a last one or two tiles of fewer rows, then the terms that are left."""
    whole = e.take(f"and i64 %terms, {-TERMS}")
    with e.when(e.compare("ne", whole, 0)):
        large = e.take(f"and i64 %rows, {-2 * ROWS}")
        with e.loop("0", large, 2 * ROWS) as row:
            _each_panel(e, tiling, 2, row, whole)
        with e.when(e.compare("sge", e.subtract_int("%rows", large), ROWS)):
            _each_panel(e, tiling, 1, large, whole)
        full = e.take(f"and i64 %rows, {-ROWS}")
        with e.when(e.compare("ne", full, "%rows")):
            tiles.configure(e, e.subtract_int("%rows", full))
            _each_panel(e, tiling, 1, full, whole)
            tiles.configure(e)
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


def _write_tiles(module: Module, tiling: Tiling, height: int) -> None:
    """`@tiles_N`: N tiles of rows times a panel, all sums in tiles."""
    with module.function(f"tiles_{height}", PARAMETERS) as e:
        a_bytes, c_bytes = e.multiply_int("%a_row", 2), e.multiply_int("%c_row", 4)
        places = {
            tiles.SUMS[row][column]: e.move(
                e.move("%c", e.multiply_int("%c_row", row * ROWS)), column * tiling.lanes.count
            )
            for row in range(height)
            for column in range(2)
        }
        with e.when(e.compare("eq", "%is_added", 0)):
            for tile in places:
                tiles.clear(e, tile)
        with e.when(e.compare("ne", "%is_added", 0)):
            for tile, place in places.items():
                tiles.load(e, tile, place, c_bytes)
        rows = [
            e.move("%a", e.multiply_int("%a_row", row * ROWS), tiling.operand)
            for row in range(height)
        ]
        with e.loop("0", "%terms", TERMS) as term:
            weights = e.move("%b", e.multiply_int(term, tiling.units), tiling.operand)
            tiles.load_and_multiply(
                e,
                [(e.move(pointer, term, tiling.operand), a_bytes) for pointer in rows],
                [(e.move(weights, column * 64, "i8"), 128) for column in range(2)],
            )
            _fetch(e, tiling, term)
        for tile, place in places.items():
            tiles.store(e, tile, place, c_bytes)


def _fetch(e: Emitter, tiling: Tiling, term: Value) -> None:
    """Weights of a later step: of the next panel where this one ends before."""
    ahead = e.add_int(term, _AHEAD)
    is_here = e.compare("slt", ahead, "%terms")
    beyond = e.multiply_int(e.subtract_int(ahead, "%terms"), tiling.units)
    place = e.take(
        f"select i1 {is_here}, i64 {e.multiply_int(ahead, tiling.units)}, "
        f"i64 {e.add_int('%b_panel', beyond)}"
    )
    start = e.move("%b", place, tiling.operand)
    for line in range(0, 2 * tiles.BYTES, 64):
        e.fetch(e.move(start, line, "i8"))
