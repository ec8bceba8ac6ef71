"""Learning curves of a run as a table (CSV) and as a picture (SVG).

Comes in: the lines of a run's log. Goes out: text. Touches no file.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

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
TRAINING, VALIDATION, INK, GRID = "#5b8db8", "#b4410e", "#222222", "#dddddd"

Point = tuple[float, float]


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
        unit: One of what the loss is a mean of: "character", "word", "record".

    Returns:
        The text of an SVG file.
    """
    training = _thin(_points(rows, "loss_nats"))
    validation = _points(rows, "validation_loss_nats")
    axes = _Axes(training, validation)
    parts = [
        *_frame(title),
        *axes.draw(y_label=f"loss (nats per {unit})"),
        _line(axes.place(training), colour=TRAINING, width=1.4),
        _line(axes.place(validation), colour=VALIDATION, width=2.2),
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


class _Axes:
    """Where a number lies on the picture."""

    def __init__(self, training: list[Point], validation: list[Point]) -> None:
        points = training + validation
        self.x_ticks = _ticks(0.0, max((x for x, _ in points), default=1.0), count=7)
        self.x_low, self.x_high = 0.0, max((x for x, _ in points), default=1.0)
        low, high = _loss_range(training, validation)
        self.y_ticks = _ticks(low, high, count=6)
        self.y_low, self.y_high = min(low, self.y_ticks[0]), max(high, self.y_ticks[-1])

    def place(self, points: list[Point]) -> list[Point]:
        """Points of the picture; what lies above the drawn range is left to the clip path."""
        return [(self._x(x), self._y(y)) for x, y in points]

    def _x(self, value: float) -> float:
        share = (value - self.x_low) / (self.x_high - self.x_low or 1.0)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def _y(self, value: float) -> float:
        share = (value - self.y_low) / (self.y_high - self.y_low or 1.0)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def draw(self, *, y_label: str) -> list[str]:
        """Grid, numbers and labels of both axes."""
        decimals = _decimals(self.y_ticks)
        bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        across = [
            f'<line x1="{LEFT}" y1="{self._y(y):.1f}" x2="{right}" y2="{self._y(y):.1f}" '
            f'stroke="{GRID}"/>' + _text(LEFT - 9, self._y(y) + 5, f"{y:.{decimals}f}", "end")
            for y in self.y_ticks
        ]
        along = [
            f'<line x1="{self._x(x):.1f}" y1="{bottom}" x2="{self._x(x):.1f}" y2="{bottom + 5}" '
            f'stroke="{INK}"/>' + _text(self._x(x), bottom + 21, f"{x:,.0f}", "middle")
            for x in self.x_ticks
            if x <= self.x_high
        ]
        base = f'<line x1="{LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}" stroke="{INK}"/>'
        middle = (TOP + bottom) / 2
        turned = f'transform="rotate(-90 20 {middle})"'
        return [
            *across,
            *along,
            base,
            _text((LEFT + right) / 2, HEIGHT - 12, "updates", "middle"),
            _text(20, middle, y_label, "middle", turned),
        ]


def _loss_range(training: list[Point], validation: list[Point]) -> tuple[float, float]:
    """Lowest and highest loss to draw; a short peak at the start is cut off, not followed."""
    losses = sorted(y for _, y in training + validation) or [0.0, 1.0]
    usual = losses[int(0.97 * (len(losses) - 1))]
    high = min(losses[-1], losses[0] + 1.6 * (usual - losses[0]))
    return losses[0], high if high > losses[0] else losses[0] + 1.0


def _ticks(low: float, high: float, *, count: int) -> list[float]:
    """Round numbers that cover a range, about `count` of them."""
    rough = (high - low) / count or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def _decimals(ticks: Sequence[float]) -> int:
    """Decimals that tell neighbouring ticks apart."""
    return max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9)) if len(ticks) > 1 else 1


def _frame(title: str) -> list[str]:
    inner = f'width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}"'
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="system-ui, sans-serif" font-size="14" fill="{INK}">',
        f"<title>{_escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<clipPath id="inside"><rect x="{LEFT}" y="{TOP}" {inner}/></clipPath>',
        _text(LEFT, 26, title, "start", 'font-size="16" font-weight="600"'),
    ]


def _text(x: float, y: float, content: str, anchor: str, extra: str = "") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text {place} {extra}>{_escape(content)}</text>"


def _escape(text: str) -> str:
    printable = "".join(c if c.isprintable() else " " for c in text)
    return printable.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _line(points: list[Point], *, colour: str, width: float) -> str:
    if not points:
        return ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
        'stroke-linejoin="round" clip-path="url(#inside)"/>'
    )


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
            + _text(WIDTH - RIGHT - 298, y + 3, text, "start")
        )
    return parts
