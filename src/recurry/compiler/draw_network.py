"""A stack of recurrent layers as a drawing, rolled up or unrolled over some steps.

Comes in: names and numbers. Goes out: SVG text. Imports errors and svg.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recurry.compiler import svg
from recurry.errors import UsageError

_FORWARD, _BACKWARD, _UP = "#2c7a45", "#a3471a", "#5d6b78"
_INPUT = ("#e2effb", "#1765a8")
_OUTPUT = ("#dff0e2", "#2c7a45")
_LAYERS = {"forward": ("#fff4d8", _FORWARD), "backward": ("#fbe9dd", _BACKWARD)}
_HEIGHT = 38.0
_LANE, _MARGIN = 58.0, 28.0
MOST_DRAWN = 24


@dataclass(frozen=True, kw_only=True)
class _Stack:
    """What is drawn, and where its columns and rows are."""

    cell_name: str
    num_layers: int
    is_bidirectional: bool
    num_columns: int

    @property
    def directions(self) -> tuple[str, ...]:
        return ("forward", "backward") if self.is_bidirectional else ("forward",)

    @property
    def box_width(self) -> float:
        return max(60.0, svg.text_width(_short(self.cell_name)) + 18)

    @property
    def step(self) -> float:
        """From one column to the next."""
        return (self.box_width + 12) * len(self.directions) + 36

    @property
    def layer_height(self) -> float:
        return _LANE * len(self.directions) + 44

    @property
    def height(self) -> float:
        return self.num_layers * self.layer_height + 180

    @property
    def width(self) -> float:
        return self.num_columns * self.step + 2 * _MARGIN + 76

    def x(self, column: int, direction: str = "") -> float:
        """The middle of a column, or of its boxes of one direction."""
        middle = _MARGIN + 76 + (column + 0.5) * self.step
        aside = (self.box_width / 2 + 6) * (len(self.directions) - 1)
        return middle + {"": 0, "forward": -aside, "backward": aside}[direction]

    def y(self, layer: int, direction: str) -> float:
        """The row of a direction; layers count from below."""
        row = self.height - 112 - layer * self.layer_height
        return row - _LANE * self.directions.index(direction)

    def y_below(self, layer: int) -> float:
        """Where what a layer reads is shared out."""
        return self.y(layer, "forward") + _HEIGHT / 2 + 18

    @property
    def y_input(self) -> float:
        return self.height - 36

    @property
    def y_output(self) -> float:
        return self.y_below(self.num_layers) - 38


def draw_network(
    *, cell_name: str, num_layers: int, is_bidirectional: bool = False, steps: int | None = None
) -> str:
    """A stack of layers as SVG, time to the right and layers upwards.

    Args:
        cell_name: What stands in the boxes.
        num_layers: Layers, 1 to 24; the lowest is layer 0, as in the names of its weights.
        is_bidirectional: Whether every layer also runs from the last step to the first.
        steps: None for the network rolled up, with loops; 1 to 24 for that many steps beside each
            other. All boxes in one row have the same weights.

    Raises:
        UsageError: A number is outside its range.
    """
    if not 1 <= num_layers <= MOST_DRAWN or not (steps is None or 1 <= steps <= MOST_DRAWN):
        raise UsageError(
            "A network of this size cannot be drawn.",
            got=f"num_layers {num_layers}, steps {steps}",
            accepted=f"1 to {MOST_DRAWN} layers; None or 1 to {MOST_DRAWN} steps",
        )
    stack = _Stack(
        cell_name=cell_name,
        num_layers=num_layers,
        is_bidirectional=is_bidirectional,
        num_columns=steps or 1,
    )
    form = "rolled up" if steps is None else f"unrolled over {steps} steps"
    title = f"{num_layers} x {cell_name}{' in both directions' * is_bidirectional}, {form}"
    parts = [svg.heading((_MARGIN, 26), title, size=14)]
    for layer in range(num_layers):
        parts += _draw_layer(stack, layer, is_rolled=steps is None)
    for column in range(stack.num_columns):
        parts += _draw_column(stack, column, time="t" if steps is None else str(column + 1))
    width = max(stack.width, svg.text_width(title, size=14) * 1.1 + 2 * _MARGIN)
    return svg.document(parts, width=width, height=stack.height, title=title)


def _draw_layer(stack: _Stack, layer: int, *, is_rolled: bool) -> Iterator[str]:
    """The name of a layer, as --colour and the weights count it, and its links along time."""
    rows = [stack.y(layer, direction) for direction in stack.directions]
    middle = sum(rows) / len(rows)
    yield svg.label((_MARGIN + 28, middle), f"layer {layer}", size=12, colour=_UP)
    for direction, y in zip(stack.directions, rows, strict=True):
        colour, half = _LAYERS[direction][1], stack.box_width / 2
        boxes = [stack.x(column, direction) for column in range(stack.num_columns)]
        if is_rolled:
            yield _loop((boxes[0] - half, boxes[0] + half), y, colour, direction)
            continue
        rights = [stack.x(0) - stack.step / 2, *(x + half for x in boxes)]
        lefts = [*(x - half for x in boxes), stack.x(stack.num_columns - 1) + stack.step / 2]
        for start, end in zip(rights, lefts, strict=True):
            ends = (start, end) if direction == "forward" else (end, start)
            yield _straight((ends[0], y), (ends[1], y), colour=colour)


def _draw_column(stack: _Stack, column: int, *, time: str) -> Iterator[str]:
    """The boxes of one step, and the links from the input up to the output."""
    x = stack.x(column)
    top = stack.y_below(stack.num_layers)
    yield _line((x, stack.y_input), (x, stack.y_below(0)))
    for layer in range(stack.num_layers):
        for direction in stack.directions:
            yield from _draw_box(stack, column, layer, direction)
    yield _straight((x, top), (x, stack.y_output + 15), colour=_UP)
    ends = ((stack.y_input, f"x_{time}", _INPUT), (stack.y_output, f"y_{time}", _OUTPUT))
    for y, words, (fill, stroke) in ends:
        yield svg.box((x, y), (46, 30), fill=fill, stroke=stroke, radius=15)
        yield svg.label((x, y), words, size=15)


def _draw_box(stack: _Stack, column: int, layer: int, direction: str) -> Iterator[str]:
    """One cell at one step: it reads from the bar below, and its output goes to the bar above."""
    middle, x, y = stack.x(column), stack.x(column, direction), stack.y(layer, direction)
    fill, stroke = _LAYERS[direction]
    below, above = stack.y_below(layer), stack.y_below(layer + 1)
    yield _line((middle, below), (x, below))
    yield _straight((x, below), (x, y + _HEIGHT / 2), colour=_UP)
    yield _line((x, y - _HEIGHT / 2), (x, above + 16))
    yield _line((x, above + 16), (middle, above + 16))
    yield _line((middle, above + 16), (middle, above))
    yield svg.box((x, y), (stack.box_width, _HEIGHT), fill=fill, stroke=stroke, radius=7)
    yield svg.label((x, y), _short(stack.cell_name), size=13)


def _short(name: str) -> str:
    return name if len(name) <= 11 else name[:10] + "…"


def _straight(start: svg.Point, end: svg.Point, *, colour: str) -> str:
    """An arrow along one axis."""
    (x, y), (end_x, end_y) = start, end
    along, across = (end_x > x) - (end_x < x), (end_y > y) - (end_y < y)
    head = (end_x - 8 * along, end_y - 8 * across)
    wing = (4 * across, 4 * along)
    return (
        f'<path d="M{x:.1f},{y:.1f} L{head[0]:.1f},{head[1]:.1f}" stroke="{colour}" '
        f'stroke-width="1.6" fill="none"/>'
        f'<path d="M{end_x:.1f},{end_y:.1f} L{head[0] + wing[0]:.1f},{head[1] + wing[1]:.1f} '
        f'L{head[0] - wing[0]:.1f},{head[1] - wing[1]:.1f} z" fill="{colour}"/>'
    )


def _line(start: svg.Point, end: svg.Point) -> str:
    return (
        f'<path d="M{start[0]:.1f},{start[1]:.1f} L{end[0]:.1f},{end[1]:.1f}" stroke="{_UP}" '
        f'stroke-width="1.6" fill="none"/>'
    )


def _loop(sides: tuple[float, float], y: float, colour: str, direction: str) -> str:
    """From one side of a box around above it back into its other side."""
    start, end = reversed(sides) if direction == "forward" else sides
    out = 1 if start > end else -1
    high = y - _HEIGHT / 2 - 3
    return (
        f'<path d="M{start:.1f},{y:.1f} h{9 * out} q{6 * out},0 {6 * out},-6 V{high:.1f} '
        f"q0,-6 {-6 * out},-6 H{end - 9 * out:.1f} q{-6 * out},0 {-6 * out},6 V{y - 6:.1f} "
        f'q0,6 {6 * out},6 h{out}" stroke="{colour}" stroke-width="1.6" fill="none"/>'
        f'<path d="M{end:.1f},{y:.1f} l{-8 * out},-4 v8 z" fill="{colour}"/>'
    )
