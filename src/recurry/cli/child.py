"""A command of Recurry that ends with the program that started it, however that ended.

Comes in: arguments, and a standard input that the other program holds open. Goes out: the command's
effects. Run as `python -m recurry.cli.child train ...`.
"""

import os
import signal
import sys
from threading import Thread


def end_with_parent() -> None:
    """Send this process SIGTERM as soon as its standard input ends."""
    Thread(target=_wait, daemon=True).start()


def _wait() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        continue
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    from recurry.cli.main import main

    end_with_parent()
    main()
