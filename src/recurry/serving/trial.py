"""A cell that is trained for a minute beside the LSTM, each in a process of its own.

Comes in: equations. Goes out: learning curves while they grow. Imports runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from recurry.compiler.cell import Cell
from recurry.data import shakespeare_path
from recurry.errors import UsageError
from recurry.serving.views.training import read_curves

_RIVAL = "lstm"
_GRACE_SECONDS = 10.0
_POINTS = 300


class Trial:
    """At most one pair of trainings at a time.

    Args:
        seconds: How long both are trained.
    """

    def __init__(self, *, seconds: float = 60.0) -> None:
        self._seconds, self._lock = seconds, Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._began, self._notes = 0.0, dict[str, str]()

    def start(self, equations: str, *, hidden_size: int) -> None:
        """Train a cell and the LSTM from now on; what was trained before is forgotten.

        Args:
            equations: Of the cell.
            hidden_size: Number of units of both.

        Raises:
            EquationError: The equations are not valid.
            UsageError: The number of units is out of range.
        """
        cell = Cell.parse(equations, name="mine")
        if not 1 <= hidden_size <= 512:
            raise UsageError(
                "The number of units is out of range.", got=str(hidden_size), accepted="1 to 512"
            )
        with self._lock:
            self._end()
            self._folder = tempfile.TemporaryDirectory(prefix="recurry-trial-")
            folder = Path(self._folder.name)
            (folder / "mine.cell").write_text(cell.equations + "\n", encoding="utf-8")
            cells = {"mine": str(folder / "mine.cell"), _RIVAL: _RIVAL}
            self._began, self._notes = time.monotonic(), {}
            self._processes = {
                name: _train(which, folder / name, hidden_size) for name, which in cells.items()
            }
            Thread(target=self._watch, args=(self._processes,), daemon=True).start()

    def curves(self) -> dict[str, Any]:
        """The learning curves as they stand, and how long it still takes."""
        with self._lock:
            if self._folder is None:
                return {"runs": [], "seconds_left": 0.0, "notes": {}}
            folder = Path(self._folder.name)
            is_running = any(one.poll() is None for one in self._processes.values())
            left = max(0.0, self._seconds - (time.monotonic() - self._began)) * is_running
            for name, process in self._processes.items():
                if process.poll() not in (None, 0, 130, -15) and name not in self._notes:
                    self._notes[name] = _last_words(folder / f"{name}.txt")
            runs = [read_curves(folder / name).to_json(_POINTS) for name in self._processes]
            return {"runs": runs, "seconds_left": left, "notes": dict(self._notes)}

    def stop(self) -> None:
        """End the trainings; their curves stay."""
        _stop(self._processes)

    def close(self) -> None:
        """End the trainings and remove their files."""
        with self._lock:
            self._end()

    def _watch(self, processes: dict[str, subprocess.Popen[bytes]]) -> None:
        """End two trainings when their time is over."""
        end = time.monotonic() + self._seconds
        while time.monotonic() < end and any(one.poll() is None for one in processes.values()):
            time.sleep(0.2)
        _stop(processes)

    def _end(self) -> None:
        _stop(self._processes)
        for process in self._processes.values():
            with process:  # closes its standard input
                try:
                    process.wait(_GRACE_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
        self._processes = {}
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _train(cell: str, folder: Path, hidden_size: int) -> subprocess.Popen[bytes]:
    """A process that trains a cell on the bundled text, with half of the processor's cores."""
    threads = str(max(1, (os.cpu_count() or 2) // 2))
    command = [
        *(sys.executable, "-P", "-m", "recurry.cli.child", "train", str(shakespeare_path())),
        *("--run", str(folder), "--preset", "laptop", "--cell", cell),
        # As many inputs as units, so that cells may add the input to a state.
        *("--set", f"network.hidden_size={hidden_size}"),
        *("--set", f"network.embedding_size={hidden_size}", "--set", "report.log_every=5"),
    ]
    with open(folder.with_suffix(".txt"), "wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # which ends with this program, and the training with it
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OMP_NUM_THREADS": threads},
        )


def _stop(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for process in processes.values():
        if process.poll() is None:
            process.terminate()


def _last_words(path: Path) -> str:
    """What a training said when it failed."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "It ended early."
    return text[text.rfind("error: ") :][:600] if "error: " in text else text[-600:]
