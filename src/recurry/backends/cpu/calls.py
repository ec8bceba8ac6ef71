"""The decisions of one call: which kernels, how many threads, what is packed.

Comes in: a plan and the sizes of a request. Goes out: a call that `passes` runs. Imports torch and
the rest of the folder.
"""

from collections.abc import Mapping

from torch import Tensor

from recurry.backends.cpu.call import Call
from recurry.backends.cpu.cost import choose_split, estimate_work, should_fuse
from recurry.backends.cpu.frame import Split
from recurry.backends.cpu.kernels import Kernels, bits_of, kernels
from recurry.backends.cpu.packing import padded_size
from recurry.backends.cpu.rows import make_rows
from recurry.backends.cpu.threads import available_threads
from recurry.backends.remember import once_a_plan
from recurry.backends.timeline import Timeline
from recurry.backends.weights import StackCache
from recurry.compiler.plan import Plan


def make_call(
    plan: Plan,
    timeline: Timeline,
    parameters: Mapping[str, Tensor],
    x: Tensor,
    hidden_size: int,
    *,
    cache: StackCache | None,
) -> Call:
    """One sequence through one cell, with everything decided.

    Args:
        plan: The cell.
        timeline: Which streams take part in which step.
        parameters: Parameters by name.
        x: Input, (N, I).
        hidden_size: H.
        cache: Where packed weights outlive the call, if anywhere.
    """
    made, split = _decide(
        plan,
        timeline=timeline,
        sizes=(int(x.shape[1]), hidden_size),
        bits=bits_of(x.dtype),
        threads=available_threads(),
    )
    return Call(
        kernels=made,
        parameters=parameters,
        x=x if x.is_contiguous() else x.contiguous(),
        rows=make_rows(timeline),
        hidden_size=hidden_size,
        split=split,
        cache=cache,
    )


@once_a_plan
def _decide(
    plan: Plan, *, timeline: Timeline, sizes: tuple[int, int], bits: int, threads: int
) -> tuple[Kernels, Split]:
    """Kernels and threads for a shape, decided once."""
    is_fused = should_fuse(plan, streams=timeline.num_streams, sizes=sizes, bits=bits)
    made = kernels(plan, bits=bits, is_fused=is_fused)
    blocks = padded_size(sizes[1], made.tiling.units) // made.tiling.units
    work = estimate_work(made, sizes[1])
    return made, choose_split(work, timeline=timeline, blocks=blocks, threads=threads)
