"""What a run folder tells about a run, in words and numbers for a page.

Comes in: a model and its run folder. Goes out: short texts. Imports `runs` and below.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recurry.artefact.model_file import FILE_NAME
from recurry.data.ids import IdFile
from recurry.data.prepare import load_prepared
from recurry.errors import DataError
from recurry.inspection.amount import shorten_number
from recurry.runs.configuration import load_config
from recurry.runs.folder import (
    CONFIG_NAME,
    CURVES_SVG,
    DATA,
    cell_argument,
    laid_out_over_all,
)
from recurry.runs.log import TIMES_NAME, read_log
from recurry.tasks.language import LanguageModel
from recurry.tasks.names import SYMBOLS


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One number of the page's first row.

    Args:
        value: The number, with its unit if it needs one.
        name: What it is.
        note: More about it.
    """

    value: str
    name: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class RunFiles:
    """What is read from a run folder; each part is empty where the folder lacks it.

    Args:
        curves: The learning curves, SVG.
        settings: `run.toml`.
        held_out: Symbols that the model was not trained on.
        num_training_symbols: Length of the training text.
        num_read: Symbols that training read in all.
        seconds: How long the training ran.
        model_bytes: Size of the model file.
        cell: What the run's cell is called on the command line: a name, or a file.
        may_train_longer: Whether `recurry resume` takes more epochs.
    """

    curves: str
    settings: str
    held_out: IdFile
    num_training_symbols: int
    num_read: int
    seconds: float
    model_bytes: int
    cell: str
    may_train_longer: bool


def read_run(folder: Path) -> RunFiles:
    """Read what a run folder holds."""
    held_out, num_training = _read_held_out(folder)
    rows = read_log(folder)
    model_path = folder / FILE_NAME
    config = load_config(path=folder / CONFIG_NAME) if (folder / CONFIG_NAME).is_file() else None
    return RunFiles(
        curves=_read_text(folder / CURVES_SVG),
        settings=_read_text(folder / CONFIG_NAME),
        held_out=held_out,
        num_training_symbols=num_training,
        num_read=int(rows[-1]["num_symbols"]) if rows else 0,
        seconds=_training_seconds(folder),
        model_bytes=model_path.stat().st_size if model_path.is_file() else 0,
        cell=cell_argument(folder, config) if config else "",
        may_train_longer=config is not None and laid_out_over_all(config) is None,
    )


def make_tiles(model: LanguageModel, files: RunFiles) -> list[Tile]:
    """The numbers of the page's first row."""
    unit = SYMBOLS[model.codec.config.tokens]
    part = "test" if "test_loss_nats" in model.scores else "validation"
    tiles = []
    if f"{part}_loss_nats" in model.scores:
        nats, bits, perplexity, count = (
            model.scores.get(f"{part}_{name}", math.inf)  # what is not finite is in no model file
            for name in ("loss_nats", "bits", "perplexity", "num_symbols")
        )
        held = "on text it never saw" if part == "test" else "on held-out text"
        tiles += [
            Tile(value=f"{nats:.3f}", name=f"nats a {unit}", note=held),
            Tile(value=f"{bits:.3f}", name=f"bits a {unit}", note=f"{count:,.0f} {unit}s"),
            Tile(
                value=f"{perplexity:.2f}" if perplexity < 1000 else f"{perplexity:,.0f}",
                name="perplexity",
                note=f"of {model.codec.num_symbols:,} symbols",
            ),
        ]
    weights = sum(weight.numel() for weight in model.network.parameters())
    tiles.append(Tile(value=shorten_number(weights), name="weights", note=_file_note(files)))
    if files.seconds:
        rate = f"{shorten_number(files.num_read / files.seconds)} {unit}s a second"
        tiles.append(Tile(value=_duration(files.seconds), name="of training", note=rate))
    return tiles


def _file_note(files: RunFiles) -> str:
    return f"model file {shorten_number(files.model_bytes)}B" if files.model_bytes else ""


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _read_held_out(folder: Path) -> tuple[IdFile, int]:
    try:
        prepared = load_prepared(folder / DATA)
    except DataError:
        return IdFile.from_array(np.empty(0, dtype=np.int64)), 0
    parts = (prepared.test, prepared.validation, prepared.train)
    return next(ids for ids in parts if ids is not None and len(ids)), len(prepared.train)


def _training_seconds(folder: Path) -> float:
    """The time of all processes that trained here, each of which counts from 0."""
    lines = _read_text(folder / TIMES_NAME).splitlines()
    total = last = 0.0
    for line in lines:
        try:
            now = float(json.loads(line)["process_seconds"])
        except (ValueError, LookupError, TypeError):  # a line cut off by a crash
            continue
        total, last = (total + last, now) if now < last else (total, now)
    return total + last


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
