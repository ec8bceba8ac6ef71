"""What a cell has to do at a shape, and how long that takes at least.

Comes in: a cell, a shape, ceilings. Goes out: lines of text. Imports roofline, table.
"""

from collections.abc import Iterator

from recurry.compiler.cell import Cell
from recurry.measurement.case import Case, Shape
from recurry.measurement.ceilings import NOMINAL, Ceilings
from recurry.measurement.roofline import bound, operations
from recurry.measurement.table import duration


def estimate_lines(cell: Cell, shape: Shape, ceilings: Ceilings) -> Iterator[str]:
    """Operations and shortest times of a call in float32, forward and in training."""
    machine = "a nominal machine" if ceilings is NOMINAL else "this machine"
    threads = "1 thread" if ceilings.threads == 1 else f"{ceilings.threads} threads"
    yield f"T,B,I,H = {shape} in float32 on {machine}, {threads}"
    for kind in ("inference", "training"):
        case = Case(cell=cell, shape=shape, kind=kind)
        found = bound(case, ceilings)
        parts = sorted(found.parts.items(), key=lambda part: -part[1])
        shown = ", ".join(f"{name} {duration(time * 1e3)}" for name, time in parts if time > 0)
        yield (
            f"  {kind:<10} {operations(case) / 1e9:.3g} GFLOP, at least "
            f"{duration(found.seconds * 1e3)} ({shown})"
        )
