"""How long a person waits: for --help, and for the first character of a generated text.

    python bench/start_up.py runs/demo

Each command runs several times in a new process; the medians are printed, with the limits that
the project has set itself.
"""

import argparse
import statistics
import subprocess
import sys
import time

REPEATS = 7
START = [sys.executable, "-c", "from recurry.cli.main import main; main()"]
HELP_LIMIT_S, FIRST_LIMIT_S = 0.2, 4.0


def help_seconds() -> float:
    """From the start of `recurry --help` to its end."""
    begun = time.perf_counter()
    subprocess.run([*START, "--help"], check=True, capture_output=True)
    return time.perf_counter() - begun


def first_character_seconds(model: str) -> float:
    """From the start of `recurry generate` to its first character."""
    begun = time.perf_counter()
    command = [*START, "generate", model, "--length", "100"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1)
        seconds = time.perf_counter() - begun
        process.stdout.read()
    return seconds


def main() -> None:
    """Measure and print both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", help="a model file or a run folder")
    model = parser.parse_args().model
    helped = statistics.median(help_seconds() for _ in range(REPEATS))
    first = statistics.median(first_character_seconds(model) for _ in range(REPEATS))
    print(f"recurry --help                     {helped:.2f} s (limit {HELP_LIMIT_S} s)")
    print(f"recurry generate, first character  {first:.2f} s (limit {FIRST_LIMIT_S} s)")
    sys.exit(int(helped > HELP_LIMIT_S or first > FIRST_LIMIT_S))


if __name__ == "__main__":
    main()
