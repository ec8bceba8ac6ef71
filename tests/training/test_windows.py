import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.training.configuration import WindowConfig
from recurry.training.windows import Windows


def all_windows(num_steps, config, *, epochs=1, seed=0):
    windows = Windows(num_steps, config, epochs=epochs, seed=seed)
    return [windows.at(update) for update in range(windows.num_updates)]


@given(
    num_steps=st.integers(1, 400),
    k1=st.integers(1, 50),
    history=st.integers(0, 80),
    jitter=st.floats(0, 0.5),
)
def test_every_step_counts_once_and_states_are_taken_where_they_are_needed(
    num_steps, k1, history, jitter
):
    config = WindowConfig(k1=k1, k2=k1 + history, jitter=jitter * k1)
    found = all_windows(num_steps, config, epochs=2)
    for epoch in range(2):
        windows = [w for w in found if w.epoch == epoch]
        assert [w.index for w in windows] == list(range(windows[0].num_windows))
        assert [w.is_last for w in windows] == [False] * (len(windows) - 1) + [True]
        counted = np.concatenate([np.arange(w.start, w.end) for w in windows])
        assert np.array_equal(counted, np.arange(num_steps))
        assert windows[0].begin == 0
        for window, following in itertools.pairwise(windows):
            assert window.keep == following.begin
        for window in windows:
            assert window.begin <= window.keep <= window.end
            assert window.start - window.begin == min(history, window.start)


def test_windows_of_equal_length():
    found = all_windows(100, WindowConfig(k1=30))
    assert [(w.start, w.end) for w in found] == [(0, 30), (30, 60), (60, 100)]
    assert all(w.begin == w.start and w.keep == w.end for w in found)


def test_long_trainings_on_long_texts_take_no_memory():
    windows = Windows(10**12, WindowConfig(k1=25), epochs=10**9, seed=0)
    assert windows.num_updates == 4 * 10**19
    last = windows.at(windows.num_updates - 1)
    assert (last.epoch, last.start, last.end) == (10**9 - 1, 10**12 - 25, 10**12)
    assert last.is_last


def test_a_long_tail_is_a_window_of_its_own():
    assert [w.length for w in all_windows(75, WindowConfig(k1=30))] == [30, 30, 15]


def test_gradients_reach_back_k2_steps():
    found = all_windows(40, WindowConfig(k1=10, k2=25))
    assert [(w.begin, w.start, w.keep) for w in found] == [
        (0, 0, 0),
        (0, 10, 5),
        (5, 20, 15),
        (15, 30, 25),
    ]


def test_random_lengths_have_the_asked_spread_and_differ_between_epochs():
    config = WindowConfig(k1=70, jitter=5.0)
    found = all_windows(70_000, config, epochs=2)
    lengths = np.array([w.length for w in found if w.epoch == 0 and not w.is_last])
    assert abs(lengths.mean() - 70) < 1
    assert abs(lengths.std() - 5) < 0.5
    assert [w.end for w in found if w.epoch == 1] != [w.end for w in found if w.epoch == 0]


def test_random_lengths_depend_on_the_seed_alone():
    config = WindowConfig(k1=20, jitter=4.0)
    first, again, other = (all_windows(900, config, epochs=3, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_window_can_be_asked_for_in_any_order():
    windows = Windows(500, WindowConfig(k1=20, jitter=4.0), epochs=3, seed=0)
    forwards = [windows.at(update) for update in range(windows.num_updates)]
    backwards = [windows.at(update) for update in reversed(range(windows.num_updates))]
    assert forwards == backwards[::-1]


@pytest.mark.parametrize("jitter", [0.0, 3.0])
def test_epochs_pass_with_their_fraction(jitter):
    found = all_windows(100, WindowConfig(k1=10, jitter=jitter), epochs=2)
    first = next(w for w in found if w.epoch == 1)
    assert first.epochs_before == 1.0
    assert 0 < found[1].epochs_before < 1
