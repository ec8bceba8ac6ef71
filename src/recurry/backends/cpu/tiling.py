"""Sizes of blocks, by type and processor: what stays in registers and what in the first cache.

Comes in: a machine and the bits of the numbers that products read. Goes out: a record of sizes.
Imports machine, emitter.
"""

from dataclasses import dataclass
from functools import lru_cache

from recurry.backends.cpu.emitter import Lanes
from recurry.backends.cpu.machine import Machine

# Vectors side by side in a block of units: with more rows than columns of accumulators, weights are
# read less often than with square tiles, and they are what comes from the second cache.
_VECTORS = 2
# Numbers of a panel of weights that half of a first cache of 32 kB holds.
_PANEL_BYTES = 16 * 1024
# Rows whose accumulators wait in the first cache for the pointwise part.
_MOST_ROWS = 32
# Independent sums that keep both multiply-add units busy: four cycles of latency, two a cycle.
_CHAINS = 8


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """How products and pointwise work are cut.

    Args:
        lanes: The vectors of sums and of pointwise work.
        terms: Terms of a product that lie side by side in one lane: 1, or 2 of bfloat16.
        rows: Most rows of accumulators in registers.
        depth: Terms of a product that are summed before the next panel.
        chunk: Rows for which products are followed by pointwise work.
    """

    lanes: Lanes
    terms: int
    rows: int
    depth: int
    chunk: int

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
        """Panels that a tile of so few rows takes at once, to have enough independent sums."""
        wanted = -(-_CHAINS // (rows * _VECTORS))
        return max(1, min(wanted, self.rows // rows))

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
    rows = (machine.num_registers - others) // _VECTORS
    return Tiling(
        lanes=lanes,
        terms=sums // bits,
        rows=min(rows, 12),
        depth=_PANEL_BYTES // (_VECTORS * lanes.count * bits // 8),
        chunk=_MOST_ROWS,
    )
