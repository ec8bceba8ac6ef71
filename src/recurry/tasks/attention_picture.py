"""Attention as a picture: which symbols of a source each symbol of an answer was written from.

Comes in: symbols and weights. Goes out: the text of an SVG file.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recurry.compiler.svg import clean, first_of, heading, shorten, text_width, words

CELL, LABEL, MARGIN = 22, 96, 16
LONGEST_NAME, MOST_STEPS = 13, 120
# The red of the largest values in every other picture of what a model does with a text.
DARK, INK = (178, 24, 43), "#222222"
_TITLE, _HEAD = "Attention: rows are written from columns", 44


@dataclass(frozen=True, kw_only=True, eq=False)
class Attended:
    """A source, an answer, and how the one was attended to while the other was written.

    Attributes:
        source: A name for each symbol of the source.
        target: One for each symbol of the answer.
        weights: Over the source at each step, (T, S).
    """

    source: Sequence[str]
    target: Sequence[str]
    weights: np.ndarray


def attention_svg(found: Sequence[Attended]) -> str:
    """A row for each symbol of an answer, a column for each of its source, one matrix a text.

    A cell is as dark as its weight. Of more than 120 symbols the first ones are drawn, which the
    picture says.
    """
    lines = [_TITLE, *(_left_out(one) for one in found)]
    needed = max(text_width(line, size=14) for line in lines)
    columns = max((min(len(one.source), MOST_STEPS) for one in found), default=0)
    width = max(2 * MARGIN + LABEL + CELL * columns, round(needed))
    y, parts = _HEAD, [heading((MARGIN, 28), _TITLE)]
    for one, note in zip(found, lines[1:], strict=True):
        if note:
            parts.append(words((MARGIN, y + 8), note))
            y += 20
        shown = _cut(one)
        parts += _matrix(shown, y)
        y += LABEL + CELL * len(shown.target) + 2 * MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + LABEL // 2} {y}" '
            f'width="{width + LABEL // 2}" height="{y}" font-family="system-ui, sans-serif" '
            f'font-size="12" fill="{INK}">',
            f"<title>{_TITLE}</title>",
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _left_out(one: Attended) -> str:
    """What is not drawn."""
    parts = [
        first_of(MOST_STEPS, len(one.source), "symbols that were read"),
        first_of(MOST_STEPS, len(one.target), "symbols that were written"),
    ]
    cut = " and ".join(part for part in parts if part)
    return f"Shown are {cut}." if cut else ""


def _cut(one: Attended) -> Attended:
    return Attended(
        source=one.source[:MOST_STEPS],
        target=one.target[:MOST_STEPS],
        weights=one.weights[:MOST_STEPS, :MOST_STEPS],
    )


def _matrix(one: Attended, top: int) -> list[str]:
    left, first = MARGIN + LABEL, top + LABEL
    parts = []
    for column, name in enumerate(one.source):
        x = left + CELL * column + CELL / 2 + 4
        parts.append(
            f'<text transform="translate({x:.0f} {first - 6}) rotate(-60)">{_short(name)}</text>'
        )
    for row, name in enumerate(one.target):
        y = first + CELL * row + CELL / 2 + 4
        parts.append(f'<text x="{left - 6}" y="{y:.0f}" text-anchor="end">{_short(name)}</text>')
        parts += [
            _cell(left + CELL * column, first + CELL * row, float(weight), f"{name} from {from_}")
            for column, (from_, weight) in enumerate(zip(one.source, one.weights[row], strict=True))
        ]
    return parts


def _cell(x: int, y: int, weight: float, tip: str) -> str:
    colour = ",".join(str(round(255 - weight * (255 - level))) for level in DARK)
    return (
        f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" fill="rgb({colour})" '
        f'stroke="#ececec"><title>{clean(tip)}: {weight:.2f}</title></rect>'
    )


def _short(name: str) -> str:
    return clean(shorten(name, LONGEST_NAME))
