"""Cells that nobody thought of, as `bench/fuzz_kernels.py` draws them, against the interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[3] / "bench" / "fuzz_kernels.py"
CELLS_AT_ONCE = 50


@pytest.mark.parametrize("part", range(4))
def test_random_cells_compute_their_equations(part):
    # A process of its own checks no types, which takes longer than making the kernels.
    options = ["--cells", str(CELLS_AT_ONCE), "--seed", str(part * CELLS_AT_ONCE)]
    done = subprocess.run(
        [sys.executable, FUZZ, *options, "--dtype", "float64", "float32"],
        env={**os.environ, "RECURRY_KERNEL_CACHE": "off"},  # nobody needs these kernels again
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
