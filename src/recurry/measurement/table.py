"""Rows and ceilings as lines of text for a terminal of 80 columns.

Comes in: rows, ceilings, facts. Goes out: lines. Imports the rest of the folder.
"""

import textwrap
from collections.abc import Iterator, Sequence

from recurry.measurement.ceilings import Ceilings
from recurry.measurement.row import Row

WIDTH = 80
_SHORT = {"float32": "f32", "float64": "f64", "bfloat16": "bf16"}
_PASSES = {"inference": "infer", "training": "train", "step": "step"}
_TITLES = ("cell", "T,B,I,H", "type", "pass", "time", "GF/s", "bound", "limit", "of it")
_WIDTHS = (14, 15, 4, 5, 8, 5, 8, 7, 5)


def write_row(row: Row) -> Iterator[str]:
    """A row in one line, its peers in the next."""
    yield from write_facts(row)
    if row.ratios:
        shown = ", ".join(f"{name} {ratio:.3g}" for name, ratio in row.ratios.items())
        yield from _wrapped(f"times as fast as {shown}")


def write_facts(row: Row) -> Iterator[str]:
    """A row without its peers."""
    facts = (row.cell[:14], row.shape, _SHORT[row.precision], _PASSES[row.kind])
    if row.time_ms is None:
        yield _line((*facts, "none", "", "", "", ""))
        yield from _wrapped(f"not available: {row.refusal}")
        return
    yield _line(
        (
            *facts,
            duration(row.time_ms),
            f"{row.gflops:.1f}" if row.gflops < 100 else f"{row.gflops:.0f}",
            duration(row.bound_ms) if row.of_bound else "",
            row.limiter,
            f"{row.of_bound:.2f}" if row.of_bound else "",
        )
    )


def titles() -> str:
    """The first line of a table."""
    return _line(_TITLES)


def missing(rows: Sequence[Row]) -> Iterator[str]:
    """Who did not take part anywhere, and why."""
    reasons: dict[str, set[str]] = {}
    for row in rows:
        for name, why in row.refusals.items():
            reasons.setdefault(name, set()).add(why)
    measured = {name for row in rows for name in row.peer_ms}
    for name, found in reasons.items():
        if name not in measured:
            yield from _wrapped(f"{name} did not take part: {'; '.join(sorted(found))}", indent=0)


def write_ceilings(ceilings: Ceilings) -> Iterator[str]:
    """What the machine can do at best, a line each."""
    yield f"this machine at best, 1 thread and {ceilings.threads} together"
    for precision, level in ceilings.products.items():
        own = ceilings.own_products.get(precision)
        kernel = f"   own kernel {own.alone:.0f}, {own.together:.0f}" if own else ""
        label = f"products {_SHORT[precision]}"
        yield f"  {label:<16}{level.alone:6.0f} {level.together:6.0f} GFLOP/s{kernel}"
    for name, level in ceilings.levels.items():
        yield f"  {'reading ' + name:<16}{level.alone:6.0f} {level.together:6.0f} GB/s"
    functions = ", ".join(f"{_SHORT[p]} {ns:.2f}" for p, ns in ceilings.nonlinear_ns.items())
    yield f"  sigmoid or tanh, ns: {functions}"
    forward, both = ceilings.call_us
    yield (
        f"  threads meet {ceilings.meeting_us:.2f} us; an empty call {forward:.1f} us, "
        f"with backward {both:.1f} us"
    )


def duration(time_ms: float) -> str:
    """A time with three figures in a unit that fits it."""
    for unit, factor in (("s", 1e-3), ("ms", 1.0)):
        if time_ms * factor >= 1.0:
            return f"{time_ms * factor:.3g} {unit}"
    return f"{time_ms * 1e3:.3g} us"


def _line(texts: Sequence[str]) -> str:
    """Four columns to the left, the rest to the right."""
    places = list(zip(texts, _WIDTHS, strict=True))
    cells = [text.ljust(width) for text, width in places[:4]]
    cells += [text.rjust(width) for text, width in places[4:]]
    return " ".join(cells).rstrip()


def _wrapped(text: str, *, indent: int = 4) -> list[str]:
    space = " " * indent
    return textwrap.wrap(text, WIDTH, initial_indent=space, subsequent_indent=space)
