"""Sizes of blocks, by type and processor: what stays in registers and what in the first cache.

Comes in: a machine and the bits of the numbers that products read. Goes out: a record of sizes.
Imports machine, emitter.
"""

from dataclasses import dataclass
from functools import lru_cache

from recurry.backends.cpu.emitter import Lanes
from recurry.backends.cpu.machine import Machine

# Vectors side by side in a block of units.
_VECTORS = 2
# Panels that a tile takes at most: with few rows they make independent sums enough to keep both
# multiply-add units busy (four cycles of latency, two a cycle).
_MOST_PANELS = 4
# Of a panel of weights: two of them, and the rows that they meet, fit into a first cache.
_PANEL_BYTES = 12 * 1024
# The same where products are made of copies in the first cache, of which this is a half.
_COPY_BYTES = 16 * 1024
# Rows whose accumulators wait in the first caches for the pointwise part.
_MOST_ROWS = 64


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """How products and pointwise work are cut.

    Args:
        lanes: The vectors of sums and of pointwise work.
        terms: Terms of a product that lie side by side in one lane: 1, or 2 of bfloat16.
        rows: Most rows of accumulators in registers, with one panel of weights.
        depth: Terms of a product that are summed before the next panel.
        stretch: The same of products that copy their operands first.
        chunk: Rows for which products are followed by pointwise work.
        is_paired: Whether registers hold a tile of two panels and the weights that it meets.
    """

    lanes: Lanes
    terms: int
    rows: int
    depth: int
    stretch: int
    chunk: int
    is_paired: bool

    @property
    def vectors(self) -> int:
        """Vectors in a block of units."""
        return _VECTORS

    @property
    def units(self) -> int:
        """Units in a block."""
        return _VECTORS * self.lanes.count

    @property
    def is_rounded(self) -> bool:
        """Whether products read numbers rounded to bfloat16."""
        return self.terms == 2

    @property
    def operand(self) -> str:
        """The type of a number that products read."""
        return "bfloat" if self.is_rounded else self.lanes.scalar

    @property
    def operand_bytes(self) -> int:
        """Its size."""
        return self.lanes.bytes // self.terms

    def panels(self, rows: int) -> int:
        """Panels that a tile of so many rows takes at once, as far as registers go."""
        return max(1, min(_MOST_PANELS, self.rows // rows))

    @property
    def paired_rows(self) -> int:
        """Most rows of a tile of two panels: nearly square tiles load the least for each sum."""
        return max(rows for rows in range(1, self.rows + 1) if self.panels(rows) > 1)

    @property
    def most_panels(self) -> int:
        """Panels that a tile of one row takes at once."""
        return self.panels(1)


@lru_cache
def make_tiling(machine: Machine, bits: int) -> Tiling:
    """The sizes for products of numbers of so many bits; 16 is bfloat16 with sums in float32."""
    sums = max(bits, 32)
    lanes = Lanes(bits=sums, count=machine.vector_bytes * 8 // sums)
    # Beside the accumulators: the weights of one term, and one number of the operand; of pairs that
    # no instruction takes, both halves of the weights, a pair and its halves, and a mask.
    is_split = bits == 16 and not machine.has_bfloat16
    others = 2 * _VECTORS + 4 if is_split else _VECTORS + 1
    rows = min((machine.num_registers - others) // _VECTORS, 12)
    row_bytes = _VECTORS * lanes.count * bits // 8
    pair = 2 * _VECTORS * (rows // 2 + 1) + 1
    return Tiling(
        lanes=lanes,
        terms=sums // bits,
        rows=rows,
        depth=_PANEL_BYTES // row_bytes,
        stretch=_COPY_BYTES // row_bytes,
        chunk=_MOST_ROWS,
        is_paired=pair <= machine.num_registers,
    )
