"""A figure of docs/tasks.md: the same `recurry train` several times, mean and standard deviation.

    python bench/figures.py --log NAME.csv -- tag train.conllu --validation dev.conllu --test ...
    python bench/figures.py --folds 10 --log NAME.csv -- classify rt-polarity.neg rt-polarity.pos

Everything behind `--` goes to `recurry train`, a new process for each seed. With `--folds N` the
lines of each file that is named behind the task are dealt into N folds (by a seed of its own, 0);
each fold is the test part once, and has its own seed. The log has a line for each run; where it
holds a run already, that run is not made again. Times are those of the whole command: on the clock,
and of the processor, all threads together.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_RECURRY = (sys.executable, "-c", "from recurry.cli.main import main; main()")


def deal(paths: Sequence[str], folder: Path, *, fold: int, num_folds: int) -> None:
    """Write files of lines into a folder `train` and a folder `test`, under their own names."""
    for path in map(Path, paths):
        lines = path.read_bytes().splitlines(keepends=True)
        order = np.random.default_rng(0).permutation(len(lines))
        for part in ("train", "test"):
            kept = order[(order % num_folds == fold) == (part == "test")]
            target = folder / part / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"".join(lines[number] for number in sorted(kept)))


def train(command: Sequence[str], folder: Path) -> dict[str, float]:
    """Train once; the scores by name, and the seconds that it took."""
    begun, worked = time.perf_counter(), _processor_seconds()
    done = subprocess.run(
        [*_RECURRY, "train", *command, "--run", str(folder / "run"), "--json"],
        stdout=subprocess.PIPE,
        text=True,
    )
    seconds, processor = time.perf_counter() - begun, _processor_seconds() - worked
    if done.returncode:
        sys.exit(f"recurry train {' '.join(command)} failed")
    times = {"seconds": round(seconds, 1), "processor_seconds": round(processor, 1)}
    return times | json.loads(done.stdout.splitlines()[-1])["scores"]


def _processor_seconds() -> float:
    """Those of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def one_run(options: argparse.Namespace, number: int) -> dict[str, float]:
    """The run of a seed, or of a fold."""
    with tempfile.TemporaryDirectory() as name:
        folder, command = Path(name), [*options.command, "--seed", str(number)]
        if options.folds:
            task, *rest = command
            files = [word for word in rest if Path(word).is_file()]
            deal(files, folder, fold=number, num_folds=options.folds)
            rest = [word for word in rest if word not in files]
            test = ["--set", "data.layout=files", "--test", str(folder / "test")]
            command = [task, str(folder / "train"), *rest, *test]
        return {"seed": number, **train(command, folder)}


def read_log(path: Path) -> list[dict[str, float]]:
    """The runs that a log holds."""
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]


def main() -> None:
    """Make the runs that the log lacks, and print a line for each score."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, help="0, 1 and 2, or all folds")
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    runs = read_log(options.log)
    for number in options.seeds or range(options.folds or 3):
        if number not in [run["seed"] for run in runs]:
            runs.append(one_run(options, number))
            with open(options.log, "w", newline="") as file:
                writer = csv.DictWriter(file, list(runs[-1]), lineterminator="\n")
                writer.writeheader()
                writer.writerows({**run, "seed": int(run["seed"])} for run in runs)
    for name in runs[-1]:
        values = [run[name] for run in runs if name in run]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        print(f"{name:32} {statistics.mean(values):10.4f} ± {spread:.4f}  ({len(values)} runs)")


if __name__ == "__main__":
    main()
