"""Kill a process at random moments of checkpointing, and look at what it leaves behind.

A child process saves checkpoint after checkpoint, each with content that follows from its number,
and says through a pipe when one is sealed. After a random time it gets SIGKILL. Then the folder
must hold a whole checkpoint that is at least as new as the last one reported, with the right
content, and after the sweep of the next start nothing but sealed checkpoints.

    python bench/kill_checkpoints.py --kills 500
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch

from recurry.artefact.checkpoint import newest, save_checkpoint, sealed
from recurry.artefact.durable import REMOVING, WRITING, sweep

NUM_VALUES = 1_000_000  # 4 MB, about a small model with its optimiser


def main() -> None:
    """Kill, look, count, and exit with 1 if anything was lost."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--kills", type=int, default=500)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--values", type=int, default=NUM_VALUES)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="recurry-kill-") as folder:
        counts = run(Path(folder), kills=chosen.kills, seed=chosen.seed, size=chosen.values)
    for name, number in sorted(counts.items()):
        print(f"{name:<44}{number:>6}")
    failures = sum(number for name, number in counts.items() if name.startswith("FAILED"))
    print(f"{chosen.kills} kills, {failures} failures")
    sys.exit(1 if failures else 0)


def run(folder: Path, *, kills: int, seed: int, size: int) -> Counter[str]:
    """Kill so many times; count what was found."""
    chance, counts = random.Random(seed), Counter()
    began = time.perf_counter()
    save_checkpoint(folder, update=0, tensors=_content(0, size), record={"update": 0})
    save_seconds = time.perf_counter() - began
    for _ in range(kills):
        reported = _kill_one(folder, size=size, after_seconds=chance.uniform(0, 6 * save_seconds))
        _look(folder, reported=reported, size=size, counts=counts)
    return counts


def _kill_one(folder: Path, *, size: int, after_seconds: float) -> int:
    """Fork a child that saves without end, kill it, return the newest update it reported."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _save_for_ever(folder, size=size, report=writing)
    os.close(writing)
    time.sleep(after_seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    return struct.unpack("q", told[-8:])[0] if told else -1


def _save_for_ever(folder: Path, *, size: int, report: int) -> None:
    """The child: what a run does at start, then one checkpoint after another."""
    try:
        sweep(folder)
        found = newest(folder)
        update = found.update if found else 0
        while True:
            update += 1
            save_checkpoint(
                folder, update=update, tensors=_content(update, size), record={"update": update}
            )
            os.write(report, struct.pack("q", update))
    finally:
        os._exit(1)


def _content(update: int, size: int) -> dict[str, torch.Tensor]:
    """Tensors that tell which update they belong to, at both ends and in between."""
    return {
        "weights": torch.full((size // 2,), float(update)),
        "momentum": torch.full((size - size // 2,), float(-update)),
    }


def _look(folder: Path, *, reported: int, size: int, counts: Counter[str]) -> None:
    """Everything that must hold after a kill, before and after the next start."""
    names = [path.name for path in folder.iterdir()]
    counts["kills that left something half-written"] += any(n.startswith(WRITING) for n in names)
    counts["kills that left something half-removed"] += any(n.startswith(REMOVING) for n in names)
    found = newest(folder)
    if found is None:
        counts["FAILED: no checkpoint can be read"] += 1
        return
    counts["FAILED: a sealed checkpoint is damaged"] += len(found.skipped)
    counts["FAILED: a sealed checkpoint was lost"] += found.update < reported
    expected = _content(found.update, size)
    is_right = found.record["update"] == found.update and all(
        torch.equal(found.tensors[name], value) for name, value in expected.items()
    )
    counts["FAILED: wrong content"] += not is_right
    sweep(folder)
    counts["FAILED: orphans after the next start"] += len(list(folder.iterdir())) != len(
        sealed(folder)
    )
    counts["checkpoints sealed between kills"] = found.update


if __name__ == "__main__":
    main()
