"""Ragged batches become rows and come back; every row finds the state before it."""

import pytest
import torch

from recurry.backends.timeline import is_padded, make_packing, make_timeline

LENGTHS = (2, 4, 0, 3)
CPU = torch.device("cpu")


def _packing(is_reversed: bool = False):
    return make_packing(LENGTHS, 5, is_reversed, CPU)


def test_sizes_are_the_streams_alive():
    timeline = _packing().timeline
    assert timeline.sizes == (3, 3, 2, 1)
    assert (timeline.num_rows, timeline.num_streams, timeline.is_even) == (9, 4, False)
    assert timeline.order == (0, 1, 2, 3)
    assert timeline.turned().order == (3, 2, 1, 0)


def test_pack_and_unpack():
    x = torch.randn(5, 4, 2)
    packing = _packing()
    again = packing.unpack(packing.pack(x))
    for stream, length in enumerate(LENGTHS):
        assert torch.equal(again[:length, stream], x[:length, stream])
        assert not again[length:, stream].any()


def test_flipped_turns_each_sequence_by_itself():
    x = torch.randn(5, 4, 2)
    packing = _packing()
    flipped = packing.unpack(packing.flipped(LENGTHS).pack(x))
    for stream, length in enumerate(LENGTHS):
        assert torch.equal(flipped[:length, stream], x[:length, stream].flip(0))


def test_sort_and_unsort():
    state = torch.randn(4, 3)
    packing = _packing()
    assert torch.equal(packing.sort(state)[0], state[1])
    assert torch.equal(packing.unsort(packing.sort(state)), state)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_previous_is_the_state_of_the_step_before(is_reversed: bool):
    packing = _packing(is_reversed)
    timeline = packing.timeline
    states = torch.arange(timeline.num_rows, dtype=torch.float64)[:, None]
    initial = 100 + torch.arange(4, dtype=torch.float64)[:, None]
    previous = dict(enumerate(timeline.split(timeline.previous(states, initial))))
    steps = dict(enumerate(timeline.split(states)))
    for step, size in enumerate(timeline.sizes):
        before = step + 1 if is_reversed else step - 1
        for stream in range(size):
            alive = 0 <= before < len(timeline.sizes) and stream < timeline.sizes[before]
            expected = steps[before][stream] if alive else initial[stream]
            assert previous[step][stream] == expected


def test_equal_timelines_are_one_object():
    assert make_timeline((2, 2), 2, False) is make_timeline((2, 2), 2, False)


def test_padded_means_shorter_than_the_batch():
    assert not is_padded(None, 3)
    assert not is_padded([3, 3], 3)
    assert is_padded([3, 2], 3)
