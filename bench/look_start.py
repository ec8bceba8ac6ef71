"""How long `recurry look` takes from the command to the first coloured text.

    python bench/look_start.py runs/demo [--characters 100000] [--rounds 5]

Measured from the start of the command: until it prints its address; until a browser that waits for
that address has a coloured row in its page; and, of `--view text`, until the first coloured line
is in the terminal. The first round warms the caches of files and is not counted. Needs playwright
and Chromium.
"""

import argparse
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from recurry.data import shakespeare_path

_COMMAND = [sys.executable, "-c", "from recurry.cli.main import main; main()", "look"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--characters", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        text = Path(folder) / "text.txt"
        text.write_text(shakespeare_path().read_text()[-options.characters :])
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        rounds = [
            (*open_page(browser, options.model, text), show_text(options.model, text))
            for _ in range(options.rounds + 1)
        ]
        browser.close()
    names = (
        "its address is printed",
        "a coloured row is in the page",
        "a coloured line is printed",
    )
    for name, times in zip(names, zip(*rounds[1:], strict=True), strict=True):
        print(
            f"{name}: median {statistics.median(times):.2f} s, "
            f"from {min(times):.2f} to {max(times):.2f} s, {len(times)} rounds"
        )


def open_page(browser: Browser, model: str, text: Path) -> tuple[float, float]:
    """Seconds until the address is there, and until a row of the page is coloured."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    start = time.perf_counter()
    command = [*_COMMAND, model, str(text), "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    found = None
    while found is None:
        line = process.stderr.readline()
        assert line, "recurry look ended before it printed an address"
        found = re.search(r"http://\S+", line)
    printed = time.perf_counter() - start
    page.goto(found.group())
    page.wait_for_selector(".reader i[class^=v]")
    coloured = time.perf_counter() - start
    page.close()
    process.send_signal(signal.SIGINT)
    process.wait()
    return printed, coloured


def show_text(model: str, text: Path) -> float:
    """Seconds until the view Text has printed a coloured line."""
    start = time.perf_counter()
    command = [*_COMMAND, model, str(text), "--view", "text", "--paint", "always"]
    environment = {**os.environ, "COLORTERM": "truecolor"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if b"\x1b[" in line:
                break
        seconds = time.perf_counter() - start
        process.stdout.read()
    return seconds


if __name__ == "__main__":
    main()
