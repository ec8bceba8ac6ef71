"""Random cells in the compiled backend against the float64 interpreter.

    python bench/fuzz_kernels.py --cells 200 --seed 0

Prints every cell whose error is beyond its bound, and how many there were; exits with 1 if any.
"""

import argparse
import importlib.util
import sys
import time
from pathlib import Path

import numpy as np
import torch

from recurry.compiler.cell import Cell
from recurry.compiler.random_cell import random_cell

# As in the tests, with room for cells that are worse conditioned than any in use.
BOUNDS = {torch.float64: 1e-10, torch.float32: 2e-3}


def _case_class():
    """The comparison that the tests use."""
    path = Path(__file__).parents[1] / "tests" / "backends" / "cpu" / "conftest.py"
    specification = importlib.util.spec_from_file_location("cases", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["cases"] = module
    specification.loader.exec_module(module)
    return module.Case


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    case_class, wrong = _case_class(), 0
    start = time.perf_counter()
    for number in range(options.seed, options.seed + options.cells):
        rng = np.random.default_rng(number)
        text = random_cell(rng)
        sizes = tuple(int(n) for n in rng.integers((1, 1, 1, 1), (6, 8, 12, 40)))
        for dtype, bound in BOUNDS.items():
            case = case_class(
                cell=Cell.parse(text),
                sizes=sizes,
                dtype=dtype,
                is_fused=bool(rng.integers(2)),
                is_reversed=bool(rng.integers(2)),
            )
            error, where = case.worst_error(rng)
            if not error <= bound:
                wrong += 1
                print(f"cell {number} {sizes} {dtype}: error {error:.1e} in {where}\n{text}\n")
    print(f"{options.cells} cells, {wrong} wrong, {time.perf_counter() - start:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
