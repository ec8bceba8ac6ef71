"""What a model wrote at each evaluation of its training: `samples.jsonl` in a run folder.

Comes in: a folder, a text. Goes out: lines of a file, and the same read back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from recurry.artefact.durable import disk_errors

SAMPLES_NAME = "samples.jsonl"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A text that a model wrote while it was trained.

    Attributes:
        update: After how many updates.
        text: What it wrote.
    """

    update: int
    text: str


def append_sample(folder: Path, sample: Sample) -> None:
    """Write a sample behind those of earlier updates; later ones, which happen again, go.

    Raises:
        RunError: The disk refused.
    """
    kept = [each for each in read_samples(folder) if each.update < sample.update]
    lines = [json.dumps({"update": each.update, "text": each.text}) for each in [*kept, sample]]
    with disk_errors(folder / SAMPLES_NAME):
        (folder / SAMPLES_NAME).write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_samples(folder: Path) -> list[Sample]:
    """The samples of a run in their order; damaged lines are left out."""
    path = folder / SAMPLES_NAME
    if not path.is_file():
        return []
    with disk_errors(path, doing="read"):
        lines = path.read_bytes().splitlines()
    return [sample for sample in map(_parsed, lines) if sample is not None]


def _parsed(line: bytes) -> Sample | None:
    try:
        value = json.loads(line)
        return Sample(update=int(value["update"]), text=str(value["text"]))
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
