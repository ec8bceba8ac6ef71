"""Rows that are copied, widened and added up, against the same with torch."""

import pytest
import torch

from recurry.backends.cpu.arena import external
from recurry.backends.cpu.blocks import write_blocks
from recurry.backends.cpu.commands import run_launches
from recurry.backends.cpu.machine import host
from recurry.backends.cpu.tiling import make_tiling
from recurry.backends.cpu.writer import Writer

DTYPES = [torch.bfloat16, torch.float32, torch.float64]


def _run(writer: Writer, *tensors: torch.Tensor) -> None:
    commands = writer.finish()
    scratch = torch.empty(commands.end, dtype=torch.uint8)
    places = [tensor.data_ptr() for tensor in tensors]
    run_launches([commands.launch([0, scratch.data_ptr(), *places])])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("width", [1, 31, 33, 700])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_rows_are_widened_with_zeros(width, threads, dtype):
    source = torch.randn(200, width).to(dtype)
    target = torch.full((200, width + 9), 7.0).to(dtype)
    writer = Writer(bits=32, threads=threads)
    wide = external(3, 200, width + 9, dtype)
    writer.copy(external(2, 200, width, dtype), wide.columns(0, width + 5))
    _run(writer, source, target)
    assert torch.equal(target[:, :width], source)
    assert bool((target[:, width : width + 5] == 0).all())
    assert bool((target[:, width + 5 :] == 7).all())


def test_tables_say_which_row_goes_where():
    source, taken, put = torch.randn(5, 40), torch.zeros(3, 40), torch.zeros(5, 40)
    rows = torch.tensor([4, 0, 4])
    places = torch.tensor([3, 1, 0, 2, 4])
    writer = Writer(bits=32, threads=1)
    whole = external(2, 5, 40, torch.float32)
    writer.copy(whole, external(3, 3, 40, torch.float32), come=rows)
    writer.copy(whole, external(4, 5, 40, torch.float32), go=places)
    _run(writer, source, taken, put)
    assert torch.equal(taken, source[rows])
    assert torch.equal(put[places], source)


@pytest.mark.parametrize("dtype", DTYPES[1:], ids=str)
@pytest.mark.parametrize("width", [3, 16, 50])
def test_sums_of_rows(width, dtype):
    source, target = torch.randn(3, 2, width, dtype=dtype), torch.ones(2, width, dtype=dtype)
    writer = Writer(bits=32, threads=1)
    into = external(3, 2, width, dtype)
    first = external(2, 2, width, dtype)
    writer.add(first, into, count=3, apart=2 * width, is_added=True)
    _run(writer, source, target)
    torch.testing.assert_close(target, 1 + source.sum(0))


def test_the_text_has_both_workers():
    text = write_blocks(host(), make_tiling(host(), 32))
    assert "define void @copy(ptr %frame)" in text
    assert "define void @add(ptr %frame)" in text
