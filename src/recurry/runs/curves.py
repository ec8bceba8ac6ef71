"""Learning curves of a run as a table (CSV) and as a picture (SVG).

Comes in: the lines of a run's log. Goes out: text. Touches no file. Imports axes and shapes.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from recurry.compiler.axes import Axes, Frame, Scale
from recurry.compiler.svg import INK, Point, clean, line, words

COLUMNS = (
    "update",
    "epoch",
    "num_symbols",
    "loss_nats",
    "validation_loss_nats",
    "learning_rate",
    "gradient_norm",
)

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 24, 52, 58
MAX_POINTS = 600  # more than the picture has room for
TRAINING, VALIDATION = "#5b8db8", "#b4410e"
_CLIPPED = 'clip-path="url(#inside)"'


def curves_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The log as a table with a header row; a cell is empty where nothing was measured."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([row.get(column) for column in COLUMNS] for row in rows)
    return text.getvalue()


def curves_svg(rows: Sequence[Mapping[str, Any]], *, title: str, unit: str = "symbol") -> str:
    """Training and validation loss over the updates, as one self-contained picture.

    Args:
        rows: Lines of a run's log, in order.
        title: What stands above the picture.
        unit: What a symbol of this run is: "character", "byte" or "word".

    Returns:
        The text of an SVG file.
    """
    training = _thin(_points(rows, "loss_nats"))
    validation = _points(rows, "validation_loss_nats")
    axes = _axes(training, validation, y_label=f"loss (nats per {unit})")
    parts = [
        *_frame(title),
        *axes.draw(),
        line(axes.place(training), colour=TRAINING, width=1.4, extra=_CLIPPED),
        line(axes.place(validation), colour=VALIDATION, width=2.2, extra=_CLIPPED),
        *_dots(axes.place(validation)),
        *_legend(training, validation),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _points(rows: Sequence[Mapping[str, Any]], column: str) -> list[Point]:
    return [
        (float(row["update"]), float(row[column]))
        for row in rows
        if row.get(column) is not None and math.isfinite(row[column])
    ]


def _thin(points: list[Point]) -> list[Point]:
    """Means of neighbouring points, so that no more are drawn than can be seen."""
    step = math.ceil(len(points) / MAX_POINTS) or 1
    groups = [points[start : start + step] for start in range(0, len(points), step)]
    return [(_mean([x for x, _ in group]), _mean([y for _, y in group])) for group in groups]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _axes(training: list[Point], validation: list[Point], *, y_label: str) -> Axes:
    """The updates along the frame, the loss up; a short peak is left to the clip path."""
    last = max((x for x, _ in training + validation), default=1.0)
    low, high = _loss_range(training, validation)
    return Axes(
        frame=Frame(left=LEFT, top=TOP, width=WIDTH - LEFT - RIGHT, height=HEIGHT - TOP - BOTTOM),
        x=Scale.linear(0.0, last, label="updates", count=7, is_widened=False),
        y=Scale.linear(low, high, label=y_label),
    )


def _loss_range(training: list[Point], validation: list[Point]) -> tuple[float, float]:
    """Lowest and highest loss to draw; a short peak at the start is cut off, not followed."""
    losses = sorted(y for _, y in training + validation) or [0.0, 1.0]
    usual = losses[int(0.97 * (len(losses) - 1))]
    high = min(losses[-1], losses[0] + 1.6 * (usual - losses[0]))
    return losses[0], high if high > losses[0] else losses[0] + 1.0


def _frame(title: str) -> list[str]:
    inner = f'width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}"'
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="system-ui, sans-serif" font-size="14" fill="{INK}">',
        f"<title>{clean(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<clipPath id="inside"><rect x="{LEFT}" y="{TOP}" {inner}/></clipPath>',
        words((LEFT, 26), title, extra='font-size="16" font-weight="600"'),
    ]


def _dots(points: list[Point]) -> list[str]:
    """A dot for each measurement of the validation loss, unless they would run together."""
    if len(points) > 60:
        return []
    return [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{VALIDATION}" clip-path="url(#inside)"/>'
        for x, y in points
    ]


def _legend(training: list[Point], validation: list[Point]) -> list[str]:
    """What the two lines are, with the numbers that a reader looks for."""
    rows = []
    if training:
        rows.append((TRAINING, f"training, last {training[-1][1]:.3f}"))
    if validation:
        update, best = min(validation, key=lambda point: point[1])
        rows.append((VALIDATION, f"validation, best {best:.3f} at update {update:,.0f}"))
    parts = []
    for number, (colour, text) in enumerate(rows):
        y = TOP + 14 + 22 * number
        parts.append(
            f'<rect x="{WIDTH - RIGHT - 340}" y="{y - 12}" width="340" height="20" '
            'fill="#ffffff" fill-opacity="0.85"/>'
            f'<line x1="{WIDTH - RIGHT - 332}" y1="{y - 2}" x2="{WIDTH - RIGHT - 306}" '
            f'y2="{y - 2}" stroke="{colour}" stroke-width="3"/>'
            + words((WIDTH - RIGHT - 298, y + 3), text)
        )
    return parts
