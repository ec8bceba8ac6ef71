"""The decisions of the cost model at shapes where there is no doubt."""

from itertools import pairwise

import pytest

from recurry.backends.cpu import cost
from recurry.backends.cpu.cost import choose_split, estimate_work, share_streams, should_fuse
from recurry.backends.cpu.kernels import Products, kernels
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


def _timeline(lengths, *, is_reversed=False):
    sizes = tuple(sum(length > step for length in lengths) for step in range(max(lengths)))
    return make_timeline(sizes, len(lengths), is_reversed)


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("lengths", [[9, 1, 1, 1, 0], [50, 49, 30, 20, 11, 10, 2], [7, 7, 7, 7]])
def test_streams_are_shared_by_the_sum_of_their_lengths(lengths, count, is_reversed):
    bounds = share_streams(_timeline(lengths, is_reversed=is_reversed), count)
    assert bounds[0] == 0
    assert bounds[-1] == len(lengths)
    parts = [lengths[first:last] for first, last in pairwise(bounds)]
    assert len(parts) == count
    assert all(parts)
    assert max(map(sum, parts)) <= sum(lengths) / count + max(lengths)


def test_many_streams_of_unequal_lengths_are_shared_evenly():
    lengths = sorted(range(10, 400, 12), reverse=True)
    work = estimate_work(kernels(PLAN, bits=32, is_fused=True), 256)
    split = choose_split(work, timeline=_timeline(lengths), blocks=16, threads=2)
    assert split.by_rows
    first, last = (sum(lengths[a:b]) for a, b in pairwise(split.bounds))
    assert abs(first - last) <= 400


def test_one_stream_is_shared_by_units():
    split = _split(steps=100, streams=1, size=512)
    assert split.num_threads == 2
    assert not split.by_rows


def test_the_input_is_multiplied_early_where_few_streams_share_the_reading_of_weights():
    assert should_fuse(PLAN, streams=64, sizes=(512, 512), bits=32)
    assert should_fuse(PLAN, streams=1, sizes=(16, 16), bits=32)
    assert not should_fuse(PLAN, streams=1, sizes=(64, 64), bits=32)


def test_weights_larger_than_a_cache_are_shared_rather_than_read_by_every_thread():
    assert _split(steps=50, streams=64, size=256).by_rows
    assert not _split(steps=50, streams=32, size=1024).by_rows


def test_some_streams_have_their_input_multiplied_before_the_loop_and_many_inside():
    assert not should_fuse(PLAN, streams=8, sizes=(256, 256), bits=32)
    assert should_fuse(PLAN, streams=32, sizes=(256, 256), bits=32)


@pytest.mark.parametrize(
    ("size", "by_rows"), [(256, True), (1024, False)], ids=["second cache", "third"]
)
def test_tiles_share_units_where_weights_are_far_away(size, by_rows, monkeypatch):
    monkeypatch.setattr(
        cost, "find_products", lambda _: Products(address=0, inside=0, has_tiles=True)
    )
    work = estimate_work(kernels(PLAN, bits=32, is_fused=True), size)
    timeline = make_timeline((32,) * 25, 32, False)
    split = choose_split(work, timeline=timeline, blocks=size // 32, threads=2)
    assert split.by_rows == by_rows
    assert split.num_threads == 2
