"""Estimates that decide how a call runs: where the input is multiplied and how threads share it.

Comes in: sizes. Goes out: decisions. The constants are orders of magnitude of one core, not of one
processor: the choice changes only where both ways cost about the same. Imports frame and kernels.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import accumulate, pairwise

from recurry.backends.cpu.frame import Split
from recurry.backends.cpu.kernels import Kernels, find_products
from recurry.backends.timeline import Timeline
from recurry.compiler.nodes import Input, Matmul
from recurry.compiler.plan import Plan

# What one core has for weights between the steps of a sequence, next to its arithmetic.
_FIRST_CACHE_BYTES = 24 * 1024
# Streams from which on the input is multiplied as fast inside the loop, where all weights are read
# at every step, as before it.
_ENOUGH_ROWS = 24
# A core's multiply-adds of 32 bits and elementwise operations a microsecond, and multiply-adds on
# tiles.
_PRODUCTS, _POINTWISE, _TILE_PRODUCTS = 80_000.0, 3_000.0, 600_000.0
# Bytes of weights of which most stay in a second cache, and bytes a microsecond from there and
# from behind.
_SECOND_CACHE_BYTES = 2_500_000
_NEAR, _FAR = 120_000.0, 25_000.0
# Symbols whose table is worth multiplying for a few rows, as it is kept for the calls to come.
_FEW_SYMBOLS = 1024
# Symbols up to which one-hot vectors are the rows of an identity matrix in memory.
_MOST_ONE_HOT = 4096
# Bytes a microsecond that one core reads of what another has just written.
_EXCHANGE = 8_000.0
# Microseconds: threads meet; a team of threads starts and ends.
_MEETING, _START = 1.0, 5.0
# How much longer threads take that meet at every step: each step lasts as long as its slowest.
_SLOWEST = 1.06


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one step costs one core.

    Args:
        products: Products of one stream, where weights cost nothing, in microseconds.
        pointwise: Pointwise work of one stream, the same.
        weights: Weights, in bytes.
        exchanged: What threads that share units read of one another for one stream, in bytes.
        meetings: How often threads that share units must wait for one another.
    """

    products: float
    pointwise: float
    weights: float
    exchanged: float
    meetings: int

    def time_us(self, streams: int | float, share: float = 1.0) -> float:
        """One step of some streams through a share of the units; half of the reading of weights
        hides behind arithmetic, where there is enough of that."""
        weights = share * self.weights
        reading = weights / (_NEAR if weights <= _SECOND_CACHE_BYTES else _FAR)
        computing = share * streams * (self.products + self.pointwise)
        return max(computing, reading) + reading / 2


def estimate_work(kernels: Kernels, hidden_size: int) -> Work:
    """The cost of one step of a cell."""
    stages = kernels.forward_pass.schedule.stages
    products = sum(len(total.products) for stage in stages for total in stage.sums)
    pointwise = sum(len(stage.pointwise) for stage in stages)
    numbers = products * hidden_size**2
    rate = _PRODUCTS * 32 / kernels.bits
    if find_products(kernels.bits).has_tiles:
        rate = _TILE_PRODUCTS
    meetings = sum(1 for stage in stages if stage.groups)
    return Work(
        products=numbers / rate,
        pointwise=pointwise * hidden_size / _POINTWISE,
        weights=numbers * kernels.bits / 8,
        exchanged=meetings * hidden_size * kernels.bits / 8 / 2,
        meetings=meetings,
    )


def should_fuse(plan: Plan, *, streams: int, sizes: tuple[int, int], bits: int) -> bool:
    """Whether the input is multiplied inside the time loop.

    Inside, nothing is written and read back, but all weights are read at every step; before the
    loop, they are read once for many steps. Inside wins where enough streams share the reading, or
    where the first cache holds all weights.
    """
    input_size, hidden_size = sizes
    products = [node for node in plan.graph.nodes if isinstance(node, Matmul)]
    lengths = (input_size if p.operand.size == "I" else hidden_size for p in products)
    fits = hidden_size * sum(lengths) * bits // 8 <= _FIRST_CACHE_BYTES
    has_input = any(isinstance(product.operand, Input) for product in products)
    return has_input and (fits or streams >= _ENOUGH_ROWS)


def should_project(num_symbols: int, num_rows: int, *, is_one_hot: bool, is_kept: bool) -> bool:
    """Whether the table of symbols is multiplied, instead of what every row looks up in it."""
    if is_one_hot and num_symbols > _MOST_ONE_HOT:
        return False
    return num_symbols <= num_rows or (is_kept and num_symbols <= _FEW_SYMBOLS)


def choose_split(work: Work, *, timeline: Timeline, blocks: int, threads: int) -> Split:
    """How threads share a call: streams of their own, or units of their own and meetings."""
    whole = (0, timeline.num_streams)
    choices = [(_time_us(work, timeline, whole), Split())]
    if threads > 1:
        by_units = Split(num_threads=min(threads, blocks))
        waiting = len(timeline.sizes) * work.meetings * _MEETING
        waiting += timeline.num_rows * work.exchanged / _EXCHANGE
        shared = _SLOWEST * _time_us(work, timeline, whole, share=1 / by_units.num_threads)
        choices.append((_START + shared + waiting, by_units))
        count = min(threads, max(timeline.sizes, default=0))
        if count > 1:
            bounds = share_streams(timeline, count)
            own = max(_time_us(work, timeline, part) for part in pairwise(bounds))
            split = Split(num_threads=count, by_rows=True, bounds=bounds)
            choices.append((_START + own, split))
    return min(choices, key=lambda choice: choice[0])[1]


def share_streams(timeline: Timeline, count: int) -> tuple[int, ...]:
    """Where each of some threads begins and ends, so that all have about as many valid steps.

    Streams lie by falling length: the first thread has few long ones, the last many short ones.
    Each has at least one.
    """
    streams = timeline.num_streams
    if timeline.is_even:
        return tuple(thread * streams // count for thread in range(count + 1))
    reached = [0, *accumulate(_lengths(timeline))]
    found = [0]
    for thread in range(1, count):
        wanted = reached[-1] * thread / count
        nearest = min(range(streams + 1), key=lambda stream: abs(reached[stream] - wanted))
        found.append(min(max(nearest, found[-1] + 1), streams - (count - thread)))
    return (*found, streams)


def _lengths(timeline: Timeline) -> list[int]:
    """The length of every stream, the longest first."""
    found = [0] * timeline.num_streams
    for ended, (size, after) in enumerate(pairwise((*timeline.sizes, 0)), 1):
        found[after:size] = [ended] * (size - after)
    return found


def _time_us(work: Work, timeline: Timeline, part: tuple[int, int], *, share: float = 1.0) -> float:
    """All steps of some streams; a step in which none of them takes part costs nothing."""
    first, last = part
    counts = Counter(timeline.sizes)
    alive = ((min(size, last) - first, steps) for size, steps in counts.items())
    return sum(steps * work.time_us(rows, share) for rows, steps in alive if rows > 0)
