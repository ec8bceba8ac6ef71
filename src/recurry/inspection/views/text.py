"""The view Text: a text on the colours of some cells, what is expected next, or what is answered.

Comes in: a session. Goes out: paintings, and for each symbol the five most probable next ones, or
the answer to the whole text. Imports answer, interest and recording.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from recurry.errors import UsageError
from recurry.inspection.address import CellAddress, parse_address
from recurry.inspection.answer import Answer, find_answer
from recurry.inspection.drawing import sheet
from recurry.inspection.html import Painting
from recurry.inspection.interest import LOOKED_AT, most_varying
from recurry.inspection.passage import no_text
from recurry.inspection.recording import Recording, Top
from recurry.inspection.session import Session
from recurry.inspection.subject import RECORD_KINDS
from recurry.inspection.tiles import painted_text
from recurry.inspection.view import EVERY_KIND, Kinds, ViewOptions

# Probabilities of so many next symbols are told.
_TOP = 5
# What stands above the answer in a drawing and in a terminal.
ANSWER = "The model answers"


class TextOptions(ViewOptions):
    """What can be chosen.

    Attributes:
        cell: A cell, such as `0:12` or `0:h:12`; those that vary most when empty.
        count: How many cells are shown where none was named.
        start: First symbol.
        length: Number of symbols.
        step: A symbol whose gates are told, counted like `start`; -1 for none.
    """

    cell: str = Field(default="", max_length=100)
    count: int = Field(default=6, ge=1, le=64)
    start: int = Field(default=0, ge=0)
    length: int = Field(default=600, ge=1, le=20_000)
    step: int = Field(default=-1, ge=-1)


@dataclass(frozen=True, kw_only=True, eq=False)
class TextFinding:
    """A painted stretch of text.

    Attributes:
        recording: What the model had in mind.
        start: First symbol.
        stop: After the last.
        cells: The cells that are shown.
        values: Of each cell at each symbol, from -1 to 1, (cells, n).
        top: The most probable next symbols; None where the model predicts none.
        answer: What the model answers to the whole text; None where it predicts symbols.
        step: A symbol that is told about, or -1.
        moment: Every named value of the first cell's layer at that symbol, by name.
    """

    recording: Recording
    start: int
    stop: int
    cells: Sequence[CellAddress]
    values: np.ndarray
    top: Top | None
    answer: Answer | None
    step: int
    moment: dict[str, np.ndarray]

    @property
    def _pieces(self) -> tuple[str, ...]:
        return self.recording.symbols.pieces[self.start : self.stop]

    @property
    def _labels(self) -> tuple[str, ...]:
        return () if self.answer is None else self.answer.labels[self.start : self.stop]

    @property
    def answered(self) -> str:
        """The answer in a line: the words of the stretch with their labels, classes with their
        probabilities, a number or a text; "" where the model predicts symbols."""
        if self.answer is None:
            return ""
        if self._labels:
            pairs = zip(self._pieces, self._labels, strict=True)
            return " ".join(f"{piece.strip()}/{label}" for piece, label in pairs)
        shares = ", ".join(f"{name} ({share:.0%})" for name, share in self.answer.shares)
        return shares or self.answer.words

    def to_json(self) -> dict[str, Any]:
        """For the page: pieces, values, probabilities."""
        names = self.recording.subject.symbols
        found: dict[str, Any] = {
            "start": self.start,
            "pieces": list(self._pieces),
            "is_known": self.recording.symbols.is_known[self.start : self.stop].tolist(),
            "cells": [{"address": str(cell), "title": cell.title} for cell in self.cells],
            "values": np.round(self.values, 4).tolist(),
            "step": self.step,
            "moment": {name: np.round(x, 5).tolist() for name, x in self.moment.items()},
        }
        if self.answer is not None:
            found["answer"] = self.answered
        if self.top is not None:
            found["top"] = [
                [[names[number], round(share, 5)] for number, share in zip(*pair, strict=True)]
                for pair in zip(self.top.ids.tolist(), self.top.probabilities.tolist(), strict=True)
            ]
        return found

    def to_svg(self) -> str:
        """The answer if there is one, and the text once for each cell."""
        words = re.findall(r"\S+\s*", self.answered)
        panels = [painted_text(words, np.zeros(len(words)), title=ANSWER)] if words else []
        panels += [
            painted_text(self._pieces, row, title=cell.title)
            for cell, row in zip(self.cells, self.values, strict=True)
        ]
        state = self.recording.painted_state
        shown = "h" if state == "h" else f"tanh({state})"
        note = f"{shown} after each symbol: blue -1, white 0, red +1"
        return sheet(panels, title="Cells over the text", note=note)

    def to_paintings(self) -> list[Painting]:
        """The text once for each cell, for a terminal."""
        return [
            Painting(
                title=cell.title,
                pieces=self._pieces,
                values=row,
                state=cell.state,
                address=str(cell),
                is_known=self.recording.symbols.is_known[self.start : self.stop],
            )
            for cell, row in zip(self.cells, self.values, strict=True)
        ]

    def to_rows(self) -> list[dict[str, Any]]:
        """A row for each symbol: values of the cells, its label, or its loss and what was expected
        behind it."""
        names, losses, labels = self.recording.subject.symbols, self.recording.loss, self._labels
        rows = []
        for place, piece in enumerate(self._pieces):
            step = self.start + place
            row: dict[str, Any] = {"step": step, "symbol": piece}
            if labels:
                row["label"] = labels[place]
            if self.top is not None:
                row["loss_nats"] = float(losses[step])
            row |= {
                str(cell): round(float(value), 4)
                for cell, value in zip(self.cells, self.values[:, place], strict=True)
            }
            if self.top is not None:
                pairs = zip(self.top.ids[place], self.top.probabilities[place], strict=True)
                for rank, (number, share) in enumerate(pairs, 1):
                    row |= {f"next_{rank}": names[number], f"probability_{rank}": float(share)}
            rows.append(row)
        return rows


class TextView:
    """A text on the colours of cells."""

    name: ClassVar[str] = "text"
    title: ClassVar[str] = "Text"
    caption: ClassVar[str] = (
        "Each symbol stands on the colour of one cell after the model has read it: blue for -1, "
        "white for 0, red for +1. A cell that stays red within quotes, or fades along a line, is "
        "something that the model has found out about text by itself."
    )
    Options: ClassVar[type[TextOptions]] = TextOptions
    kinds: ClassVar[Kinds] = EVERY_KIND

    def steps_needed(self, options: TextOptions) -> int:
        """How much of the text has to be read for it: the stretch, and what cells are chosen by."""
        return max(options.start + options.length, options.step + 1, LOOKED_AT)

    def compute(self, session: Session, options: TextOptions) -> TextFinding:
        """Values of cells over a stretch.

        Raises:
            UsageError: There is no text, no such cell, or the stretch begins behind its end.
        """
        recording = session.recording
        if recording is None or not recording.length:
            raise no_text()
        if options.start >= recording.length:
            raise UsageError(
                "The stretch begins behind the end of the text.",
                got=f"start {options.start:,}",
                accepted=f"from 0 to {recording.length - 1:,}",
            )
        start, stop = options.start, min(options.start + options.length, recording.length)
        if options.cell:
            cells = [parse_address(options.cell, session.subject)]
        else:
            cells = session.kept(
                ("varying", options.count, min(recording.length, LOOKED_AT)),
                lambda: most_varying(recording, options.count),
            )
        predicts = session.subject.kind not in RECORD_KINDS
        return TextFinding(
            recording=recording,
            start=start,
            stop=stop,
            cells=cells,
            values=np.stack([recording.painted(one, start=start, stop=stop) for one in cells]),
            top=recording.top(start, stop, _TOP) if predicts else None,
            answer=None if predicts else find_answer(session),
            step=options.step,
            moment=_moment(recording, cells[0], options.step),
        )


def _moment(recording: Recording, cell: CellAddress, step: int) -> dict[str, np.ndarray]:
    """Every named value of a cell's layer at a step; none where no step was named."""
    if not 0 <= step < recording.length:
        return {}
    return {
        name: recording.values(
            name, layer=cell.layer, direction=cell.direction, start=step, stop=step + 1
        )[0]
        for name in recording.names
    }
