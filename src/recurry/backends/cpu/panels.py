"""Matrices copied to panels, as products read them: one block of units side by side, term by term.

Comes in: sizes of blocks. Goes out: the text of a module with `@copy`, for matrices whose columns
lie side by side, and `@turn`, for those whose terms do. Imports emitter, machine, tiling.
"""

from recurry.backends.cpu.emitter import Emitter, Module, Value
from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.tiling import Tiling

PARAMETERS = "ptr %matrix, i64 %apart, i64 %terms, i64 %width, ptr %panels, i64 %panel"
# Terms of a panel that `@turn` fills before it goes on: long stretches are fetched ahead.
TERMS_AT_ONCE = 512


def write_panels(machine: Machine, tiling: Tiling) -> str:
    """The text of the module.

    Both functions write `width` columns and zeros up to a whole block, panels `panel` numbers
    apart. Terms (`@copy`) or columns (`@turn`) of the matrix are `apart` numbers apart.
    """
    module = Module(machine, tiling.lanes)
    with module.function("copy", PARAMETERS, is_exported=True) as e:
        _Writer(e, tiling).write_copy()
    with module.function("turn", PARAMETERS, is_exported=True) as e:
        _Writer(e, tiling).write_turn()
    return str(module)


class _Writer:
    """Writes the loops over panels."""

    def __init__(self, e: Emitter, tiling: Tiling) -> None:
        self.e, self.tiling = e, tiling

    def write_copy(self) -> None:
        """Term by term: whole vectors where the block is whole, else number by number."""
        e, units = self.e, self.tiling.units
        with e.loop("0", "%width", units) as first, e.loop("0", "%terms") as term:
            start = e.move(e.move("%matrix", e.multiply_int(term, "%apart")), first)
            target = e.move(self._panel(first), e.multiply_int(term, units))
            filled = self._filled(first)
            with e.when(e.compare("eq", filled, units)):
                for vector in range(self.tiling.vectors):
                    at = vector * self.tiling.lanes.count
                    e.store(e.load(e.move(start, at)), e.move(target, at))
            with e.when(e.compare("slt", filled, units)):
                self._copy_numbers(start, target, 1, filled)
                self._clear(target, filled)

    def write_turn(self) -> None:
        """Column by column, some terms at a time."""
        e, units = self.e, self.tiling.units
        with e.loop("0", "%width", units) as first, e.loop("0", "%terms", TERMS_AT_ONCE) as term:
            now = e.smaller_int(e.subtract_int("%terms", term), TERMS_AT_ONCE)
            filled = self._filled(first)
            start = e.move(self._panel(first), e.multiply_int(term, units))
            with e.loop("0", filled) as column:
                row = e.multiply_int(e.add_int(first, column), "%apart")
                source = e.move(e.move("%matrix", row), term)
                self._copy_numbers(source, e.move(start, column), units, now)
            with e.when(e.compare("slt", filled, units)), e.loop("0", now) as number:
                self._clear(e.move(start, e.multiply_int(number, units)), filled)

    def _panel(self, first: Value) -> Value:
        """Where the panel begins that holds a column."""
        number = self.e.divide_int(first, self.tiling.units)
        return self.e.move("%panels", self.e.multiply_int(number, "%panel"))

    def _filled(self, first: Value) -> Value:
        return self.e.smaller_int(self.e.subtract_int("%width", first), self.tiling.units)

    def _copy_numbers(self, source: Value, target: Value, target_apart: int, count: Value) -> None:
        e, kind, size = self.e, self.tiling.lanes.scalar, self.tiling.lanes.bytes
        with e.loop("0", count) as number:
            place = e.move(source, number)
            value = e.take(f"load {kind}, ptr {place}, align {size}")
            into = e.move(target, e.multiply_int(number, target_apart))
            e.put(f"store {kind} {value}, ptr {into}, align {size}")

    def _clear(self, target: Value, filled: Value) -> None:
        """Zeros behind the columns that there are."""
        e, kind, size = self.e, self.tiling.lanes.scalar, self.tiling.lanes.bytes
        with e.loop(filled, str(self.tiling.units)) as number:
            e.put(f"store {kind} 0.0, ptr {e.move(target, number)}, align {size}")
