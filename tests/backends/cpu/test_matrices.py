"""Products over all rows against torch, at sizes with and without remainders."""

import pytest
import torch

from recurry.backends.cpu.machine import host
from recurry.backends.cpu.matrices import outer_product, panel_product
from recurry.backends.cpu.packing import pack_rows
from recurry.backends.cpu.tiling import make_tiling

SIZES = [(1, 1, 1), (3, 5, 7), (130, 13, 33), (257, 64, 32), (40, 100, 65), (300, 25, 300)]


DTYPES = [torch.float32, torch.float64, torch.bfloat16]


def _panels(matrix):
    tiling = make_tiling(host(), torch.finfo(matrix.dtype).bits)
    return pack_rows([_exact(matrix).t()], tiling)


def _exact(matrix):
    return matrix.float() if matrix.dtype == torch.bfloat16 else matrix


def _matrix(rows, columns, dtype, *, apart=0):
    """Rows that lie a little apart, as those of a kernel's memory do."""
    return torch.randn(rows, columns + apart, dtype=dtype)[:, :columns]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("apart", [0, 3, 40])
def test_outer_products_are_summed(sizes, dtype, apart):
    terms, rows, columns = sizes
    a, b = _matrix(terms, rows, dtype, apart=apart), _matrix(terms, columns, dtype, apart=apart)
    expected = _exact(a).t() @ _exact(b)
    torch.testing.assert_close(outer_product(a, b), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_a_product_with_panels_is_right(sizes, dtype):
    rows, terms, columns = sizes
    a, b = _matrix(rows, terms, dtype, apart=3), torch.randn(terms, columns, dtype=dtype)
    panels = _panels(b)
    found = panel_product(a, panels)[:, :columns]
    torch.testing.assert_close(found, _exact(a) @ _exact(b), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_the_bits_do_not_depend_on_the_number_of_threads(set_threads, dtype):
    a, b = torch.randn(400, 130, dtype=dtype), torch.randn(400, 70, dtype=dtype)
    panels = _panels(b[:130])
    found = []
    for count in (1, 2):
        set_threads(count)
        found.append((outer_product(a, b), panel_product(a, panels)[:, :70]))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_row_does_not_depend_on_the_others(dtype):
    a, b = torch.randn(60, 300, dtype=dtype), torch.randn(300, 33, dtype=dtype)
    panels = _panels(b)
    whole = panel_product(a, panels)
    for row in (0, 11, 12, 59):
        assert torch.equal(panel_product(a[row : row + 1], panels)[0], whole[row])


def test_nothing_is_read_behind_the_last_row():
    """Columns that fill no block lie at the very end of the memory."""
    a, b = torch.randn(5, 3), torch.full((5, 7), torch.nan)
    b[:, :5] = 1.0
    assert bool(outer_product(a, b[:, :5]).isfinite().all())
