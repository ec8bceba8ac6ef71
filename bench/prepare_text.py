"""How fast a text becomes symbol numbers, and how much memory that takes.

    python bench/prepare_text.py --megabytes 100

writes a text of that size (tiny Shakespeare again and again, each time with one other
character so that the text is not pure ASCII), prepares it in every way in a process of its
own, and prints one line each: MB/s, peak memory, symbols.
"""

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WAYS = {
    "bytes": {"tokens": "bytes"},
    "characters": {},
    "characters, lower case": {"lower_case": True},
    "characters, min_count 5": {"min_count": 5},
    "words": {"tokens": "words"},
    "words, stemmed": {"tokens": "words", "stem": "english"},
    "bpe": {"tokens": "bpe"},
}


def write_text(path: Path, num_bytes: int) -> None:
    """A text of about this size."""
    from recurry.data import shakespeare_path

    text = shakespeare_path().read_text()
    with open(path, "w", encoding="utf-8") as file:
        while file.tell() < num_bytes:
            file.write(text + "“É finita la commedia…”\n")


def measure(path: str, way: str) -> None:
    """Prepare once and print one line."""
    from recurry.data import DataConfig, prepare

    with tempfile.TemporaryDirectory(dir=Path(path).parent) as folder:
        begin, cpu = time.perf_counter(), time.process_time()
        found = prepare(DataConfig(paths=(path,), **WAYS[way]), folder)
        wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    megabytes = os.path.getsize(path) / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {
        "way": way,
        "megabytes": round(megabytes),
        "mb_per_s": round(megabytes / wall, 1),
        "mb_per_cpu_s": round(megabytes / cpu, 1),
        "peak_memory_mb": round(peak),
        "train_symbols": len(found.train),
    }
    print(json.dumps(result), flush=True)


def main() -> None:
    """Run every way, or only the one that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--file", help="measure this text instead")
    arguments = parser.parse_args()
    if arguments.file and arguments.way:
        measure(arguments.file, arguments.way)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.file or str(Path(folder) / "text.txt")
        if not arguments.file:
            write_text(Path(path), int(arguments.megabytes * 1e6))
        for way in [arguments.way] if arguments.way else WAYS:
            if way == "bpe" and importlib.util.find_spec("tokenizers") is None:
                print("bpe: needs the package tokenizers (pip install 'recurry[text]')")
                continue
            command = [sys.executable, __file__, "--file", path, "--way", way]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
