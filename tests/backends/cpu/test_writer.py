"""Commands over blocks against the same with torch."""

import pytest
import torch

from recurry.backends.cpu.arena import Block, external
from recurry.backends.cpu.call import Packs
from recurry.backends.cpu.commands import run_launches
from recurry.backends.cpu.packing import pack_rows
from recurry.backends.cpu.writer import Panels, Writer


def _block(number: int, tensor: torch.Tensor) -> Block:
    rows, width = tensor.shape
    return external(number, rows, width, tensor.dtype)


def _run(writer: Writer, *tensors: torch.Tensor) -> None:
    commands = writer.finish()
    scratch = torch.empty(max(commands.end, writer.scratch.end), dtype=torch.uint8)
    found = Packs([*tensors], [tensor.data_ptr() for tensor in tensors])
    run_launches([commands.launch([0, scratch.data_ptr(), *found.addresses])])


@pytest.mark.parametrize("threads", [1, 2])
def test_products_are_those_of_torch(threads):
    a, b = torch.randn(301, 64), torch.randn(301, 96)
    writer = Writer(bits=32, threads=threads)
    c, d = torch.empty(64, 96), torch.empty(301, 96)
    matrix = torch.randn(96, 64)
    panels = pack_rows([matrix], _tiling())
    writer.outer(_block(2, a), _block(3, b), _block(4, c))
    shape = Panels(memory=5, count=panels.shape[0], stride=panels.stride(0))
    writer.multiply(_block(2, a), shape, _block(6, d))
    _run(writer, a, b, c, panels, d)
    torch.testing.assert_close(c, a.t() @ b, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(d, a @ matrix.t(), atol=1e-4, rtol=1e-4)


def _tiling():
    from recurry.backends.cpu.machine import host
    from recurry.backends.cpu.tiling import make_tiling

    return make_tiling(host(), 32)


def test_a_list_can_run_again_and_again():
    source, target = torch.randn(3, 7), torch.zeros(3, 7)
    writer = Writer(bits=32, threads=1)
    writer.add(_block(2, source), _block(3, target), is_added=True)
    commands = writer.finish()
    for _ in range(3):
        scratch = torch.full((commands.end,), 255, dtype=torch.uint8)
        memories = [0, scratch.data_ptr(), source.data_ptr(), target.data_ptr()]
        run_launches([commands.launch(memories)])
    torch.testing.assert_close(target, 3 * source)
