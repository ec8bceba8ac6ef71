"""Train on 1 MB and on 1 GB of text and compare the resident memory of the two processes.

Texts are made in a temporary folder and removed. Each is prepared in one process and trained for
some updates in another (from the run's prepared data, as `recurry resume` does), whose windows lie
all over the text: the lanes are as far apart as the text is long. The peak resident memory of both
processes is reported.

    python bench/memory_1gb.py
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

LIMIT_MB = 300
CHILD = """
import json, resource, sys
from recurry.errors import Interrupted
from recurry.runs.configuration import load_config
from recurry.runs.run import start, resume
folder, settings, num_updates = json.loads(sys.argv[1])
if settings is None:
    run = resume(folder)
else:
    run = start(load_config("laptop", overrides=settings), folder)
symbols = 0
if num_updates:
    for progress in run.train():
        symbols = progress.num_symbols
        if progress.update >= num_updates:
            break
run.close()
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"peak_mb": peak_mb, "symbols": symbols, "text": len(run.prepared.train)}))
"""


def main() -> None:
    """Measure both sizes and exit with 1 if the larger one needs 300 MB more."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--megabytes", type=int, default=1000)
    options.add_argument("--updates", type=int, default=40)
    options.add_argument("--tokens", default="characters")
    options.add_argument("--folder", help="Where to make the texts; the system's default if none.")
    chosen = options.parse_args()
    peaks: dict[str, dict[int, float]] = {"prepare": {}, "train": {}}
    for megabytes in (1, chosen.megabytes):
        with tempfile.TemporaryDirectory(prefix="recurry-memory-", dir=chosen.folder) as folder:
            text = Path(folder) / "text.txt"
            _write_text(text, megabytes=megabytes)
            _measure(Path(folder), text, megabytes=megabytes, chosen=chosen, peaks=peaks)
    is_too_much = False
    for phase, by_size in peaks.items():
        extra = by_size[chosen.megabytes] - by_size[1]
        is_too_much |= extra > LIMIT_MB
        print(f"{phase}: {extra:+.0f} MB for {chosen.megabytes} MB (at most {LIMIT_MB})")
    sys.exit(1 if is_too_much else 0)


def _measure(
    folder: Path,
    text: Path,
    *,
    megabytes: int,
    chosen: argparse.Namespace,
    peaks: dict[str, dict[int, float]],
) -> None:
    settings = {
        "data.paths": [str(text)],
        "data.tokens": chosen.tokens,
        "data.validation": 0.001,
        "training.epochs": 1000 // megabytes + 1,  # enough updates on the small text, too
    }
    for phase, given, updates in (("prepare", settings, 0), ("train", None, chosen.updates)):
        began = time.perf_counter()
        found = _child(str(folder / "run"), given, updates)
        peaks[phase][megabytes] = found["peak_mb"]
        print(
            f"{megabytes:>5} MB, {phase:<8}{found['peak_mb']:>7.0f} MB resident at most, "
            f"{found['symbols']:,} of {found['text']:,} symbols, "
            f"{time.perf_counter() - began:.0f} s",
            flush=True,
        )


def _child(folder: str, settings: dict[str, object] | None, num_updates: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps([folder, settings, num_updates])],
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def _write_text(path: Path, *, megabytes: int) -> None:
    """Shakespeare over and over, with a number on each copy so that no two are the same."""
    sample = (files("recurry.data") / "samples" / "tinyshakespeare.txt").read_bytes()
    with open(path, "wb") as file:
        number = 0
        while file.tell() < megabytes * 1_000_000:
            copy = b"\nCopy %d\n" % number + sample
            file.write(copy[: megabytes * 1_000_000 - file.tell()])
            number += 1


if __name__ == "__main__":
    main()
