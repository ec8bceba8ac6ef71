"""Pictures of numbers: curves, scatters, histograms, bars, and sheets of several.

Comes in: arrays and names. Goes out: panels, and from them the text of an SVG file. Imports the
shapes of the compiler.

Everything stands on a light ground of its own, so a picture can be read on dark pages, too. The
colours of series are those of Okabe and Ito (jfly.uni-koeln.de/color), which people who see red
and green alike can tell apart; lines differ in their dashes as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from recurry.compiler.axes import Axes, Frame, Scale
from recurry.compiler.svg import INK, document, line, shorten, text_width, words, wrap

SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8c6d00", "#56b4e9", "#444444")
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "", "7 3", "2 3")
_EVENT = "#a4262c"
# More points cannot be told apart, and would only make the file large.
MOST_POINTS = 4000
LONGEST_NAME = 22
_TITLE_WIDTH = 11.0  # of a letter of a title, in pixels
_NOTE_SIZE = 12.0

WIDTH, HEIGHT = 560.0, 360.0
_LEFT, _RIGHT, TOP, _BOTTOM = 76.0, 20.0, 40.0, 58.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """Points that belong together.

    Args:
        name: What the legend calls them.
        x: Along, (N,).
        y: Up, (N,); what is not finite is left out.
        band: Lower and upper limits around y, (N,) each, drawn as an area.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    band: tuple[np.ndarray, np.ndarray] | None = None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One drawing with its size, to be put on a sheet.

    Args:
        width: In pixels.
        height: In pixels.
        parts: SVG text.
    """

    width: float
    height: float
    parts: tuple[str, ...] = field(repr=False)


def sheet(panels: Sequence[Panel], *, title: str, columns: int = 1, note: str = "") -> str:
    """A whole picture: a title, a note below it, panels in rows.

    Args:
        panels: From left to right, then downwards.
        title: What stands above them.
        columns: How many of them stand side by side.
        note: Smaller lines below the title.
    """
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    wanted = min(WIDTH, text_width(note, size=_NOTE_SIZE) + 32)
    width = max(320.0, wanted, *(sum(panel.width for panel in row) for row in rows))
    y, parts = 40.0, []
    for line_of_note in wrap(note, width - 32, size=_NOTE_SIZE):
        parts.append(words((16, y + 9), line_of_note, extra=f'font-size="{_NOTE_SIZE:g}"'))
        y += 20.0
    for row in rows:
        x = 0.0
        for panel in row:
            inner = "\n".join(panel.parts)
            parts.append(f'<g transform="translate({x:.1f} {y:.1f})">\n{inner}\n</g>')
            x += panel.width
        y += max(panel.height for panel in row)
    shown = shorten(title, int((width - 32) / _TITLE_WIDTH))
    parts.append(words((16, 28), shown, extra='font-size="17" font-weight="bold"'))
    body = f'<g font-size="13" fill="{INK}">' + "\n".join(parts) + "</g>"
    return document([body], width=width, height=y + 10, title=title)


def curves(
    series: Sequence[Series],
    *,
    title: str,
    labels: tuple[str, str],
    is_logarithmic: bool = False,
    events: Series | None = None,
    width: float = WIDTH,
) -> Panel:
    """Lines over a common x, with a legend in the corner where it covers least of them.

    Args:
        series: The lines.
        title: What stands above them.
        labels: What x and y measure, with units.
        is_logarithmic: Whether y is drawn by its powers of ten; what is not positive is left out.
        events: Points on the lines that are marked by discs.
        width: Of the panel in pixels.
    """
    shown = [_finite(one, is_positive=is_logarithmic) for one in series]
    marked = [] if events is None else [_finite(events, is_positive=is_logarithmic)]
    axes = _axes([*shown, *marked], labels=labels, is_logarithmic=is_logarithmic, width=width)
    parts = [*heading(title), *axes.draw()]
    inside: list[str] = []
    everywhere: list[tuple[float, float]] = []
    for number, one in enumerate(shown):
        colour, dash = SERIES[number % len(SERIES)], _DASHES[number % len(_DASHES)]
        if one.band is not None:
            inside.append(_area(axes, one, colour))
        points = axes.place(list(zip(one.x.tolist(), one.y.tolist(), strict=True)))
        everywhere += _between(points)
        dashed = f'stroke-dasharray="{dash}"' if dash else ""
        inside.append(line(_thinned(points), colour=colour, width=1.9, extra=dashed))
    for one in marked:
        points = axes.place(list(zip(one.x.tolist(), one.y.tolist(), strict=True)))
        inside += _discs(_thinned(points), _EVENT)
    legend = _legend(axes, shown, events=[one.name for one in marked], points=everywhere)
    return _panel(axes, [*parts, _clipped(axes, inside), *legend])


def scatter(
    series: Sequence[Series],
    *,
    title: str,
    labels: tuple[str, str],
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
    radius: float | None = None,
    width: float = WIDTH,
    height: float = HEIGHT,
) -> Panel:
    """Points as half transparent discs, a colour for each series.

    Args:
        series: The groups of points.
        title: What stands above them.
        labels: What x and y measure.
        limits: The ranges of x and y; what the points need when not given.
        radius: Of a circle around 0 that lies on all points.
        width: Of the panel in pixels.
        height: Of the panel in pixels.
    """
    shown = [_finite(one) for one in series]
    axes = _axes(shown, labels=labels, limits=limits, width=width, height=height)
    inside = []
    for number, one in enumerate(shown):
        colour, step = SERIES[number % len(SERIES)], -(-len(one.x) // MOST_POINTS) or 1
        points = zip(one.x[::step].tolist(), one.y[::step].tolist(), strict=True)
        inside += _discs(axes.place(list(points)), colour, opacity=0.55)
    inside += [] if radius is None else _circle(axes, radius)
    parts = [*heading(title), *axes.draw(), *inside]
    return _panel(axes, [*parts, *_legend(axes, shown, is_line=False)])


def histogram(
    counts: np.ndarray,
    edges: np.ndarray,
    *,
    title: str,
    labels: tuple[str, str],
    width: float = WIDTH / 2,
    height: float = HEIGHT * 0.66,
) -> Panel:
    """A column for each bin.

    Args:
        counts: Height of each column, (N,).
        edges: Where bins begin and end, (N + 1,).
        title: What stands above them.
        labels: What is counted along, and what a height is.
        width: Of the panel in pixels.
        height: Of the panel in pixels.
    """
    high = float(counts.max(initial=0.0)) or 1.0
    frame = _frame(width, height)
    low, last = float(edges[0]), float(edges[-1])
    axes = Axes(
        frame=frame,
        x=Scale.linear(low, last, label=labels[0], count=4, is_widened=False),
        y=Scale.linear(0.0, high, label=labels[1], count=3),
    )
    bars = []
    for left, right, count in zip(edges[:-1], edges[1:], counts, strict=True):
        (x, y), end = (axes.across(float(left)), axes.up(float(count))), axes.across(float(right))
        bars.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(end - x - 0.5, 0.5):.1f}" '
            f'height="{max(frame.bottom - y, 0.0):.1f}" fill="{SERIES[0]}"/>'
        )
    return _panel(axes, [*heading(title), *axes.draw(), *bars])


def bars(
    rows: Sequence[tuple[str, float]], *, title: str, label: str, width: float = WIDTH
) -> Panel:
    """A named bar for each row, with its number behind it.

    Args:
        rows: Names and lengths, none below 0.
        title: What stands above them.
        label: What a length is, with its unit.
        width: Of the panel in pixels.
    """
    high = max((length for _, length in rows if np.isfinite(length)), default=0.0) or 1.0
    left, step, parts = 190.0, 24.0, heading(title)
    room = width - left - 80
    for number, (name, length) in enumerate(rows):
        y = TOP + step * number
        size = room * length / high if np.isfinite(length) else 0.0
        parts += [
            words((left - 8, y + 14), shorten(name, LONGEST_NAME), anchor="end"),
            f'<rect x="{left:.1f}" y="{y + 2:.1f}" width="{max(size, 0.0):.1f}" height="17" '
            f'fill="{SERIES[0]}"/>',
            words((left + size + 6, y + 15), f"{length:.3g}", extra='font-size="12"'),
        ]
    bottom = TOP + step * len(rows)
    parts.append(words((left, bottom + 18), label, extra='font-size="12"'))
    return Panel(width=width, height=bottom + 34, parts=tuple(parts))


def heading(title: str) -> list[str]:
    """The title of a panel."""
    return [words((16, 22), title, extra='font-size="14" font-weight="bold"')]


def _frame(width: float, height: float = HEIGHT) -> Frame:
    return Frame(left=_LEFT, top=TOP, width=width - _LEFT - _RIGHT, height=height - TOP - _BOTTOM)


def _panel(axes: Axes, parts: Sequence[str]) -> Panel:
    frame = axes.frame
    return Panel(width=frame.right + _RIGHT, height=frame.bottom + _BOTTOM, parts=tuple(parts))


def _finite(one: Series, *, is_positive: bool = False) -> Series:
    """The points that can be drawn, in float64."""
    x, y = np.asarray(one.x, dtype=np.float64), np.asarray(one.y, dtype=np.float64)
    kept = np.isfinite(x) & np.isfinite(y) & ((y > 0) if is_positive else True)
    band = None
    if one.band is not None:
        low, high = (np.asarray(edge, dtype=np.float64)[kept] for edge in one.band)
        band = (
            np.where(np.isfinite(low), low, y[kept]),
            np.where(np.isfinite(high), high, y[kept]),
        )
    return replace(one, x=x[kept], y=y[kept], band=band)


def _axes(
    series: Sequence[Series],
    *,
    labels: tuple[str, str],
    width: float,
    height: float = HEIGHT,
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
    is_logarithmic: bool = False,
) -> Axes:
    x = np.concatenate([np.empty(0), *(one.x for one in series)])
    y = np.concatenate([np.empty(0), *(one.y for one in series)])
    is_widened = limits is None
    if limits is None:
        limits = (_limits(x), _limits(y))
    up = (
        Scale.logarithmic(y.tolist(), label=labels[1])
        if is_logarithmic
        else Scale.linear(*limits[1], label=labels[1], is_widened=is_widened)
    )
    return Axes(
        frame=_frame(width, height),
        x=Scale.linear(*limits[0], label=labels[0], count=7, is_widened=False),
        y=up,
    )


def _limits(values: np.ndarray) -> tuple[float, float]:
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    step = -(-len(points) // MOST_POINTS) or 1
    return points[::step]


def _discs(points: Sequence[tuple[float, float]], colour: str, *, opacity: float = 1) -> list[str]:
    return [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="{colour}" fill-opacity="{opacity}"/>'
        for x, y in points
    ]


def _circle(axes: Axes, radius: float) -> list[str]:
    """A circle around 0 with a light edge, so that it is seen on any number of points."""
    x, y = axes.across(0.0), axes.up(0.0)
    shape = f'cx="{x:.1f}" cy="{y:.1f}" rx="{axes.across(radius) - x:.1f}"'
    return [
        f'<ellipse {shape} ry="{y - axes.up(radius):.1f}" fill="none" stroke="{colour}" '
        f'stroke-width="{width}"/>'
        for colour, width in (("#ffffff", 6), (_EVENT, 2.6))
    ]


def _area(axes: Axes, one: Series, colour: str) -> str:
    assert one.band is not None
    x = one.x.tolist()
    there = axes.place(list(zip(x, one.band[0].tolist(), strict=True)))
    back = axes.place(list(zip(x, one.band[1].tolist(), strict=True)))[::-1]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*there, *back])
    return f'<polygon points="{path}" fill="{colour}" fill-opacity="0.14"/>'


def _clipped(axes: Axes, parts: Sequence[str]) -> str:
    """Parts of which only what lies in the frame is seen; needs no name that could be taken."""
    frame = axes.frame
    place = f'x="{frame.left:.1f}" y="{frame.top:.1f}"'
    size = f'width="{frame.width:.1f}" height="{frame.height:.1f}"'
    view = f'viewBox="{frame.left:.1f} {frame.top:.1f} {frame.width:.1f} {frame.height:.1f}"'
    return f"<svg {place} {size} {view}>" + "\n".join(part for part in parts if part) + "</svg>"


def _between(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points along a line that are close enough together to tell what it covers."""
    found = points[:1]
    for (x, y), (right, up) in pairwise(points):
        count = max(1, int(max(abs(right - x), abs(up - y)) // 8))
        shares = [(step + 1) / count for step in range(count)]
        found += [(x + share * (right - x), y + share * (up - y)) for share in shares]
    return found


def _corner(
    axes: Axes, size: tuple[float, float], points: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """Where a legend of a size covers the fewest points: its left and upper edge."""
    frame, (width, height) = axes.frame, size
    corners = [
        (left, top)
        for top in (frame.top, frame.bottom - height)
        for left in (frame.right - width, frame.left + 2)
    ]

    def covered(corner: tuple[float, float]) -> int:
        left, top = corner
        return sum(left <= x <= left + width and top <= y <= top + height for x, y in points)

    return min(corners, key=covered)  # of equal ones the first, which is the upper right


def _legend(
    axes: Axes,
    series: Sequence[Series],
    *,
    is_line: bool = True,
    events: Sequence[str] = (),
    points: Sequence[tuple[float, float]] = (),
) -> list[str]:
    """What each colour is, where there is more than one."""
    names = [shorten(one.name, LONGEST_NAME) for one in series] + list(events)
    if len(names) < 2:
        return []
    size, parts = (40 + 7.2 * max(map(len, names)), 19.0 * len(names)), []
    left, top = _corner(axes, size, points)
    for number, name in enumerate(names):
        y = top + 14 + 19 * number
        is_event = number >= len(series)
        colour = _EVENT if is_event else SERIES[number % len(SERIES)]
        dash = _DASHES[number % len(_DASHES)]
        mark = (
            f'<line x1="{left + 6:.1f}" y1="{y - 4:.1f}" x2="{left + 28:.1f}" y2="{y - 4:.1f}" '
            f'stroke="{colour}" stroke-width="2.4" stroke-dasharray="{dash or "none"}"/>'
            if is_line and not is_event
            else f'<circle cx="{left + 17:.1f}" cy="{y - 4:.1f}" r="4.5" fill="{colour}"/>'
        )
        parts += [
            f'<rect x="{left:.1f}" y="{y - 14:.1f}" width="{size[0]:.1f}" height="19" '
            'fill="#fcfcfa" fill-opacity="0.85"/>',
            mark,
            words((left + 34, y), name, extra='font-size="12"'),
        ]
    return parts
