"""Runs take turns, the warm-up counts nothing, and the median is the median."""

import time

from recurry.measurement import clock
from recurry.measurement.clock import best, sample, take_turns


def test_runs_take_turns(monkeypatch):
    monkeypatch.setattr(clock, "_calls_a_sample", lambda run: 1)
    calls: list[int] = []
    timings = take_turns([lambda: calls.append(1), lambda: calls.append(2)], repeats=4)
    assert calls == [1, 2] * 4
    assert len(timings) == 2


def test_a_sample_is_the_time_of_one_call():
    assert 0.001 <= sample(lambda: time.sleep(0.001), 3) < 0.1


def test_the_median_and_the_spread(monkeypatch):
    monkeypatch.setattr(clock, "_calls_a_sample", lambda run: 1)
    times = iter([3.0, 1.0, 2.0, 100.0, 2.0])
    monkeypatch.setattr(clock, "sample", lambda run, count: next(times))
    (timing,) = take_turns([lambda: None], repeats=5)
    assert timing.median == 2.0
    assert timing.spread == 0.5


def test_a_long_run_ends_after_three_rounds(monkeypatch):
    monkeypatch.setattr(clock, "_calls_a_sample", lambda run: 1)
    calls: list[int] = []
    take_turns([lambda: calls.append(1)], repeats=50, limit_seconds=0.0)
    assert len(calls) == 3


def test_short_runs_are_repeated_in_a_sample():
    calls: list[int] = []
    assert best(lambda: calls.append(1), repeats=2) > 0.0
    assert len(calls) > 100
