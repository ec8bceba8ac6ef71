"""Weight gradients on tiles, with the instructions of AMX played in software."""

import ctypes

import pytest
import torch

from recurry.backends.cpu.amx_outer import DEPTH, write_tile_outer
from recurry.backends.cpu.jit import assembly
from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.tiling import make_tiling

FEATURES = {"avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512bf16", "amx-tile", "amx-bf16"}
WITH_TILES = Machine(triple="x86_64-unknown-linux-gnu", features=frozenset(FEATURES))


@pytest.fixture(scope="module")
def outer(link_with_tiles):
    """The worker on tiles in software."""
    text = write_tile_outer(host(), make_tiling(host(), 16))
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(link_with_tiles(text, "outer")[0])


def _run(outer, a, b, threads=1):
    """The sum of outer products; every thread's share in turn."""
    terms, rows, panels = len(a), a.shape[1], -(-b.shape[1] // 32)
    b = torch.nn.functional.pad(b, (0, 32 * panels - b.shape[1]))
    c = torch.full((rows, 32 * panels), torch.nan)
    scratch = torch.full((threads, 32 * panels * DEPTH), torch.nan, dtype=torch.bfloat16)
    ticket = ctypes.c_int64(0)
    entries = [ctypes.addressof(ticket), threads, 0, scratch.data_ptr(), scratch.stride(0)]
    entries += [a.data_ptr(), a.stride(0), b.data_ptr(), b.stride(0), terms]
    entries += [c.data_ptr(), c.stride(0), rows, panels]
    frame = (ctypes.c_int64 * len(entries))(*entries)
    for _ in range(threads):
        outer(ctypes.addressof(frame))
    return c


SIZES = [(1, 1, 1), (33, 40, 33), (64, 64, 32), (DEPTH + 5, 33, 40)]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_outer_products_are_summed(sizes, outer):
    terms, rows, columns = sizes
    a = torch.randn(terms, rows + 3).bfloat16()[:, :rows]
    b = torch.randn(terms, columns).bfloat16()
    found = _run(outer, a, b)[:, :columns]
    torch.testing.assert_close(found, a.float().t() @ b.float(), rtol=1e-4, atol=1e-4)


def test_threads_share_rows_of_tiles(outer):
    a, b = torch.randn(40, 100).bfloat16(), torch.randn(40, 32).bfloat16()
    assert torch.equal(_run(outer, a, b, threads=3), _run(outer, a, b))


def test_all_sums_of_a_loop_stay_in_tiles():
    if not host().is_x86:
        pytest.skip("the features are those of x86")
    code = assembly(write_tile_outer(WITH_TILES, make_tiling(WITH_TILES, 16)), WITH_TILES)
    block = code[code.index("block:") :]
    loop = max(block[: block.index("retq")].split(".LBB"), key=lambda p: p.count("tdpbf16ps"))
    assert loop.count("tdpbf16ps") == loop.count("tileloadd") == 4
    assert "rsp" not in loop
