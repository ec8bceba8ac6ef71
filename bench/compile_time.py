"""How long kernels take to be compiled, and to be loaded when they were compiled before.

    python bench/compile_time.py --cell lstm --cell mut3

Compiles the kernels of each built-in cell into an empty folder, then loads them in a new process,
as the second start of a program does. Prints milliseconds: inference, training (two kernels), all
three; and the slowest from disk. The products that all cells share are a line of their own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

WHICH = ("forward", "saving", "backward")


def measure(names: list[str], bits: int) -> dict[str, list[float]]:
    """Milliseconds for the kernels of some cells in this process."""
    from recurry.backends.cpu.kernels import find_products, kernels
    from recurry.cells import find_cell

    found: dict[str, list[float]] = {}
    start = time.perf_counter()
    find_products(bits)
    found["products"] = [1e3 * (time.perf_counter() - start)]
    for name in names:
        made = kernels(find_cell(name).plan, bits=bits, is_fused=True)
        found[name] = []
        for which in WHICH:
            start = time.perf_counter()
            getattr(made, which)
            found[name].append(1e3 * (time.perf_counter() - start))
    return found


def in_new_process(names: list[str], bits: int, folder: str) -> dict[str, list[float]]:
    """The same in a process that finds what is in a folder."""
    command = [sys.executable, __file__, "--bits", str(bits), "--here"]
    command += [part for name in names for part in ("--cell", name)]
    environment = {**os.environ, "RECURRY_KERNEL_CACHE": folder}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main() -> None:
    """Measure and print."""
    from recurry.cells import cells

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cell", action="append")
    parser.add_argument("--bits", type=int, default=32, choices=(16, 32, 64))
    parser.add_argument("--here", action="store_true", help="measure in this process, as JSON")
    options = parser.parse_args()
    names = options.cell or list(cells())
    if options.here:
        print(json.dumps(measure(names, options.bits)))
        return
    with tempfile.TemporaryDirectory() as folder:
        cold = in_new_process(names, options.bits, folder)
        warm = in_new_process(names, options.bits, folder)
    print(f"{'cell':<16}{'inference':>10}{'training':>10}{'all':>8}{'from disk':>11}  ms")
    for name, times in cold.items():
        forward, rest = times[0], times[1:]
        print(
            f"{name:<16}{forward:>10.0f}{sum(rest):>10.0f}{sum(times):>8.0f}"
            f"{max(warm[name]):>11.1f}"
        )


if __name__ == "__main__":
    main()
