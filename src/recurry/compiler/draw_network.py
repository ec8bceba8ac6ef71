"""A network of recurrent layers as a drawing, rolled up or unrolled over some steps.

Comes in: names and numbers. Goes out: SVG text. Imports errors, svg and the parts of the drawing.
"""

from __future__ import annotations

from collections.abc import Iterator

from recurry.compiler import svg
from recurry.compiler.draw_head import draw_head
from recurry.compiler.network_links import UP, line, loop, straight
from recurry.compiler.network_stack import BOX_HEIGHT, MARGIN, Head, Notes, Stack
from recurry.errors import UsageError

_FORWARD, _BACKWARD = "#2c7a45", "#a3471a"
_INPUT = ("#e2effb", "#1765a8")
_LAYERS = {"forward": ("#fff4d8", _FORWARD), "backward": ("#fbe9dd", _BACKWARD)}
MOST_DRAWN = 24


def draw_network(
    *,
    cell_name: str,
    num_layers: int,
    is_bidirectional: bool = False,
    steps: int | None = None,
    head: Head | None = None,
    notes: Notes | None = None,
) -> str:
    """A network as SVG, time to the right and layers upwards.

    Args:
        cell_name: What stands in the boxes.
        num_layers: Layers, 1 to 24; the lowest is layer 0, as in the names of its weights.
        is_bidirectional: Whether every layer also runs from the last step to the first.
        steps: None for the network rolled up, with loops; 1 to 24 for that many steps beside each
            other. All boxes in one row have the same weights.
        head: What is made of the output of the layers; an answer at each step when not given.
        notes: Sizes and counts beside the rows.

    Raises:
        UsageError: A number is outside its range.
    """
    if not 1 <= num_layers <= MOST_DRAWN or not (steps is None or 1 <= steps <= MOST_DRAWN):
        raise UsageError(
            "A network of this size cannot be drawn.",
            got=f"num_layers {num_layers}, steps {steps}",
            accepted=f"1 to {MOST_DRAWN} layers; None or 1 to {MOST_DRAWN} steps",
        )
    stack = Stack(
        cell_name=cell_name,
        num_layers=num_layers,
        is_bidirectional=is_bidirectional,
        num_columns=steps or 1,
        head=head or Head(),
        notes=notes or Notes(),
    )
    form = "rolled up" if steps is None else f"unrolled over {steps} steps"
    title = f"{num_layers} x {cell_name}{' in both directions' * is_bidirectional}, {form}"
    parts = [svg.heading((MARGIN, 26), title, size=14)]
    for layer in range(num_layers):
        parts += _draw_layer(stack, layer, is_rolled=steps is None)
    for column in range(stack.num_columns):
        parts += _draw_column(stack, column, time="t" if steps is None else str(column + 1))
    if stack.notes.read:
        parts += stack.label(stack.y_input, "input", stack.notes.read, colour=UP)
    parts += draw_head(stack, is_rolled=steps is None)
    width = max(stack.width, svg.text_width(title, size=14) * 1.1 + 2 * MARGIN)
    return svg.document(parts, width=width, height=stack.height, title=title)


def _draw_layer(stack: Stack, layer: int, *, is_rolled: bool) -> Iterator[str]:
    """The name of a layer and its links along time."""
    rows = [stack.y(layer, direction) for direction in stack.directions]
    notes = stack.notes.layers[layer] if layer < len(stack.notes.layers) else ()
    yield from stack.label(sum(rows) / len(rows), stack.name_of(layer), notes, colour=UP)
    for direction, y in zip(stack.directions, rows, strict=True):
        colour, half = _LAYERS[direction][1], stack.box_width / 2
        boxes = [stack.x(column, direction) for column in range(stack.num_columns)]
        is_forward = direction == "forward"
        if is_rolled:
            left, right = boxes[0] - half, boxes[0] + half
            sides = (right, left) if is_forward else (left, right)
            yield loop(sides, y, rise=BOX_HEIGHT / 2 + 3, colour=colour)
            continue
        rights = [stack.left, *(x + half for x in boxes)]
        lefts = [*(x - half for x in boxes), stack.left + stack.num_columns * stack.step]
        for start, end in zip(rights, lefts, strict=True):
            ends = (start, end) if is_forward else (end, start)
            yield straight((ends[0], y), (ends[1], y), colour=colour)


def _draw_column(stack: Stack, column: int, *, time: str) -> Iterator[str]:
    """The boxes of one step, and the links from what it reads up to the bar above the layers."""
    x, (fill, stroke) = stack.x(column), _INPUT
    yield line((x, stack.y_input), (x, stack.y_below(0)))
    for layer in range(stack.num_layers):
        for direction in stack.directions:
            yield from _draw_box(stack, column, layer, direction)
    yield svg.box((x, stack.y_input), (46, 30), fill=fill, stroke=stroke, radius=15)
    yield svg.label((x, stack.y_input), f"x_{time}", size=15)


def _draw_box(stack: Stack, column: int, layer: int, direction: str) -> Iterator[str]:
    """One cell at one step: it reads from the bar below, and its output goes to the bar above."""
    middle, x, y = stack.x(column), stack.x(column, direction), stack.y(layer, direction)
    fill, stroke = _LAYERS[direction]
    below, above, half = stack.y_below(layer), stack.y_below(layer + 1), BOX_HEIGHT / 2
    yield line((middle, below), (x, below))
    yield straight((x, below), (x, y + half))
    yield line((x, y - half), (x, above + 16), (middle, above + 16), (middle, above))
    yield svg.box((x, y), (stack.box_width, BOX_HEIGHT), fill=fill, stroke=stroke, radius=7)
    yield svg.label((x, y), stack.short_name, size=13)
