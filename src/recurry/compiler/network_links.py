"""The links of a drawing of layers: lines, arrows along one axis, loops around a box.

Comes in: places and colours. Goes out: SVG text. Imports svg.
"""

from __future__ import annotations

from recurry.compiler import svg

UP = "#5d6b78"


def line(*points: svg.Point, colour: str = UP) -> str:
    """Straight lines from point to point, without a head."""
    path = " L".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<path d="M{path}" stroke="{colour}" stroke-width="1.6" fill="none"/>'


def straight(start: svg.Point, end: svg.Point, *, colour: str = UP) -> str:
    """An arrow along one axis."""
    (x, y), (end_x, end_y) = start, end
    along, across = (end_x > x) - (end_x < x), (end_y > y) - (end_y < y)
    head = (end_x - 8 * along, end_y - 8 * across)
    wing = (4 * across, 4 * along)
    return line(start, head, colour=colour) + (
        f'<path d="M{end_x:.1f},{end_y:.1f} L{head[0] + wing[0]:.1f},{head[1] + wing[1]:.1f} '
        f'L{head[0] - wing[0]:.1f},{head[1] - wing[1]:.1f} z" fill="{colour}"/>'
    )


def loop(sides: tuple[float, float], y: float, *, rise: float, colour: str) -> str:
    """From one side of a box around above it back into its other side.

    Args:
        sides: Where the loop begins and where it ends.
        y: The middle of the box.
        rise: How far above that the loop runs.
        colour: Of the line.
    """
    start, end = sides
    out = 1 if start > end else -1
    high = y - rise
    return (
        f'<path d="M{start:.1f},{y:.1f} h{9 * out} q{6 * out},0 {6 * out},-6 V{high:.1f} '
        f"q0,-6 {-6 * out},-6 H{end - 9 * out:.1f} q{-6 * out},0 {-6 * out},6 V{y - 6:.1f} "
        f'q0,6 {6 * out},6 h{out}" stroke="{colour}" stroke-width="1.6" fill="none"/>'
        f'<path d="M{end:.1f},{y:.1f} l{-8 * out},-4 v8 z" fill="{colour}"/>'
    )
