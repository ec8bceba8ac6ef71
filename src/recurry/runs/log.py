"""The log of a run: what happened, without a clock, and beside it when it happened.

Comes in: `Progress` records. Goes out: `log.jsonl`, the same to the byte for the same settings
whether a run was stopped or not, and `times.jsonl`, which holds the clock.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurry.artefact.durable import disk_errors
from recurry.tasks.task import numbers_of

if TYPE_CHECKING:
    from recurry.training.fit import Progress

LOG_NAME, TIMES_NAME = "log.jsonl", "times.jsonl"
_NEEDED = ("update", "num_symbols", "loss_nats")


class RunLog:
    """Writes a line every few updates and at every evaluation.

    Args:
        folder: The run folder.
        every: Updates between two lines.
        record: What `record()` gave for the checkpoint from which training goes on, else None;
            what was logged after that checkpoint is cut off, since it will happen again.

    Attributes:
        is_whole: Whether everything that was logged before that checkpoint is still there.
    """

    def __init__(
        self, folder: Path, *, every: int, record: Mapping[str, Any] | None = None
    ) -> None:
        self._folder, self._every = folder, every
        start = record or {"offset": 0, "loss_sum": 0.0, "num_losses": 0}
        self._loss_sum, self._num_losses = start["loss_sum"], start["num_losses"]
        self._began = time.monotonic()
        with disk_errors(folder):
            self.is_whole = _cut(folder / LOG_NAME, start["offset"])
            self._log = open(folder / LOG_NAME, "ab")  # noqa: SIM115
            self._times = open(folder / TIMES_NAME, "ab")  # noqa: SIM115

    def take(self, progress: Progress) -> None:
        """Take notice of one update; write a line if one is due."""
        self._loss_sum += progress.loss_nats
        self._num_losses += 1
        is_last = progress.update == progress.num_updates
        if progress.update % self._every and progress.validation is None and not is_last:
            return
        line = _line(progress, loss_nats=self._loss_sum / self._num_losses)
        self._loss_sum, self._num_losses = 0.0, 0
        with disk_errors(self._folder / LOG_NAME):
            self._log.write(_json_line(line))
            self._times.write(_json_line(self._time(progress)))

    def _time(self, progress: Progress) -> dict[str, Any]:
        return {
            "update": progress.update,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "process_seconds": round(time.monotonic() - self._began, 3),
        }

    def flush(self) -> None:
        """Hand what was written to the operating system, so that `read_log` sees it."""
        with disk_errors(self._folder / LOG_NAME):
            self._log.flush()
            self._times.flush()

    def record(self) -> dict[str, Any]:
        """What a checkpoint must hold so that the log goes on as if nothing had happened."""
        self.flush()
        with disk_errors(self._folder / LOG_NAME):
            os.fsync(self._log.fileno())
        return {
            "offset": self._log.tell(),
            "loss_sum": self._loss_sum,
            "num_losses": self._num_losses,
        }

    def close(self) -> None:
        """Close both files, whatever the disk says of their last lines, which are no checkpoint's.

        A second call does nothing.
        """
        for file in (self._log, self._times):
            with contextlib.suppress(OSError):
                file.close()


def _cut(path: Path, offset: int) -> bool:
    """Cut off what was written after a checkpoint; whether all that came before it is there."""
    size = path.stat().st_size if path.exists() else 0
    is_whole = size >= offset
    if not is_whole and size:  # somebody removed a part of it: let no half line stay
        offset = path.read_bytes().rfind(b"\n") + 1
    if size > offset:
        os.truncate(path, offset)
    return is_whole


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The lines of a run's log; lines that were damaged or cut off by a crash are left out."""
    path = folder / LOG_NAME
    if not path.exists():
        return []
    with disk_errors(path, doing="read"):
        lines = path.read_bytes().splitlines()
    return [line for line in map(_parsed, lines) if line is not None]


def _parsed(line: bytes) -> dict[str, Any] | None:
    """What a whole line says; None for anything else."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    return value if all(isinstance(value.get(key), int | float) for key in _NEEDED) else None


def _line(progress: Progress, *, loss_nats: float) -> dict[str, Any]:
    line: dict[str, Any] = {
        "update": progress.update,
        "epoch": progress.epoch + 1,
        "num_symbols": progress.num_symbols,
        "loss_nats": loss_nats,
        "gradient_norm": progress.gradient_norm,
        "learning_rate": progress.learning_rate,
    }
    if progress.update_ratio is not None:
        line["update_ratio"] = _finite(progress.update_ratio)
    if progress.validation is not None:
        scores = numbers_of(progress.validation)
        line |= {f"validation_{name}": _finite(value) for name, value in scores.items()}
        line["is_best"] = progress.is_best
    return line


def _finite(value: float) -> float | None:
    """JSON knows no infinity, which is what the perplexity of a hopeless model is."""
    return value if math.isfinite(value) else None


def _json_line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"
