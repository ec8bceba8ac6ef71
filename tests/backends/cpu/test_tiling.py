"""Blocks fit the registers and the first cache of the machine they are for."""

import pytest

from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.tiling import make_tiling

X86 = "x86_64-unknown-linux-gnu"


@pytest.mark.parametrize(
    "features", [("sse2",), ("sse2", "avx2"), ("avx2", "avx512f")], ids="-".join
)
@pytest.mark.parametrize("bits", [16, 32, 64])
def test_accumulators_fit(features, bits):
    machine = Machine(triple=X86, features=frozenset(features))
    tiling = make_tiling(machine, bits)
    for rows in range(1, tiling.rows + 1):
        panels = tiling.panels(rows)
        assert rows * panels * tiling.vectors < machine.num_registers
    assert tiling.depth * tiling.units * bits // 8 <= 16 * 1024
    assert tiling.most_panels == tiling.panels(1) > 1


@pytest.mark.parametrize(
    ("features", "is_paired"), [(("avx2", "fma"), False), (("avx2", "avx512f"), True)]
)
def test_two_panels_at_a_time_where_registers_hold_their_weights_too(features, is_paired):
    machine = Machine(triple=X86, features=frozenset(features))
    tiling = make_tiling(machine, 32)
    assert tiling.is_paired is is_paired
    if tiling.is_paired:
        taken = (tiling.paired_rows + 1) * 2 * tiling.vectors + 1
        assert taken <= machine.num_registers
