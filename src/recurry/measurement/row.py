"""One row of the table: a case measured beside its bound and its peers.

Comes in: cases, peers, ceilings. Goes out: rows. Imports the rest of the folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recurry.measurement.case import Case
from recurry.measurement.ceilings import Ceilings
from recurry.measurement.clock import Run, take_turns
from recurry.measurement.ours import Ours
from recurry.measurement.peer import Numbers, Peer
from recurry.measurement.roofline import bound, operations


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was found for a case.

    Args:
        cell: Name of the cell.
        shape: T,B,I,H.
        precision: What products compute in.
        kind: Which pass.
        num_steps: Steps of a call.
        refusal: Why ours could not run, if it could not; then there are no times.
        time_ms: Median of a call.
        spread: Distance of the quartiles over the median.
        gflops: Operations of the products, in 10^9 a second.
        bound_ms: The shortest time that the machine allows; 0 where none is worked out.
        limiter: What that time is spent on most.
        peer_ms: Median of a call of each peer.
        refusals: Why a peer did not take part.
        others: What else was measured, by name.
    """

    cell: str
    shape: str
    precision: str
    kind: str
    num_steps: int
    refusal: str | None = None
    time_ms: float | None = None
    spread: float = 0.0
    gflops: float = 0.0
    bound_ms: float = 0.0
    limiter: str = ""
    peer_ms: Mapping[str, float] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, float] = field(default_factory=dict)

    @property
    def of_bound(self) -> float | None:
        """The bound over the time; 1 is the best that the machine allows."""
        return self.bound_ms / self.time_ms if self.time_ms and self.bound_ms else None

    @property
    def ratios(self) -> dict[str, float]:
        """Each peer's time over ours: above 1 we are faster."""
        if self.time_ms is None:
            return {}
        return {name: time / self.time_ms for name, time in self.peer_ms.items()}

    @property
    def step_us(self) -> float | None:
        """Time of one step inside a call."""
        return None if self.time_ms is None else self.time_ms * 1e3 / self.num_steps


def measure(
    case: Case, peers: Sequence[Peer], *, backend: str, repeats: int, ceilings: Ceilings
) -> Row:
    """Time a case and its peers in turns.

    Args:
        case: What to measure.
        peers: Beside whom; those who cannot run it are left out, with the reason.
        backend: Who runs the layer of ours.
        repeats: Samples of each.
        ceilings: Of this machine, now.
    """
    ours, limit = Ours(backend), bound(case, ceilings)
    facts = {
        "cell": case.cell.name,
        "shape": str(case.shape),
        "precision": case.precision,
        "kind": case.kind,
        "num_steps": case.num_steps,
        "bound_ms": limit.seconds * 1e3,
        "limiter": limit.limiter,
    }
    refusal = ours.refusal(case)
    if refusal is not None:
        return Row(**facts, refusal=refusal)
    refusals = {peer.name: peer.refusal(case) for peer in peers}
    taking_part = [peer for peer in peers if refusals[peer.name] is None]
    numbers = Numbers(case=case, backend=backend)
    runs: list[Run] = [ours.prepare(numbers), *(peer.prepare(numbers) for peer in taking_part)]
    own, *others = take_turns(runs, repeats=repeats)
    return Row(
        **facts,
        time_ms=own.median * 1e3,
        spread=own.spread,
        gflops=operations(case) / own.median / 1e9,
        peer_ms={p.name: t.median * 1e3 for p, t in zip(taking_part, others, strict=True)},
        refusals={name: why for name, why in refusals.items() if why is not None},
    )


def record(row: Row) -> dict:
    """A row as plain values for JSON."""
    return {
        "cell": row.cell,
        "shape": row.shape,
        "dtype": row.precision,
        "pass": row.kind,
        "refusal": row.refusal,
        "time_ms": _short(row.time_ms),
        "spread": _short(row.spread),
        "step_us": _short(row.step_us),
        "gflops": _short(row.gflops),
        "bound_ms": _short(row.bound_ms),
        "limiter": row.limiter,
        "of_bound": _short(row.of_bound),
        "ratios": {name: _short(ratio) for name, ratio in row.ratios.items()},
        "peer_ms": {name: _short(time) for name, time in row.peer_ms.items()},
        "not_measured": dict(row.refusals),
        "others": {name: _short(value) for name, value in row.others.items()},
    }


def _short(number: float | None) -> float | None:
    """Four figures, which is more than a clock knows."""
    return None if number is None else float(f"{number:.4g}")
