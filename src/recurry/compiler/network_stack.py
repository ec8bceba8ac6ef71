"""What a drawing of a network shows, and where its rows and columns are.

Comes in: names and numbers. Goes out: places. Imports svg.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from recurry.compiler import svg

BOX_HEIGHT = 38.0
LANE, MARGIN = 58.0, 28.0
JOIN_HEIGHT = 32.0
_NAME_SIZE, _NOTE_SIZE = 12.0, 11.0
_LEAST_LABEL = 76.0
# From the bar above the layers: to the answers, to what joins all steps, to a decoder's first row.
_TO_ANSWER, _TO_JOIN, _TO_DECODER = 38.0, 40.0, 112.0
_DECODER_LANE = 66.0

Lines = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Head:
    """What is made of the output of the layers.

    Args:
        kind: `aligned` answers at each step; `pooled` answers once, from all steps together;
            `translated` writes as many symbols as it likes with a decoder that looks at all steps.
        join: How the steps are put together; nothing for `aligned`.
        num_decoder_layers: Layers of the decoder, for `translated`.
    """

    kind: Literal["aligned", "pooled", "translated"] = "aligned"
    join: str = ""
    num_decoder_layers: int = 0


@dataclass(frozen=True, kw_only=True)
class Notes:
    """Sizes and counts, in words, a line each, that stand beside the rows of a drawing.

    Args:
        read: Beside what is read.
        layers: Beside each layer, the lowest first.
        join: Beside what puts the steps together.
        decoder: Beside each layer of the decoder.
        answer: Beside the answers.
    """

    read: Lines = ()
    layers: tuple[Lines, ...] = ()
    join: Lines = ()
    decoder: tuple[Lines, ...] = ()
    answer: Lines = ()


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What is drawn, and where its columns and rows are."""

    cell_name: str
    num_layers: int
    is_bidirectional: bool
    num_columns: int
    head: Head = field(default_factory=Head)
    notes: Notes = field(default_factory=Notes)

    @property
    def directions(self) -> tuple[str, ...]:
        """The ways in which each layer reads."""
        return ("forward", "backward") if self.is_bidirectional else ("forward",)

    @property
    def box_width(self) -> float:
        """Of one cell."""
        return max(60.0, svg.text_width(self.short_name) + 18)

    @property
    def short_name(self) -> str:
        """What stands in the boxes."""
        return svg.shorten(self.cell_name, 11)

    @property
    def step(self) -> float:
        """From one column to the next."""
        return (self.box_width + 12) * len(self.directions) + 36

    @property
    def layer_height(self) -> float:
        """From one layer to the next."""
        return LANE * len(self.directions) + 44

    @property
    def label_width(self) -> float:
        """Of the column of names and notes."""
        notes = self.notes
        every = [notes.read, *notes.layers, notes.join, *notes.decoder, notes.answer]
        widths = [svg.text_width(words, size=_NOTE_SIZE) for lines in every for words in lines]
        widths.append(1.1 * svg.text_width(self.name_of(0), size=_NAME_SIZE))
        return max([_LEAST_LABEL, *(width + 8 for width in widths)])

    @property
    def height(self) -> float:
        """Of the whole drawing."""
        return self.num_layers * self.layer_height + 142 + self._above

    @property
    def _above(self) -> float:
        """From the bar above the layers up to the answers."""
        if self.head.kind == "aligned":
            return _TO_ANSWER
        if self.head.kind == "pooled":
            return _TO_JOIN + JOIN_HEIGHT / 2 + 44
        return _TO_DECODER + _DECODER_LANE * (self.head.num_decoder_layers - 1) + 74

    @property
    def width(self) -> float:
        """Of the whole drawing."""
        return self.left + self.num_columns * self.step + MARGIN

    @property
    def left(self) -> float:
        """Where the columns begin."""
        return MARGIN + self.label_width

    def x(self, column: int, direction: str = "") -> float:
        """The middle of a column, or of its boxes of one direction."""
        middle = self.left + (column + 0.5) * self.step
        aside = (self.box_width / 2 + 6) * (len(self.directions) - 1)
        return middle + {"": 0, "forward": -aside, "backward": aside}[direction]

    @property
    def middle(self) -> float:
        """Between the first and the last column."""
        return self.left + self.num_columns * self.step / 2

    def y(self, layer: int, direction: str) -> float:
        """The row of a direction; layers count from below."""
        row = self.height - 112 - layer * self.layer_height
        return row - LANE * self.directions.index(direction)

    def y_below(self, layer: int) -> float:
        """Where what a layer reads is shared out."""
        return self.y(layer, "forward") + BOX_HEIGHT / 2 + 18

    @property
    def y_top(self) -> float:
        """Where what the last layer gives comes together."""
        return self.y_below(self.num_layers)

    @property
    def y_join(self) -> float:
        """The row of what puts the steps together."""
        return self.y_top - _TO_JOIN

    def y_decoder(self, layer: int) -> float:
        """The row of a layer of the decoder."""
        return self.y_top - _TO_DECODER - _DECODER_LANE * layer

    @property
    def y_input(self) -> float:
        """The row of what is read."""
        return self.height - 36

    @property
    def y_output(self) -> float:
        """The row of the answers."""
        return self.y_top - self._above

    def name_of(self, layer: int, *, half: str = "encoder") -> str:
        """What a layer is called: as --colour and the weights count it."""
        has_halves = self.head.kind == "translated"
        return f"{half}, layer {layer}" if has_halves else f"layer {layer}"

    def label(self, y: float, name: str, notes: Lines, *, colour: str) -> list[str]:
        """The name of a row with its notes below, all around a height."""
        x, step = MARGIN + self.label_width / 2 - 10, 14.0
        top = y - step * len(notes) / 2
        return [
            svg.label((x, top), name, size=_NAME_SIZE, colour=colour, weight="bold"),
            *(
                svg.label((x, top + step * (place + 1)), words, size=_NOTE_SIZE, colour=colour)
                for place, words in enumerate(notes)
            ),
        ]
