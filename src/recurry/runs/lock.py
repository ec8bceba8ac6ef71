"""One process at a time trains a run; a process that was killed holds no lock.

Comes in: a run folder. Goes out: a lock that the operating system drops with the process.
"""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from typing import IO

from recurry.artefact.durable import disk_errors
from recurry.errors import RunError

LOCK_NAME = ".lock"


class RunLock:
    """The right to write into a run folder, held until `release` or the end of the process.

    Args:
        folder: The run folder, which must exist.

    Raises:
        RunError: Another process holds it, or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        with disk_errors(folder):
            self._file = open(folder / LOCK_NAME, "ab+", buffering=0)  # noqa: SIM115
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._file.truncate(0)
                self._file.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())
            except BlockingIOError as error:
                raise _is_taken(folder, self._file) from error
            except BaseException:
                self._file.close()
                raise

    def release(self) -> None:
        """Let others in; a second call does nothing."""
        self._file.close()


def _is_taken(folder: Path, file: IO[bytes]) -> RunError:
    with file:
        file.seek(0)
        holder = file.read(200).decode(errors="replace").strip() or "another process"
    return RunError(
        f"{folder} is being trained right now.",
        got=f"its lock is held by {holder}",
        hint="wait for it to end, stop it, or use another folder with --run",
    )
