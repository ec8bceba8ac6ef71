"""Estimates that decide how a call runs: where the input is multiplied and how threads share it.

Comes in: sizes. Goes out: decisions. The constants are orders of magnitude of one core, not of one
processor: the choice changes only where both ways cost about the same. Imports frame and kernels.
"""

from dataclasses import dataclass

from recurry.backends.cpu.frame import Split
from recurry.backends.cpu.kernels import Kernels
from recurry.backends.timeline import Timeline
from recurry.compiler.nodes import Input, Matmul
from recurry.compiler.plan import Plan

# What one core has for weights between the steps of a sequence, next to its arithmetic.
_FIRST_CACHE_BYTES = 24 * 1024
# Streams from which on a product is bound by arithmetic and no longer by reading weights.
_ENOUGH_ROWS = 4
# A core's multiply-adds and elementwise operations a microsecond.
_PRODUCTS, _POINTWISE = 40_000.0, 3_000.0
# Symbols whose table is worth multiplying for a few rows, as it is kept for the calls to come.
_FEW_SYMBOLS = 1024
# Symbols up to which one-hot vectors are the rows of an identity matrix in memory.
_MOST_ONE_HOT = 4096
# Microseconds: threads meet; a team of threads starts and ends.
_MEETING, _START = 0.5, 5.0


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one step costs, in microseconds of one core.

    Args:
        products: Products of one stream, where weights cost nothing.
        pointwise: Pointwise work of one stream.
        meetings: How often threads that share units must wait for one another.
    """

    products: float
    pointwise: float
    meetings: int

    def time_us(self, streams: int | float) -> float:
        """One step of some streams: reading the weights costs as much as some streams do."""
        return max(streams, _ENOUGH_ROWS) * self.products + streams * self.pointwise


def estimate_work(kernels: Kernels, hidden_size: int) -> Work:
    """The cost of one step of a cell."""
    stages = kernels.forward_pass.schedule.stages
    products = sum(len(total.products) for stage in stages for total in stage.sums)
    pointwise = sum(len(stage.pointwise) for stage in stages)
    return Work(
        products=products * hidden_size**2 / _PRODUCTS,
        pointwise=pointwise * hidden_size / _POINTWISE,
        meetings=sum(1 for stage in stages if stage.groups),
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
    steps = len(timeline.sizes)
    streams = timeline.num_rows / max(1, steps)
    alone = Split()
    choices = [(steps * work.time_us(streams), alone)]
    if threads > 1:
        shared = work.time_us(streams) / min(threads, blocks) + work.meetings * _MEETING
        by_units = Split(num_threads=min(threads, blocks))
        choices.append((_START + steps * shared, by_units))
        if timeline.is_even and timeline.num_streams > 1:
            count = min(threads, timeline.num_streams)
            own = work.time_us(-(-timeline.num_streams // count))
            choices.append((_START + steps * own, Split(num_threads=count, by_rows=True)))
    return min(choices, key=lambda choice: choice[0])[1]
