"""Matrices rounded to bfloat16 and copied to panels of pairs, as products of bfloat16 read them.

Comes in: sizes of blocks. Goes out: the text of a module with the functions of `panels`, which read
float32 matrices and write two terms of one unit side by side, an odd last one beside zero. Imports
emitter, machine, panels, terms, tiling.
"""

from recurry.backends.cpu.emitter import Emitter, Module, Value
from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.panels import PARAMETERS, TERMS_AT_ONCE
from recurry.backends.cpu.terms import pair_up, store_rounded
from recurry.backends.cpu.tiling import Tiling


def write_pairs(machine: Machine, tiling: Tiling) -> str:
    """The text of the module; `panel` counts bfloat16 numbers, all else float32 ones."""
    module = Module(machine, tiling.lanes)
    with module.function("copy", PARAMETERS, is_exported=True) as e:
        _Writer(e, tiling).write_copy()
    with module.function("turn", PARAMETERS, is_exported=True) as e:
        _Writer(e, tiling).write_turn()
    return str(module)


class _Writer:
    """Writes the loops over panels; rounded numbers wait in a buffer for their partners."""

    def __init__(self, e: Emitter, tiling: Tiling) -> None:
        self.e, self.tiling = e, tiling
        room = max(2 * tiling.units, TERMS_AT_ONCE + tiling.lanes.count)
        self.buffer = e.variable(f"[{room} x bfloat]", align=64)
        self.few = e.variable(tiling.lanes.type, align=64)

    def write_copy(self) -> None:
        """Two terms at a time, which lie row by row."""
        e, units, count = self.e, self.tiling.units, self.tiling.lanes.count
        second = e.move(self.buffer, units, "bfloat")
        with e.loop("0", "%width", units) as first, e.loop("0", "%terms", 2) as term:
            filled = self._filled(first)
            source = e.move(e.move("%matrix", e.multiply_int(term, "%apart")), first)
            is_pair = e.compare("slt", e.add_int(term, 1), "%terms")
            here = e.take(f"select i1 {is_pair}, i64 {filled}, i64 0")
            for start, numbers, into in (
                (source, filled, self.buffer),
                (e.move(source, "%apart"), here, second),
            ):
                for vector in range(self.tiling.vectors):
                    at = vector * count
                    left = e.subtract_int(numbers, at)
                    self._round(e.move(start, at), left, e.move(into, at, "bfloat"))
            target = e.move(self._panel(first), e.multiply_int(term, units), "bfloat")
            for vector in range(self.tiling.vectors):
                low, high = (e.move(p, vector * count, "bfloat") for p in (self.buffer, second))
                pairs = pair_up(e, low, high, count)
                into = e.move(target, vector * count)
                e.put(f"store {e.lanes.integers} {pairs}, ptr {into}, align 4")

    def write_turn(self) -> None:
        """Column by column, whose terms lie side by side, some terms at a time."""
        e, units = self.e, self.tiling.units
        with e.loop("0", "%width", units) as first, e.loop("0", "%terms", TERMS_AT_ONCE) as term:
            now = e.smaller_int(e.subtract_int("%terms", term), TERMS_AT_ONCE)
            filled, pairs = self._filled(first), e.divide_int(e.add_int(now, 1), 2)
            target = e.move(self._panel(first), e.multiply_int(term, units), "bfloat")
            with e.loop("0", filled) as column:
                row = e.multiply_int(e.add_int(first, column), "%apart")
                source = e.move(e.move("%matrix", row), term)
                with e.loop("0", now, self.tiling.lanes.count) as at:
                    left = e.subtract_int(now, at)
                    self._round(e.move(source, at), left, e.move(self.buffer, at, "bfloat"))
                with e.loop("0", pairs) as number:
                    pair = e.take(f"load i32, ptr {e.move(self.buffer, number)}, align 4")
                    self._put(target, number, column, pair)
            with e.loop("0", pairs) as number, e.loop(filled, str(units)) as column:
                self._put(target, number, column, "0")

    def _put(self, target: Value, number: Value, column: Value, pair: Value) -> None:
        e = self.e
        at = e.add_int(e.multiply_int(number, self.tiling.units), column)
        e.put(f"store i32 {pair}, ptr {e.move(target, at)}, align 4")

    def _round(self, source: Value, left: Value, into: Value) -> None:
        """A vector of numbers, rounded; zeros where none are left."""
        e, count, scalar = self.e, self.tiling.lanes.count, self.tiling.lanes.scalar
        with e.when(e.compare("sge", left, count)):
            store_rounded(e, e.load(source), into)
        with e.when(e.compare("slt", left, count)):
            e.store(e.constant(0.0), self.few)
            with e.loop("0", left) as number:
                value = e.take(f"load {scalar}, ptr {e.move(source, number)}, align 4")
                e.put(f"store {scalar} {value}, ptr {e.move(self.few, number)}, align 4")
            store_rounded(e, e.load(self.few), into)

    def _panel(self, first: Value) -> Value:
        """Where the panel begins that holds a column."""
        number = self.e.divide_int(first, self.tiling.units)
        return self.e.move("%panels", self.e.multiply_int(number, "%panel"), "bfloat")

    def _filled(self, first: Value) -> Value:
        return self.e.smaller_int(self.e.subtract_int("%width", first), self.tiling.units)
