"""A command that ends with the program that started it."""

import os
import subprocess
import sys
import time

from recurry.cli import child as module

WAITS = f"""
import time
from {module.__name__} import end_with_parent
end_with_parent()
print("ready", flush=True)
time.sleep(60)
"""


def test_it_ends_when_its_input_ends():
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"ready\n"
    assert process.poll() is None
    began = time.monotonic()
    process.stdin.close()
    assert process.wait(30) == -15
    assert time.monotonic() - began < 30
    process.stdout.close()


def test_it_is_the_command_line():
    command = [sys.executable, "-P", "-m", module.__name__, "--version"]
    readable, held = os.pipe()
    done = subprocess.run(command, stdin=readable, capture_output=True, text=True)
    os.close(readable)
    os.close(held)
    assert done.stdout.startswith("recurry")
