"""Where numbers lie on a picture: round ticks, a grid, labels.

Comes in: ranges of numbers and the rectangle that they are drawn in. Goes out: places and SVG
text. Imports the shapes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from recurry.compiler.svg import INK, Point, words

GRID = "#dddddd"
# A reader tells no more decades than these apart; what is smaller lies on the lowest line.
MOST_DECADES = 12


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The rectangle that points are drawn in."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Where it ends to the right."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Where it ends below."""
        return self.top + self.height


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A range of numbers along one side of a frame.

    Args:
        low: The number at the left or lower end.
        high: The number at the other end.
        ticks: Numbers that are written beside it.
        label: What is measured, with its unit.
        is_logarithmic: Whether equal factors are equally far apart.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    label: str = ""
    is_logarithmic: bool = False

    @classmethod
    def linear(
        cls, low: float, high: float, *, label: str = "", count: int = 6, is_widened: bool = True
    ) -> Scale:
        """Round ticks over a range, which grows to the outermost ones unless it must not."""
        ticks = round_ticks(low, high, count=count)
        if is_widened:
            low, high = min(low, ticks[0]), max(high, ticks[-1])
        edge = 1e-9 * (high - low)
        inside = tuple(tick for tick in ticks if low - edge <= tick <= high + edge)
        return cls(low=low, high=high, ticks=inside, label=label)

    @classmethod
    def logarithmic(cls, values: Sequence[float], *, label: str = "") -> Scale:
        """Powers of ten around the positive numbers of some values."""
        found = [value for value in values if 0 < value < math.inf] or [1.0]
        last = math.ceil(math.log10(max(found)) - 1e-9)
        first = max(math.floor(math.log10(min(found)) + 1e-9), last - MOST_DECADES)
        first = min(first, last - 1)
        step = math.ceil((last - first) / 6)
        powers = range(first, last + 1, step)
        ticks = tuple(10.0**power for power in powers)
        low, high = 10.0**first, 10.0**last
        return cls(low=low, high=high, ticks=ticks, label=label, is_logarithmic=True)

    def share(self, value: float) -> float:
        """How far along the range a number lies: 0 at its low end, 1 at its high end."""
        if self.is_logarithmic:
            value = max(value, self.low / 10)
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low or 1.0)

    def texts(self) -> list[str]:
        """The ticks as they are written."""
        if self.is_logarithmic:
            return [f"{tick:g}" if 1e-3 < tick < 1e4 else f"{tick:.0e}" for tick in self.ticks]
        return [f"{tick:,.{decimals(self.ticks)}f}" for tick in self.ticks]


@dataclass(frozen=True, kw_only=True)
class Axes:
    """A frame with a scale along each side."""

    frame: Frame
    x: Scale
    y: Scale

    def place(self, points: Sequence[Point]) -> list[Point]:
        """Points of the picture; some may lie outside the frame."""
        return [(self.across(x), self.up(y)) for x, y in points]

    def across(self, value: float) -> float:
        """The horizontal place of a number."""
        return self.frame.left + self.x.share(value) * self.frame.width

    def up(self, value: float) -> float:
        """The vertical place of a number."""
        return self.frame.bottom - self.y.share(value) * self.frame.height

    def draw(self) -> list[str]:
        """Grid, numbers and labels of both sides."""
        frame, bottom = self.frame, self.frame.bottom
        across = [
            f'<line x1="{frame.left:.1f}" y1="{self.up(y):.1f}" x2="{frame.right:.1f}" '
            f'y2="{self.up(y):.1f}" stroke="{GRID}"/>'
            + words((frame.left - 9, self.up(y) + 5), text, anchor="end")
            for y, text in zip(self.y.ticks, self.y.texts(), strict=True)
        ]
        along = [
            f'<line x1="{self.across(x):.1f}" y1="{bottom:.1f}" x2="{self.across(x):.1f}" '
            f'y2="{bottom + 5:.1f}" stroke="{INK}"/>'
            + words((self.across(x), bottom + 21), text, anchor="middle")
            for x, text in zip(self.x.ticks, self.x.texts(), strict=True)
        ]
        base = (
            f'<line x1="{frame.left:.1f}" y1="{bottom:.1f}" x2="{frame.right:.1f}" '
            f'y2="{bottom:.1f}" stroke="{INK}"/>'
        )
        middle, left = (frame.top + bottom) / 2, frame.left - 50
        turned = f'transform="rotate(-90 {left:.1f} {middle:.1f})"'
        below = ((frame.left + frame.right) / 2, bottom + 46)
        labels = [
            words(below, self.x.label, anchor="middle") if self.x.label else "",
            words((left, middle), self.y.label, anchor="middle", extra=turned)
            if self.y.label
            else "",
        ]
        return [part for part in [*across, *along, base, *labels] if part]


def round_ticks(low: float, high: float, *, count: int) -> list[float]:
    """Round numbers that cover a range, about `count` of them, at least two.

    Example:
        >>> round_ticks(0.3, 4.9, count=5)
        [0, 1, 2, 3, 4, 5]
    """
    rough = (high - low) / count or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * (int(step) if step >= 1 else step) for number in range(first, last + 1)]


def decimals(ticks: Sequence[float]) -> int:
    """Decimals that tell neighbouring ticks apart."""
    return max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9)) if len(ticks) > 1 else 1
