"""The time of the neuron finder for every property at once, on cells and labels that are drawn.

Usage: python bench/find_neurons.py [--symbols 100000] [--cells 1024] [--rounds 3]
"""

import argparse
import statistics
import time

import numpy as np

from recurry.inspection.finder import find_cells
from recurry.inspection.properties import PROPERTIES


def main() -> None:
    """Print the median of some rounds, and how many cells were claimed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=100_000)
    parser.add_argument("--cells", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    # Values that stay for about ten symbols, and labels for about twenty.
    steps = rng.integers(-127, 128, (given.cells, given.symbols // 10 + 1), dtype=np.int8)
    values = np.ascontiguousarray(np.repeat(steps, 10, axis=1)[:, : given.symbols])
    labels = [np.cumsum(rng.random(given.symbols) < 0.05) % 2 == 1 for _ in PROPERTIES]
    seconds, claims = [], 0
    for _ in range(given.rounds):
        start = time.perf_counter()
        found = find_cells(values, labels)
        seconds.append(time.perf_counter() - start)
        claims = sum(one is not None and one.is_claimed(one.best) for one in found)
    print(
        f"{len(labels)} properties, {given.cells:,} cells, {given.symbols:,} symbols: "
        f"{statistics.median(seconds):.2f} s (median of {given.rounds}); {claims} claims on "
        "random labels"
    )


if __name__ == "__main__":
    main()
