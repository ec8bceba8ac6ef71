"""One run of measurements: the machine as it is now, then row after row.

Comes in: cases and peers. Goes out: rows as they are found, and all of it as lines or plain values.
Imports the rest of the folder.
"""

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from recurry.backends.cpu.machine import host
from recurry.measurement.case import Case
from recurry.measurement.ceilings import Ceilings, measure_ceilings
from recurry.measurement.peer import Peer
from recurry.measurement.row import Row, measure, record
from recurry.measurement.table import missing, titles, write_ceilings, write_row

# Features that decide which code is made.
_SHOWN = ("avx2", "avx512f", "avx512bf16", "amx-bf16", "neon", "sve", "bf16")


@dataclass(frozen=True, kw_only=True)
class Session:
    """How all rows of a run are measured.

    Args:
        backend: Who runs the layers of ours.
        repeats: Samples of each.
        ceilings: Of this machine at the start.
    """

    backend: str
    repeats: int
    ceilings: Ceilings

    @classmethod
    def begin(cls, *, backend: str, repeats: int) -> "Session":
        """Measure the machine with as many threads as torch has."""
        ceilings = measure_ceilings(torch.get_num_threads())
        return cls(backend=backend, repeats=repeats, ceilings=ceilings)

    def row(self, case: Case, peers: Sequence[Peer]) -> Row:
        """One case beside some peers."""
        return measure(
            case, peers, backend=self.backend, repeats=self.repeats, ceilings=self.ceilings
        )

    def rows(self, cases: Iterable[Case], peers: Sequence[Peer]) -> Iterator[Row]:
        """A row for each case, as it is found."""
        for case in cases:
            yield self.row(case, peers)

    def head(self) -> Iterator[str]:
        """The machine, a warning where it is not at rest, and the titles of a table."""
        yield from write_ceilings(self.ceilings)
        yield from filter(None, [restlessness()])
        yield ""
        yield titles()

    def lines(self, cases: Iterable[Case], peers: Sequence[Peer]) -> Iterator[str]:
        """The table as it grows."""
        yield from self.head()
        found: list[Row] = []
        for row in self.rows(cases, peers):
            found.append(row)
            yield from write_row(row)
        yield ""
        yield from missing(found)
        yield machine_line()

    def record(self, rows: Iterable[Row]) -> dict[str, Any]:
        """Everything as plain values."""
        found = [record(row) for row in rows]
        return {**machine_facts(), "ceilings": asdict(self.ceilings), "rows": found}


def machine_facts() -> dict[str, Any]:
    """What the numbers depend on beside the machine's ceilings."""
    return {
        "threads": torch.get_num_threads(),
        "features": [name for name in _SHOWN if name in host().features],
        "torch": torch.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "load_average": load_average(),
    }


def load_average() -> float | None:
    """How many programs wanted a core in the last minute."""
    try:
        return round(os.getloadavg()[0], 2)
    except (OSError, AttributeError):  # not every system counts
        return None


def restlessness() -> str | None:
    """A warning where other programs take the cores from the measurement."""
    load, cores = load_average(), os.cpu_count() or 1
    if load is None or load <= 1.5 * cores:  # a measurement itself wants all of them
        return None
    return f"Other programs want the cores too (load {load}): these times mean little."


def machine_line() -> str:
    """The facts in one line."""
    facts = machine_facts()
    load = facts["load_average"]
    texts = [
        f"{facts['threads']} thread{'s' if facts['threads'] > 1 else ''}",
        " ".join(facts["features"]),
        f"torch {facts['torch']}",
        f"load {'unknown' if load is None else load}",
    ]
    return ", ".join(filter(None, texts))
