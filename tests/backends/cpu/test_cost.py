"""The decisions of the cost model at shapes where there is no doubt."""

from recurry.backends.cpu.cost import choose_split, estimate_work, should_fuse
from recurry.backends.cpu.kernels import kernels
from recurry.backends.timeline import make_timeline
from recurry.cells import find_cell

PLAN = find_cell("lstm").plan


def _split(*, steps: int, streams: int, size: int, threads: int = 2):
    work = estimate_work(kernels(PLAN, bits=32, is_fused=True), size)
    timeline = make_timeline((streams,) * steps, streams, False)
    return choose_split(work, timeline=timeline, blocks=-(-size // 16), threads=threads)


def test_one_thread_stays_alone():
    assert _split(steps=100, streams=64, size=512, threads=1).num_threads == 1


def test_a_short_call_wakes_nobody():
    assert _split(steps=1, streams=1, size=16).num_threads == 1


def test_many_streams_are_shared_and_nobody_waits():
    split = _split(steps=100, streams=64, size=256)
    assert split.num_threads == 2
    assert split.by_rows


def test_one_stream_is_shared_by_units():
    split = _split(steps=100, streams=1, size=512)
    assert split.num_threads == 2
    assert not split.by_rows


def test_the_input_is_multiplied_early_where_few_streams_share_the_reading_of_weights():
    assert should_fuse(PLAN, streams=64, sizes=(512, 512), bits=32)
    assert should_fuse(PLAN, streams=1, sizes=(16, 16), bits=32)
    assert not should_fuse(PLAN, streams=1, sizes=(64, 64), bits=32)
