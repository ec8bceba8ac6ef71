"""The shortest time that a pass can take on a machine, and what it is that takes it.

Comes in: work, sizes, ceilings. Goes out: a bound in seconds, split by what limits it. Imports work
and ceilings.

Each part of a pass takes as long as its slowest resource: arithmetic, or reading what it reads from
the level of memory where that fits. Parts follow one another, so their times add up; the limiter of
the whole is the resource that takes most of the sum. Threads share streams and never wait, or share
units and meet once a stage, or one works alone, whichever is shortest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from recurry.backends.options import Precision
from recurry.compiler.plan import Plan
from recurry.measurement.case import Case
from recurry.measurement.ceilings import Ceilings
from recurry.measurement.work import Sizes, Work, backward_work, forward_work

Limiter = Literal["compute", "L2", "L3", "DRAM", "act", "sync", "call"]
Parts = dict[Limiter, float]

# Bytes of a weight and of any other number that passes through memory.
_WEIGHT_BYTES: Mapping[Precision, int] = {"float64": 8, "float32": 4, "bfloat16": 2}
_VALUE_BYTES: Mapping[Precision, int] = {"float64": 8, "float32": 4, "bfloat16": 2}


@dataclass(frozen=True, kw_only=True)
class Bound:
    """The shortest possible time of a call.

    Args:
        seconds: Of the whole call.
        parts: Seconds by what they are spent on.
    """

    seconds: float
    parts: Mapping[Limiter, float]

    @property
    def limiter(self) -> Limiter:
        """What takes most of the time."""
        return max(self.parts, key=lambda name: self.parts[name])


def works(plan: Plan, *, is_training: bool) -> tuple[Work, ...]:
    """The passes of a call, one after the other."""
    if not is_training:
        return (forward_work(plan, is_saving=False),)
    return (forward_work(plan, is_saving=True), backward_work(plan))


def operations(case: Case) -> int:
    """Multiplications and additions of all products of a call."""
    passes = works(case.cell.plan, is_training=case.kind == "training")
    return case.num_rows * sum(work.operations(_sizes(case)) for work in passes)


def bound(case: Case, ceilings: Ceilings) -> Bound:
    """The shortest time of one call of a case.

    Source: the usual roofline model (Williams et al. 2009), applied to each part of the time loop.
    """
    is_training = case.kind == "training"
    found: list[Parts] = [{"call": ceilings.call_us[1 if is_training else 0] * 1e-6}]
    for work in works(case.cell.plan, is_training=is_training):
        choices = [_pass(case, work, ceilings, split) for split in _splits(ceilings)]
        found.append(min(choices, key=lambda parts: sum(parts.values())))
    parts = _added(found)
    return Bound(seconds=sum(parts.values()), parts=parts)


@dataclass(frozen=True, kw_only=True)
class _Split:
    """How threads share the time loop: by streams, or by units."""

    threads: int
    is_by_streams: bool


def _splits(ceilings: Ceilings) -> list[_Split]:
    alone = _Split(threads=1, is_by_streams=True)
    if ceilings.threads == 1:
        return [alone]
    return [alone, *(_Split(threads=ceilings.threads, is_by_streams=by) for by in (True, False))]


def _added(found: Iterable[Parts]) -> Parts:
    total: defaultdict[Limiter, float] = defaultdict(float)
    for parts in found:
        for name, seconds in parts.items():
            total[name] += seconds
    return dict(total)


def _sizes(case: Case) -> Sizes:
    return Sizes(input_size=case.shape.input_size, hidden_size=case.shape.hidden_size)


def _pass(case: Case, work: Work, ceilings: Ceilings, split: _Split) -> Parts:
    """The products outside the time loop, then its steps."""
    found = [_bulk(case, work, ceilings)]
    for streams, steps in case.streams.items():
        one = _step(case, work, ceilings, split, streams)
        found.append({name: steps * seconds for name, seconds in one.items()})
    return _added(found)


def _bulk(case: Case, work: Work, ceilings: Ceilings) -> Parts:
    """Products for many steps at once, beside the traffic of the whole pass, on all threads."""
    sizes, count, rows = _sizes(case), ceilings.threads, case.num_rows
    weights = sum(product.weights(sizes) for product in work.bulk)
    rate = ceilings.operations_per_second(case.precision, threads=count, rows=rows)
    moved = rows * sum(sizes.of(size) for size in work.moved) * _VALUE_BYTES[case.precision]
    traffic = weights * _WEIGHT_BYTES[case.precision] + moved
    return _slower(
        2 * weights * rows / count / rate, traffic / count, traffic, ceilings=ceilings, count=count
    )


def _step(case: Case, work: Work, ceilings: Ceilings, split: _Split, streams: int) -> Parts:
    """One step of the time loop in one of the threads."""
    sizes, count = _sizes(case), split.threads
    mine = -(-streams // count) if split.is_by_streams else streams
    share = 1 if split.is_by_streams else count
    rate = ceilings.operations_per_second(case.precision, threads=count, rows=mine)
    weights = sum(product.weights(sizes) for product in work.loop)
    read = weights * _WEIGHT_BYTES[case.precision]
    parts = _slower(
        2 * mine * weights / share / rate, read / share, read, ceilings=ceilings, count=count
    )
    nonlinear = sum(sizes.of(size) for size in work.nonlinear)
    simple = sum(sizes.of(size) for size in work.simple)
    # A simple operation takes one instruction, as a multiply-add of a product does.
    pointwise = nonlinear * ceilings.nonlinear_ns[case.precision] * 1e-9 + 2 * simple / rate
    parts["act"] = mine * pointwise / share
    if not split.is_by_streams:
        parts["sync"] = work.stages * ceilings.meeting_us * 1e-6
    return parts


def _slower(compute: float, share: float, whole: float, *, ceilings: Ceilings, count: int) -> Parts:
    """The time of arithmetic or that of reading, whichever is longer.

    Args:
        compute: Seconds of arithmetic.
        share: Bytes that each thread reads.
        whole: Bytes that all threads read, counted once.
        ceilings: Of the machine.
        count: Threads at work.
    """
    level = ceilings.level_of(share=share, whole=whole)
    reading = share / ceilings.bytes_per_second(level, threads=count)
    return {"compute": compute} if compute >= reading else {level: reading}
