"""Sizes of blocks, by type and processor: what stays in registers and what in the first cache.

Comes in: a machine and the bits of a number. Goes out: a record of sizes. Imports machine, emitter.
"""

from dataclasses import dataclass

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
        lanes: The vectors.
        rows: Most rows of accumulators in registers.
        depth: Terms of a product that are summed before the next panel.
        chunk: Rows for which products are followed by pointwise work.
    """

    lanes: Lanes
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

    def panels(self, rows: int) -> int:
        """Panels that a tile of so few rows takes at once, to have enough independent sums."""
        wanted = -(-_CHAINS // (rows * _VECTORS))
        return max(1, min(wanted, self.rows // rows))

    @property
    def most_panels(self) -> int:
        """Panels that a tile of one row takes at once."""
        return self.panels(1)


def make_tiling(machine: Machine, bits: int) -> Tiling:
    """The sizes for numbers of so many bits."""
    lanes = Lanes(bits=bits, count=machine.vector_bytes * 8 // bits)
    # Beside the accumulators: the weights of one term, and one number of the operand.
    rows = (machine.num_registers - _VECTORS - 1) // _VECTORS
    return Tiling(
        lanes=lanes,
        rows=min(rows, 12),
        depth=_PANEL_BYTES // (_VECTORS * lanes.count * lanes.bytes),
        chunk=_MOST_ROWS,
    )
