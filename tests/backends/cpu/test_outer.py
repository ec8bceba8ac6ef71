"""The module of whole products, for processors of several widths; `test_matrices` runs it."""

import llvmlite.binding as llvm
import pytest

from recurry.backends.cpu.jit import assembly
from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.outer import write_outer
from recurry.backends.cpu.tiling import make_tiling

FEATURES = ["sse2", "avx2 fma", "avx512f avx512bw fma", "avx512f avx512bf16 fma"]


@pytest.mark.parametrize("bits", [16, 32, 64])
@pytest.mark.parametrize("features", FEATURES)
def test_a_tile_holds_its_results_in_registers(features, bits):
    if not host().is_x86:
        pytest.skip("the features are those of x86")
    if bits == 16 and features == "sse2":
        pytest.skip(
            "nothing there puts half of a pair in all lanes, and no code is made fast for it"
        )
    machine = Machine(triple=host().triple, features=frozenset(features.split()))
    tiling = make_tiling(machine, bits)
    text = write_outer(machine, tiling)
    llvm.parse_assembly(text).verify()
    code = assembly(text, machine)
    tile = code[code.index(f"tile_{tiling.rows}:") :]
    loop = max(tile[: tile.index("retq")].split(".LBB"), key=len)
    assert "rsp" not in loop
