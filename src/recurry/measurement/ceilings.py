"""What this machine can do at best: products, memory, polynomials, meetings, calls.

Comes in: nothing, or a number of threads. Goes out: one record that bounds are worked out from.
Imports torch inside what measures; probes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from recurry.backends.options import PRECISIONS, Precision

Memory = Literal["L2", "L3", "DRAM"]

# Sizes of the second and third cache where the system does not tell.
_CACHES = (1 << 20, 16 << 20)
# Of a cache, what is left beside everything else that passes through it.
_USABLE = 0.75


@dataclass(frozen=True, kw_only=True)
class Level:
    """Reading from one level of memory, in 10^9 bytes a second.

    Args:
        alone: One thread.
        together: All threads, added up.
    """

    alone: float
    together: float


@dataclass(frozen=True, kw_only=True)
class Ceilings:
    """What one machine can do with one and with all of its threads.

    Args:
        threads: How many "all" are.
        products: Multiplications and additions in large products, in 10^9 a second, one thread and
            all, by precision.
        own_products: The same for the product kernel of the compiled backend alone, where measured.
        levels: Reading from the second cache, the third cache and main memory: L2, L3, DRAM.
        cache_bytes: Of the second cache of a core and of the third cache.
        nonlinear_ns: One sigmoid or tanh in one thread, in nanoseconds, by precision.
        meeting_us: All threads wait for one another, in microseconds.
        call_us: An operator of torch that does nothing, in microseconds; forward, then with its
            backward pass.
        tile_rows: Rows that a bfloat16 product takes at once, whether they are there or not.
    """

    threads: int
    products: Mapping[Precision, Level]
    own_products: Mapping[Precision, Level]
    levels: Mapping[Memory, Level]
    cache_bytes: tuple[int, int]
    nonlinear_ns: Mapping[Precision, float]
    meeting_us: float
    call_us: tuple[float, float]
    tile_rows: int = 1

    def level_of(self, *, share: float, whole: float) -> Memory:
        """Where data lie that are read again and again.

        Args:
            share: Bytes that one thread reads.
            whole: Bytes that all threads read.
        """
        second, third = self.cache_bytes
        if share <= _USABLE * second:
            return "L2"
        return "L3" if whole <= _USABLE * third else "DRAM"

    def bytes_per_second(self, level: Memory, *, threads: int) -> float:
        """What each of some threads reads at once from a level."""
        rates = self.levels[level]
        return (rates.alone if threads == 1 else rates.together / threads) * 1e9

    def operations_per_second(self, precision: Precision, *, threads: int, rows: int) -> float:
        """What each of some threads computes in products of so many rows."""
        rates = self.products[precision]
        rate = rates.alone if threads == 1 else rates.together / threads
        tile = self.tile_rows if precision == "bfloat16" else 1
        return rate * 1e9 * rows / (tile * -(-rows // tile))


# One core of a small server of the years around 2023, for estimates without measuring.
NOMINAL = Ceilings(
    threads=2,
    products={
        "float32": Level(alone=100.0, together=200.0),
        "float64": Level(alone=50.0, together=100.0),
        "bfloat16": Level(alone=200.0, together=400.0),
    },
    own_products={},
    levels={
        "L2": Level(alone=100.0, together=200.0),
        "L3": Level(alone=30.0, together=60.0),
        "DRAM": Level(alone=15.0, together=20.0),
    },
    cache_bytes=_CACHES,
    nonlinear_ns={"float32": 0.3, "float64": 0.9, "bfloat16": 0.2},
    meeting_us=0.3,
    call_us=(2.0, 20.0),
)


def cache_bytes() -> tuple[int, int]:
    """Sizes of the second cache of a core and of the third cache, as the system reports them."""
    found = (_reported("SC_LEVEL2_CACHE_SIZE"), _reported("SC_LEVEL3_CACHE_SIZE"))
    second = found[0] or _CACHES[0]
    return second, max(found[1] or _CACHES[1], second)


def _reported(name: str) -> int:
    try:
        return max(0, os.sysconf(name))
    except (ValueError, OSError, AttributeError):  # not every system knows these names
        return 0


def measure_ceilings(threads: int) -> Ceilings:
    """The ceilings of this machine now, for one thread and for so many; takes some seconds."""
    from recurry.measurement import probes

    own: dict[Precision, Level] = {
        precision: _level(partial(probes.kernel_product, precision), threads)
        for precision in PRECISIONS
        if probes.has_kernel(precision)
    }
    large: dict[Precision, Level] = {
        precision: _level(partial(probes.large_product, precision), threads)
        for precision in PRECISIONS
    }
    sizes = cache_bytes()
    return Ceilings(
        threads=threads,
        products={name: _higher(level, own.get(name)) for name, level in large.items()},
        own_products=own,
        levels={
            name: _level(partial(probes.reading, span), threads)
            for name, span in _spans(sizes, threads).items()
        },
        cache_bytes=sizes,
        nonlinear_ns={precision: probes.nonlinear_ns(precision) for precision in PRECISIONS},
        meeting_us=probes.meeting_us(threads) if threads > 1 else 0.0,
        call_us=probes.call_us(),
        tile_rows=probes.tile_rows(),
    )


def _level(probe: Callable[[int], float], threads: int) -> Level:
    """What a probe finds for one thread and for all."""
    alone = probe(1)
    return Level(alone=alone, together=probe(threads) if threads > 1 else alone)


def _higher(a: Level, b: Level | None) -> Level:
    if b is None:
        return a
    return Level(alone=max(a.alone, b.alone), together=max(a.together, b.together))


def _spans(sizes: tuple[int, int], threads: int) -> dict[Memory, int]:
    """Bytes that each thread reads to find the speed of a level: more than the level before."""
    second, third = sizes
    return {
        "L2": second // 2,
        "L3": max(2 * second, third // (4 * threads)),
        "DRAM": 4 * third // threads,
    }
