"""Estimates that decide how a call runs: where the input is multiplied and how threads share it.

Comes in: sizes. Goes out: decisions. The constants are orders of magnitude of one core, not of one
processor; the choices they lead to change only where both ways cost about the same. Imports threads.
"""

from recurry.backends.cpu.frame import Split
from recurry.backends.cpu.kernels import Kernels
from recurry.backends.cpu.threads import available_threads
from recurry.backends.timeline import Timeline
from recurry.compiler.nodes import Input, Matmul
from recurry.compiler.plan import Plan

# What one core has for weights between the steps of a sequence.
_SECOND_CACHE_BYTES = 512 * 1024
# Streams above which a product with so many rows is no longer bound by reading weights.
_ENOUGH_ROWS = 8
# One core: multiply-adds a microsecond, elementwise results a microsecond; a meeting, microseconds.
_PRODUCTS, _POINTWISE, _MEETING = 40_000.0, 300.0, 0.5
# A second thread must save more than it costs to wake it.
_LEAST_WORK = 40.0


def should_fuse(plan: Plan, *, streams: int, sizes: tuple[int, int], bits: int) -> bool:
    """Whether the input is multiplied inside the time loop.

    Inside, nothing is written and read back, but all weights are read at every step; before the
    loop, they are read once for many steps. Inside wins unless the weights of a step leave the cache
    and too few rows share the reading.
    """
    input_size, hidden_size = sizes
    products = [node for node in plan.graph.nodes if isinstance(node, Matmul)]
    numbers = sum(
        hidden_size * (input_size if p.operand.size == "I" else hidden_size) for p in products
    )
    has_input = any(isinstance(p.operand, Input) for p in products)
    fits = numbers * bits // 8 <= _SECOND_CACHE_BYTES
    return has_input and (fits or streams >= _ENOUGH_ROWS)


def choose_split(kernels: Kernels, *, timeline: Timeline, hidden_size: int, blocks: int) -> Split:
    """How threads share a call: streams of their own, or units of their own and meetings."""
    threads = available_threads()
    if threads == 1:
        return Split()
    stages = kernels.forward_pass.schedule.stages
    columns = sum(len(total.products) for stage in stages for total in stage.sums)
    pointwise = sum(len(stage.pointwise) for stage in stages)
    meetings = sum(1 for stage in stages if stage.groups)
    rows = timeline.num_rows / max(1, len(timeline.sizes))
    work = columns * hidden_size**2 / _PRODUCTS + pointwise * hidden_size / _POINTWISE / 10
    if rows * work * len(timeline.sizes) < _LEAST_WORK:
        return Split()
    by_units = rows * work / min(threads, blocks) + meetings * _MEETING
    streams = -(-timeline.num_streams // threads)
    few = max(1.0, _ENOUGH_ROWS / streams / 2)
    by_rows = streams * work * few if timeline.is_even else float("inf")
    if min(by_units, by_rows) > rows * work:
        return Split()
    if by_rows <= by_units:
        return Split(num_threads=min(threads, timeline.num_streams), by_rows=True)
    return Split(num_threads=min(threads, blocks))
