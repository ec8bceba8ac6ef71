"""Lists of native calls: the order of steps, and the threads that take part."""

import pytest
import torch

from recurry.backends.cpu.arena import external
from recurry.backends.cpu.commands import SCRATCH, Commands, run_launches
from recurry.backends.cpu.writer import Writer


def test_words_are_numbers_or_places():
    commands = Commands()
    commands.add(77, [commands.counter(), 1, 5, (2, 24)], 1)
    made = commands.finish(64)
    scratch = torch.full((made.end // 8,), -1, dtype=torch.int64)
    launch = made.launch([0, scratch.data_ptr(), 1000])
    words = scratch[8:].tolist()
    assert launch.frame == scratch.data_ptr() + 64
    assert words[8] == 77
    frame = (words[9] - launch.frame) // 8
    assert words[frame + 1 : frame + 4] == [1, 5, 1024]
    assert words[(words[frame] - launch.frame) // 8] == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_steps_wait_for_one_another(threads):
    rows, width = 64, 2048
    writer = Writer(bits=32, threads=threads)
    block = writer.scratch.block(rows, width, torch.float32)
    total = external(2, rows, width, torch.float32)
    writer.clear(block)
    for _ in range(20):
        writer.add(total, block, is_added=True)
        writer.add(block, total, is_added=False)
    commands = writer.finish()
    assert commands.num_threads == threads
    for _ in range(5):
        numbers = torch.ones(rows, width)
        scratch = torch.empty(commands.end, dtype=torch.uint8)
        run_launches([commands.launch([0, scratch.data_ptr(), numbers.data_ptr()])])
        assert bool((numbers == 2.0**19).all())


def test_the_memory_of_frames_is_the_first():
    assert SCRATCH == 1
