"""What stands above the layers in a drawing of a network: answers at each step, one, or a decoder.

Comes in: a stack. Goes out: SVG text. Imports network_links, network_stack and svg.
"""

from __future__ import annotations

from collections.abc import Iterator

from recurry.compiler import svg
from recurry.compiler.network_links import UP, line, loop, straight
from recurry.compiler.network_stack import BOX_HEIGHT, JOIN_HEIGHT, Stack

_ANSWER = ("#dff0e2", "#2c7a45")
_JOIN = ("#f1e8f8", "#7b3fa0")
_DECODER = ("#fff4d8", "#2c7a45")
_READ_BACK = "#1765a8"


def draw_head(stack: Stack, *, is_rolled: bool) -> Iterator[str]:
    """The answers, what they are made by, and their names and sizes.

    Args:
        stack: What is drawn, and where.
        is_rolled: Whether one column stands for all steps.
    """
    kind, notes = stack.head.kind, stack.notes
    if kind == "aligned":
        for column in range(stack.num_columns):
            x, time = stack.x(column), "t" if is_rolled else str(column + 1)
            yield straight((x, stack.y_top), (x, stack.y_output + 15))
            yield from _draw_answer(stack, x, f"y_{time}")
    else:
        yield from _draw_join(stack)
    if kind == "pooled":
        yield straight((stack.middle, stack.y_join - JOIN_HEIGHT / 2), _below_answer(stack))
        yield from _draw_answer(stack, stack.middle, "y")
    if kind == "translated":
        for layer in range(stack.head.num_decoder_layers):
            yield from _draw_decoder_row(stack, layer, is_rolled=is_rolled)
        for column in range(stack.num_columns):
            yield from _draw_written(stack, column, is_rolled=is_rolled)
    if notes.answer:
        yield from stack.label(stack.y_output, "output", notes.answer, colour=UP)


def _below_answer(stack: Stack) -> svg.Point:
    return stack.middle, stack.y_output + 15


def _draw_answer(stack: Stack, x: float, words: str) -> Iterator[str]:
    fill, stroke = _ANSWER
    yield svg.box((x, stack.y_output), (46, 30), fill=fill, stroke=stroke, radius=15)
    yield svg.label((x, stack.y_output), words, size=15)


def _draw_join(stack: Stack) -> Iterator[str]:
    """A box over all columns."""
    fill, stroke = _JOIN
    for column in range(stack.num_columns):
        x = stack.x(column)
        yield straight((x, stack.y_top), (x, stack.y_join + JOIN_HEIGHT / 2))
    words = stack.head.join
    wide = max(stack.num_columns * stack.step - 16, svg.text_width(words) + 16)
    size, centre = (wide, JOIN_HEIGHT), (stack.middle, stack.y_join)
    yield svg.box(centre, size, fill=fill, stroke=stroke, radius=7)
    yield svg.label(centre, words)
    if stack.notes.join:
        name = "attention" if stack.head.kind == "translated" else "pooling"
        yield from stack.label(stack.y_join, name, stack.notes.join, colour=UP)


def _draw_decoder_row(stack: Stack, layer: int, *, is_rolled: bool) -> Iterator[str]:
    """A layer of the decoder with its links along time."""
    y, half = stack.y_decoder(layer), stack.box_width / 2
    fill, stroke = _DECODER
    boxes = [stack.x(column) for column in range(stack.num_columns)]
    if is_rolled:
        sides = (boxes[0] + half, boxes[0] - half)
        yield loop(sides, y, rise=BOX_HEIGHT / 2 + 3, colour=stroke)
    else:
        starts = [boxes[0] - stack.step / 2, *(x + half for x in boxes)]
        ends = [*(x - half for x in boxes), boxes[-1] + stack.step / 2]
        for start, end in zip(starts, ends, strict=True):
            yield straight((start, y), (end, y), colour=stroke)
    for x in boxes:
        yield svg.box((x, y), (stack.box_width, BOX_HEIGHT), fill=fill, stroke=stroke, radius=7)
        yield svg.label((x, y), stack.short_name)
    notes = stack.notes.decoder[layer] if layer < len(stack.notes.decoder) else ()
    yield from stack.label(y, stack.name_of(layer, half="decoder"), notes, colour=UP)


def _draw_written(stack: Stack, column: int, *, is_rolled: bool) -> Iterator[str]:
    """One written symbol: from the decoder and what it looks at, and read by the next step."""
    x, half = stack.x(column), BOX_HEIGHT / 2
    last = stack.head.num_decoder_layers - 1
    for layer in range(last):
        upper = stack.y_decoder(layer + 1) + half
        yield straight((x, stack.y_decoder(layer) - half), (x, upper))
    bar, aside = stack.y_output + 25, x - stack.box_width / 2 - 6
    _, stroke = _JOIN
    yield line((aside, stack.y_join - JOIN_HEIGHT / 2), (aside, bar), (x, bar), colour=stroke)
    yield line((x, stack.y_decoder(last) - half), (x, bar))
    yield straight((x, bar), (x, stack.y_output + 15))
    yield from _draw_answer(stack, x, "y_k" if is_rolled else f"y_{column + 1}")
    if is_rolled or column + 1 < stack.num_columns:
        below, side = stack.y_decoder(0) + half, stack.box_width / 4
        reader = x + side if is_rolled else stack.x(column + 1) - side
        out = x + stack.box_width / 2 + 18
        path = ((x + 23, stack.y_output), (out, stack.y_output), (out, below + 16))
        yield line(*path, (reader, below + 16), colour=_READ_BACK)
        yield straight((reader, below + 16), (reader, below), colour=_READ_BACK)
