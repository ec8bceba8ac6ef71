"""Times that can be compared: several runs take turns, and each gets the median of its samples.

Comes in: functions to run. Goes out: seconds. Imports nothing of Recurry.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Run = Callable[[], object]

# A sample is as many calls as this takes, so that the clock and the loop around it cost nothing.
_SAMPLE_SECONDS = 0.01
# Calls before the first sample: compilers, caches, memory.
_WARM_UP = 2
# And so long, because threads that were idle run slowly at first.
_WARM_UP_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds of one call.

    Args:
        median: Half of the samples took less.
        spread: Distance of the quartiles over the median: how restless the machine was.
    """

    median: float
    spread: float


def take_turns(runs: Sequence[Run], *, repeats: int, limit_seconds: float = 6.0) -> list[Timing]:
    """Time some runs, each sample beside one of every other run, so that all meet the same moods.

    Args:
        runs: What to time.
        repeats: Samples of each run.
        limit_seconds: After this time no further round begins, once there are three.
    """
    counts = [_calls_a_sample(run) for run in runs]
    samples: list[list[float]] = [[] for _ in runs]
    start = time.perf_counter()
    for repeat in range(repeats):
        if repeat >= 3 and time.perf_counter() - start > limit_seconds:
            break
        for run, count, found in zip(runs, counts, samples, strict=True):
            found.append(sample(run, count))
    return [_timing(found) for found in samples]


def sample(run: Run, count: int) -> float:
    """Seconds of one call, from some calls in a row."""
    start = time.perf_counter()
    for _ in range(count):
        run()
    return (time.perf_counter() - start) / count


def best(run: Run, *, repeats: int) -> float:
    """The shortest of some samples: what the machine can do when nobody disturbs it."""
    count = _calls_a_sample(run)
    return min(sample(run, count) for _ in range(repeats))


def _calls_a_sample(run: Run) -> int:
    """How many calls fill a sample, found after a warm-up."""
    start = time.perf_counter()
    seconds = [sample(run, 1) for _ in range(_WARM_UP)][-1]
    while time.perf_counter() - start < _WARM_UP_SECONDS:
        seconds = sample(run, 1)
    return max(1, round(_SAMPLE_SECONDS / max(seconds, 1e-7)))


def _timing(samples: Sequence[float]) -> Timing:
    median = statistics.median(samples)
    if len(samples) < 2:
        return Timing(median=median, spread=0.0)
    quartiles = statistics.quantiles(samples, n=4, method="inclusive")
    return Timing(median=median, spread=(quartiles[2] - quartiles[0]) / median)
