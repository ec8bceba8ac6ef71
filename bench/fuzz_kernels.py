"""Random cells in the compiled backend against the float64 interpreter, and in bfloat16 against the
eager backend, which rounds what products read.

    python bench/fuzz_kernels.py --cells 200 --seed 0 --dtype float32

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
from recurry.network.recurrent import Recurrent
from recurry.testing import distance

# As in the tests, with room for cells that are worse conditioned than any in use.
BOUNDS = {"float64": 1e-10, "float32": 2e-3, "bfloat16": 0.1}


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


def _error(case_class, text: str, sizes: tuple[int, ...], dtype: str, rng) -> tuple[float, str]:
    """The greatest error relative to the largest exact value, and whose it is."""
    case = case_class(
        cell=Cell.parse(text),
        sizes=sizes,
        dtype=getattr(torch, dtype),
        is_fused=bool(rng.integers(2)),
        is_reversed=bool(rng.integers(2)),
    )
    return case.worst_error(rng)


def _error_bfloat16(text: str, sizes: tuple[int, ...], rng) -> tuple[float, str]:
    """The same next to the eager backend."""
    steps, streams, width, size = sizes
    cell = Cell.parse(text)
    width = size if cell.graph.needs_square else width
    torch.manual_seed(int(rng.integers(1 << 30)))
    x, results, weights = torch.randn(steps, streams, width), [], None
    for backend in ("cpu", "eager"):
        layer = Recurrent(cell, width, size, backend=backend, precision="bfloat16")
        weights = weights or layer.state_dict()
        layer.load_state_dict(weights)
        given = x.clone().requires_grad_()
        output, state = layer(given)
        (output.square().mean() + sum(state[name].sum() for name in state.names)).backward()
        named = {name: p.grad for name, p in layer.named_parameters() if p.grad is not None}
        results.append({"output": output, "x": given.grad, **named})
    found, expected = results
    return max((distance(found[name], value), name) for name, value in expected.items())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dtype", choices=BOUNDS, nargs="+", default=list(BOUNDS))
    options = parser.parse_args()
    case_class, wrong = _case_class(), 0
    start = time.perf_counter()
    for number in range(options.seed, options.seed + options.cells):
        rng = np.random.default_rng(number)
        text = random_cell(rng)
        sizes = tuple(int(n) for n in rng.integers((1, 1, 1, 1), (6, 8, 12, 40)))
        for dtype in options.dtype:
            if dtype == "bfloat16":
                error, where = _error_bfloat16(text, sizes, rng)
            else:
                error, where = _error(case_class, text, sizes, dtype, rng)
            if not error <= BOUNDS[dtype]:
                wrong += 1
                print(f"cell {number} {sizes} {dtype}: error {error:.1e} in {where}\n{text}\n")
    print(f"{options.cells} cells, {wrong} wrong, {time.perf_counter() - start:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
