"""A cell's graph as a drawing, from the old states on the left to the new ones on the right.

Comes in: a cell. Goes out: SVG text. Imports graph, layout, sketch and svg.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Protocol

from recurry.compiler import svg
from recurry.compiler.graph import Graph
from recurry.compiler.layout import Layout, Point, place_boxes
from recurry.compiler.nodes import Input, State
from recurry.compiler.sketch import ABOVE, BELOW, MINUS, Block, Sketch, sketch_graph

_MARGIN, _HEAD = 28.0, 34.0
_INPUT, _GREY = "#1765a8", "#5d6b78"
_STATES = ("#2c7a45", "#b3541e", "#7b3fa0", "#8a6d00")

# kind -> fill and stroke of a block.
_LOOKS = {
    "input": ("#e2effb", _INPUT),
    "gate": ("#fff4d8", "#b98a1d"),
    "linear": ("#f1f1ee", "#8b8b84"),
    "sign": ("#ffffff", _GREY),
}


class _Drawable(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def graph(self) -> Graph: ...


def draw_cell(cell: _Drawable) -> str:
    """The graph of a cell as SVG: `x` and the old states left, the new states right.

    A box is a gate: its name and function, and below it the sum that goes in. Small signs are
    operations element by element; into a division the numerator enters above. Arrows have the
    colour of the state or input they come from. What has a name in the equations is a group with
    that name as `data-name`.
    """
    sketch = sketch_graph(cell.graph)
    sizes = {key: _size(block) for key, block in sketch.blocks.items()}
    results = [key for key in sketch.blocks if isinstance(key, str)]
    layout = place_boxes(sizes, list(sketch.arrows), last=results)
    colours = _state_colours(cell.graph)
    parts = [svg.heading((_MARGIN, 30), cell.name)]
    parts += _draw_arrows(sketch, layout, sizes, colours)
    for key, block in sketch.blocks.items():
        shapes = _draw_block(
            block, _shift(layout.centres[key]), sizes[key], _look(key, block, colours)
        )
        parts.append(svg.group(shapes, name=_name_of(key, cell.graph)))
    width, height = layout.width + 2 * _MARGIN, layout.height + _HEAD + 2 * _MARGIN
    title = f"The cell {cell.name}: " + "; ".join(name for name, _ in cell.graph.assignments)
    return svg.document(parts, width=width, height=height, title=title)


def _name_of(key: Hashable, graph: Graph) -> str:
    """The name in the equations of what a block shows; nothing where it has none."""
    if isinstance(key, str):
        return key
    return next((name for name, node in graph.named.items() if node is key), "")


def _state_colours(graph: Graph) -> dict[str, str]:
    names = dict.fromkeys((*graph.states, "h"))
    return {name: _STATES[index % len(_STATES)] for index, name in enumerate(names)}


def _look(key: Hashable, block: Block, colours: Mapping[str, str]) -> tuple[str, str]:
    """Fill and stroke of a block."""
    if block.kind in _LOOKS:
        return _LOOKS[block.kind]
    name = key.name if isinstance(key, State) else str(key)
    return "#eef6ef" if block.kind == "state" else "#dff0e2", colours[name]


def _size(block: Block) -> tuple[float, float]:
    title = svg.text_width(block.title, size=15)
    if block.kind == "sign":
        return max(28.0, title + 14), 28.0
    formula = max((svg.text_width(line, size=12) for line in block.formula), default=0.0)
    height = 18 * bool(block.title) + 17 * len(block.formula) + 14
    return max(title, formula) + 20, max(32.0, height)


def _shift(point: Point) -> Point:
    return point[0] + _MARGIN, point[1] + _MARGIN + _HEAD


def _draw_block(
    block: Block, centre: Point, size: tuple[float, float], look: tuple[str, str]
) -> list[str]:
    fill, stroke = look
    radius = 14 if block.kind in ("sign", "input", "state", "output") else 6
    parts = [svg.box(centre, size, fill=fill, stroke=stroke, radius=radius)]
    x, y = centre
    lines = [(block.title, 15.0, "bold" if block.formula else "normal")] if block.title else []
    lines += [(line, 12.0, "normal") for line in block.formula]
    top = y - 17 * (len(lines) - 1) / 2
    for index, (words, letters, weight) in enumerate(lines):
        parts.append(svg.label((x, top + 17 * index), words, size=letters, weight=weight))
    if block.name:
        parts.append(svg.label((x, y - size[1] / 2 - 9), block.name, size=12, weight="bold"))
    return parts


def _draw_arrows(
    sketch: Sketch,
    layout: Layout,
    sizes: Mapping[Hashable, tuple[float, float]],
    colours: Mapping[str, str],
) -> list[str]:
    """All arrows; those into one block enter at different heights, in the order they come."""
    parts = []
    entries = _entries(sketch, layout, sizes)
    for (source, target), sign in sketch.arrows.items():
        points = [_shift(point) for point in layout.routes[source, target]]
        x, y = points[-1]
        y += entries[source, target]
        colour = _arrow_colour(source, colours)
        parts.append(svg.arrow([*points[:-1], (x, y)], colour=colour))
        if sign == MINUS:
            parts.append(svg.label((x - 14, y - 9), sign, size=12, colour=colour, weight="bold"))
    return parts


def _arrow_colour(source: Hashable, colours: Mapping[str, str]) -> str:
    if isinstance(source, State):
        return colours[source.name]
    return _INPUT if isinstance(source, Input) else _GREY


def _entry_order(route: Sequence[Point], sign: str) -> float:
    """From above to below: by where the arrow comes from, but a fraction stays upright."""
    return {ABOVE: -math.inf, BELOW: math.inf}.get(sign, route[-2][1])


def _entries(
    sketch: Sketch, layout: Layout, sizes: Mapping[Hashable, tuple[float, float]]
) -> dict[tuple[Hashable, Hashable], float]:
    """How far above or below the middle of its target each arrow ends."""
    arriving: dict[Hashable, list[tuple[Hashable, Hashable]]] = defaultdict(list)
    for arrow in layout.routes:
        arriving[arrow[1]].append(arrow)
    entries = {}
    for target, arrows in arriving.items():
        arrows.sort(key=lambda arrow: _entry_order(layout.routes[arrow], sketch.arrows[arrow]))
        room = sizes[target][1] * 0.5
        for index, arrow in enumerate(arrows):
            entries[arrow] = room * ((index + 0.5) / len(arrows) - 0.5) if len(arrows) > 1 else 0.0
    return entries
