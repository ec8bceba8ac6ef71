"""The parts of a painted text that a page asks for while somebody reads, scrolls and points.

Comes in: what is shown, and which part of it. Goes out: pieces, levels, probabilities, values.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
from pydantic import Field

from recurry.errors import UsageError
from recurry.inspection.address import find_layer
from recurry.inspection.answer import find_answer
from recurry.inspection.colour import NUM_LEVELS, levels, squash
from recurry.inspection.interest import LOOKED_AT, spread
from recurry.inspection.keeping import MARK
from recurry.inspection.recording import SCALE
from recurry.inspection.saturation import gates_of, signed_of
from recurry.inspection.subject import RECORD_KINDS, SubjectLayer
from recurry.inspection.view import ViewOptions
from recurry.serving.layout import Rows, lay_out
from recurry.serving.viewing import Shown

_MOST_TOP = 5
_MOST_STEPS = 1024
_FIRST_SECONDS = 5.0


class Where(ViewOptions):
    """Which layer is meant.

    Attributes:
        layer: From 0.
        direction: Which way it reads.
    """

    layer: int = Field(default=0, ge=0)
    direction: Literal["forward", "backward"] = "forward"


class RowsOptions(Where):
    """Some rows of the text, painted with one unit.

    Attributes:
        row: The first row.
        rows: How many.
        columns: Width of a row.
        name: The named value; the painted state when not given.
        unit: The unit.
    """

    row: int = Field(default=0, ge=0)
    rows: int = Field(default=60, ge=1, le=400)
    columns: int = Field(default=100, ge=10, le=400)
    name: str | None = None
    unit: int = Field(default=0, ge=0)


class PlaceOptions(ViewOptions):
    """A symbol whose row is wanted.

    Attributes:
        step: The symbol.
        columns: Width of a row.
    """

    step: int = Field(default=0, ge=0)
    columns: int = Field(default=100, ge=10, le=400)


class StepsOptions(Where):
    """Some steps about which everything is wanted, or all of some rows.

    Attributes:
        start: The first step.
        stop: After the last.
        unit: The unit whose named values are shown.
        row: The first row; steps are named by start and stop when not given.
        rows: How many rows.
        columns: Width of a row.
    """

    start: int = Field(default=0, ge=0)
    stop: int = Field(default=1, ge=0)
    unit: int = Field(default=0, ge=0)
    row: int | None = Field(default=None, ge=0)
    rows: int = Field(default=1, ge=1, le=400)
    columns: int = Field(default=100, ge=10, le=400)


class StripsOptions(Where):
    """All units of a layer over a stretch, some at a time.

    Attributes:
        start: The first step.
        stop: After the last.
        name: The named value; the painted state when not given.
        order: By what varies most, or by number.
        offset: How many units are left out at the beginning.
        count: How many are shown.
    """

    start: int = Field(default=0, ge=0)
    stop: int = Field(default=0, ge=0)
    name: str | None = None
    order: Literal["interest", "number"] = "interest"
    offset: int = Field(default=0, ge=0)
    count: int = Field(default=24, ge=1, le=128)


class NamedOptions(Where):
    """One named value of the first units over a few steps.

    Attributes:
        name: The named value.
        start: The first step.
        count: Number of steps.
        units: Number of units.
    """

    name: str = "h"
    start: int = Field(default=0, ge=0)
    count: int = Field(default=40, ge=1, le=200)
    units: int = Field(default=24, ge=1, le=128)


def text_rows(shown: Shown, options: RowsOptions) -> dict[str, Any]:
    """Rows of the text with the level of each symbol that has been read."""
    recording, rows = shown.recording, layout_of(shown, options.columns)
    starts = rows.window(options.row, options.rows)
    start, stop = int(starts[0]), int(starts[-1])
    recording.wait(stop, timeout_s=_FIRST_SECONDS if options.row == 0 else 0.0)
    known = min(stop, recording.length)
    symbols = recording.symbols
    layer = find_layer(shown.subject, options.layer, options.direction)
    # Of rows that have not been read yet there are no levels.
    begin = min(start, known)
    painted = unit_levels(shown, layer, options.name, [options.unit], start=begin, stop=known)
    return {
        "version": shown.version,
        "num_rows": len(rows),
        "row": min(options.row, len(rows)),
        "starts": starts,
        "pieces": symbols.pieces[start:stop],
        "levels": painted[0],
        "unknown": np.flatnonzero(~symbols.is_known[start:stop]) + start,
    }


def layout_of(shown: Shown, columns: int) -> Rows:
    """The rows of the whole text, made once for a width."""
    pieces = shown.recording.symbols.pieces
    return shown.session.kept(("rows", columns), lambda: lay_out(pieces, columns))


def place(shown: Shown, options: PlaceOptions) -> dict[str, Any]:
    """The row of a symbol."""
    return {"row": layout_of(shown, options.columns).row_of(options.step)}


def step_facts(shown: Shown, options: StepsOptions) -> dict[str, Any]:
    """What the model expects after each step, how surprised it was, and all values of a unit."""
    recording, start, stop = shown.recording, options.start, options.stop
    if options.row is not None:  # whole parts, as kept states have it
        starts = layout_of(shown, options.columns).window(options.row, options.rows)
        start, stop = int(starts[0]) // MARK * MARK, -(-int(starts[-1]) // MARK) * MARK
    stop = min(stop, recording.length, start + _MOST_STEPS)
    start = min(start, stop)
    layer = find_layer(shown.subject, options.layer, options.direction)
    _check_unit(layer, options.unit)
    values = recording.unit_values(layer, options.unit, start=start, stop=stop)
    facts: dict[str, Any] = {
        "start": start,
        "values": {name: _short(row) for name, row in values.items()},
    }
    if shown.subject.kind not in RECORD_KINDS and stop > start:
        top = recording.top(start, stop, _MOST_TOP)
        names = shown.subject.symbols
        facts["top"] = [
            [[names[number], share] for number, share in zip(ids, shares, strict=True)]
            for ids, shares in zip(top.ids.tolist(), _short(top.probabilities), strict=True)
        ]
        facts["loss"] = _short(losses(shown, start, stop))
    return facts


def answer(shown: Shown, options: ViewOptions) -> dict[str, Any]:
    """What the model answers to the whole text; nothing for a language model."""
    found = find_answer(shown.session)
    return {} if found is None else asdict(found)


def _short(values: np.ndarray) -> Any:
    """Numbers with as many digits as a panel shows, a quarter of the bytes of all of them."""
    return np.round(values.astype(np.float64), 5).tolist()


def losses(shown: Shown, start: int, stop: int) -> np.ndarray:
    """The loss of some symbols."""
    recording = shown.recording
    if not recording.is_finished:
        return recording.loss[start:stop]
    return shown.session.kept("loss", lambda: recording.loss)[start:stop]


def strips(shown: Shown, options: StripsOptions) -> dict[str, Any]:
    """Levels of many units over a stretch, a row for each, as one byte a symbol."""
    recording = shown.recording
    layer = find_layer(shown.subject, options.layer, options.direction)
    stop = min(options.stop, recording.length, options.start + 8192)
    start = min(options.start, stop)
    order = _order(shown, layer, options.order)
    units = order[options.offset : options.offset + options.count]
    painted = unit_levels(shown, layer, options.name, units.tolist(), start=start, stop=stop)
    return {
        "start": start,
        "length": stop - start,
        "total": layer.hidden_size,
        "units": units,
        "levels": base64.b64encode(painted.astype(np.uint8).tobytes()).decode(),
    }


def named_values(shown: Shown, options: NamedOptions) -> dict[str, Any]:
    """Levels of one named value for the first units of a layer, with the symbols above them."""
    recording = shown.recording
    layer = find_layer(shown.subject, options.layer, options.direction)
    recording.wait(options.start + options.count, timeout_s=_FIRST_SECONDS)
    stop = min(options.start + options.count, recording.length)
    start = min(options.start, stop)
    units = list(range(min(options.units, layer.hidden_size)))
    painted = unit_levels(shown, layer, options.name, units, start=start, stop=stop)
    return {"pieces": recording.symbols.pieces[start:stop], "units": units, "levels": painted}


def first_selection(shown: Shown) -> dict[str, Any]:
    """What is looked at first: the unit of the last layer that varies most."""
    layer = shown.subject.layers[-1]
    shown.recording.wait(4096, timeout_s=_FIRST_SECONDS)
    order = _order(shown, layer, "interest")
    return {"layer": layer.index, "direction": layer.direction, "unit": int(order[0])}


def unit_levels(
    shown: Shown, layer: SubjectLayer, name: str | None, units: list[int], *, start: int, stop: int
) -> np.ndarray:
    """Levels 0 to 64 of some units, (units, n): -1 to 1, and of gates from shut to open."""
    recording = shown.recording
    for unit in units:
        _check_unit(layer, unit)
    where = {"layer": layer.index, "direction": layer.direction, "start": start, "stop": stop}
    if name is None or name == recording.painted_state:
        found = recording.levels(**where, units=units)
        return np.rint((found.astype(np.float32) / SCALE + 1) / 2 * (NUM_LEVELS - 1)).astype(int)
    values = recording.values(name, **where)
    if values.shape[1] != layer.hidden_size:
        raise UsageError(f"{name} has no value for each unit: it depends on the input alone.")
    picked = values[:, units].T
    if name in gates_of(layer.cell.graph):
        return levels(2 * picked - 1)
    is_signed = name in signed_of(layer.cell.graph)  # it lies between -1 and 1 already
    return levels(picked if is_signed else squash(picked, name))


def _order(shown: Shown, layer: SubjectLayer, order: str) -> np.ndarray:
    """Numbers of all units, as they are shown."""
    if order == "number":
        return np.arange(layer.hidden_size)
    recording = shown.recording
    known, wanted = recording.length, min(LOOKED_AT, len(recording.symbols))
    key = ("spread", layer.label, known >= wanted)
    found = shown.session.kept(key, lambda: spread(recording, layer))
    return np.argsort(-found, kind="stable")


def _check_unit(layer: SubjectLayer, unit: int) -> None:
    if unit >= layer.hidden_size:
        raise UsageError(
            f"Layer {layer.label} has no unit {unit}.",
            accepted=f"a unit from 0 to {layer.hidden_size - 1}",
        )
