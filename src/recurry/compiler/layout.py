"""Boxes and arrows in columns, left to right, with few crossings: for the drawings.

Comes in: sizes of boxes and arrows between them. Goes out: places. Imports nothing of Recurry.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Key = Hashable
Point = tuple[float, float]

_COLUMN_GAP, _ROW_GAP = 56.0, 16.0
_LANE_HEIGHT = 6.0  # the room that a passing arrow takes in a column
_SWEEPS = 12
_PULLS = (1.0, 2.0, 8.0)  # by lanes at the ends of a link: long arrows shall run straight


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Places in a drawing.

    Args:
        centres: The middle of every box.
        routes: For every arrow, the points it runs through, from box to box.
        width: The right end of the last box; the left end of the first is 0.
        height: The lower end of the lowest box; the upper end of the highest is 0.
    """

    centres: Mapping[Key, Point]
    routes: Mapping[tuple[Key, Key], Sequence[Point]]
    width: float
    height: float


def place_boxes(
    sizes: Mapping[Key, tuple[float, float]],
    arrows: Sequence[tuple[Key, Key]],
    *,
    last: Iterable[Key] = (),
) -> Layout:
    """Lay out boxes so that all arrows point to the right.

    Args:
        sizes: Width and height of every box.
        arrows: Pairs of boxes, without a cycle.
        last: Boxes that stand in the last column.
    """
    columns_of = _assign_columns(sizes, arrows, set(last))
    chains = {arrow: _chain(arrow, columns_of) for arrow in arrows}
    columns = _order_columns(sizes, columns_of, chains.values())
    heights = {key: height for key, (_, height) in sizes.items()}
    rows = _assign_rows(columns, chains.values(), heights)
    return _finish(sizes, columns, chains, rows)


def _assign_columns(
    keys: Iterable[Key], arrows: Sequence[tuple[Key, Key]], last: set[Key]
) -> dict[Key, int]:
    """The earliest column, then later where that makes the arrows shorter."""
    sources, targets = _neighbours(arrows)
    column: dict[Key, int] = {}

    def earliest(key: Key) -> int:
        if key not in column:
            column[key] = 1 + max((earliest(source) for source in sources[key]), default=-1)
        return column[key]

    end = max((earliest(key) for key in keys), default=0)
    column |= dict.fromkeys(last, end + 1 if any(column[k] < end for k in last) else end)
    for key in sorted(column, key=lambda k: -column[k]):
        is_worth_it = sources[key] and len(targets[key]) >= len(sources[key])
        if key not in last and is_worth_it:
            column[key] = max(column[key], min(column[t] for t in targets[key]) - 1)
    return column


def _neighbours(
    links: Iterable[tuple[Key, Key]],
) -> tuple[dict[Key, list[Key]], dict[Key, list[Key]]]:
    """For each end of the links what lies before it, and what lies behind it."""
    before: dict[Key, list[Key]] = defaultdict(list)
    behind: dict[Key, list[Key]] = defaultdict(list)
    for source, target in links:
        before[target].append(source)
        behind[source].append(target)
    return before, behind


def _chain(arrow: tuple[Key, Key], column: Mapping[Key, int]) -> list[Key]:
    """An arrow as a walk with a lane in every column between its ends."""
    source, target = arrow
    lanes = [(source, target, k) for k in range(column[source] + 1, column[target])]
    return [source, *lanes, target]


def _order_columns(
    keys: Iterable[Key], column: Mapping[Key, int], chains: Iterable[Sequence[Key]]
) -> list[list[Key]]:
    """The order within each column that has the fewest crossings among some tries."""
    chains = list(chains)
    columns: list[list[Key]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for key in keys:
        columns[column[key]].append(key)
    for chain in chains:
        for offset, lane in enumerate(chain[1:-1], 1):
            columns[column[chain[0]] + offset].append(lane)
    links = _links(chains)
    before, behind = _neighbours(links)
    best = (_crossings(columns, links), [list(keys) for keys in columns])
    for sweep in range(_SWEEPS):
        _sort_columns(columns, before if sweep % 2 == 0 else behind, is_forward=sweep % 2 == 0)
        best = min(
            best, (_crossings(columns, links), [list(k) for k in columns]), key=lambda b: b[0]
        )
    return best[1]


def _sort_columns(
    columns: list[list[Key]], neighbours: Mapping[Key, list[Key]], *, is_forward: bool
) -> None:
    """Sort each column by the mean position of the neighbours in the column before it."""
    for column in columns if is_forward else reversed(columns):
        place = _positions(columns)

        def mean(key: Key, place: Mapping[Key, float] = place) -> float:
            near = neighbours.get(key) or [key]
            return sum(place[n] for n in near) / len(near)

        column.sort(key=mean)


def _positions(columns: Iterable[Sequence[Key]]) -> dict[Key, float]:
    """Where each key stands in its column, from 0 to 1."""
    return {
        key: (index + 0.5) / len(column) for column in columns for index, key in enumerate(column)
    }


def _crossings(columns: Sequence[Sequence[Key]], links: Iterable[tuple[Key, Key]]) -> int:
    place = _positions(columns)
    number = {key: index for index, column in enumerate(columns) for key in column}
    by_column: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for source, target in links:
        by_column[number[source]].append((place[source], place[target]))
    return sum(
        (a[0] - b[0]) * (a[1] - b[1]) < 0
        for group in by_column.values()
        for index, a in enumerate(group)
        for b in group[:index]
    )


def _assign_rows(
    columns: Sequence[Sequence[Key]], chains: Iterable[Sequence[Key]], heights: Mapping[Key, float]
) -> dict[Key, float]:
    """The height of each box: near its neighbours, without overlap."""
    pulls: dict[Key, dict[Key, float]] = defaultdict(dict)
    for source, target in _links(chains):
        lanes = (source not in heights) + (target not in heights)
        pulls[source][target] = pulls[target][source] = _PULLS[lanes]
    rows: dict[Key, float] = {}
    for column in columns:
        rows.update(zip(column, _spread(column, rows, pulls, heights), strict=True))
    for sweep in range(4 * _SWEEPS):
        for column in columns if sweep % 2 else reversed(columns):
            rows.update(zip(column, _spread(column, rows, pulls, heights), strict=True))
    return rows


def _links(chains: Iterable[Sequence[Key]]) -> list[tuple[Key, Key]]:
    return [link for chain in chains for link in pairwise(chain)]


def _spread(
    column: Sequence[Key],
    rows: Mapping[Key, float],
    pulls: Mapping[Key, Mapping[Key, float]],
    heights: Mapping[Key, float],
) -> list[float]:
    """The rows nearest to the neighbours' (least squares) that keep order and distance."""
    shifts, shift = [], 0.0
    for index, key in enumerate(column):
        half = heights.get(key, _LANE_HEIGHT) / 2
        shift += half + _ROW_GAP if index else 0.0
        shifts.append(shift)
        shift += half
    blocks: list[tuple[float, float, int]] = []  # mean, weight and count; means must not fall
    for key, shift in zip(column, shifts, strict=True):
        known = {near: pull for near, pull in pulls.get(key, {}).items() if near in rows}
        weight = sum(known.values()) or 0.01
        mean = sum(rows[near] * pull for near, pull in known.items()) / weight - shift
        count = 1
        while blocks and blocks[-1][0] > mean:
            other, other_weight, size = blocks.pop()
            mean = (mean * weight + other * other_weight) / (weight + other_weight)
            weight, count = weight + other_weight, count + size
        blocks.append((mean, weight, count))
    means = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + shift for mean, shift in zip(means, shifts, strict=True)]


def _finish(
    sizes: Mapping[Key, tuple[float, float]],
    columns: Sequence[Sequence[Key]],
    chains: Mapping[tuple[Key, Key], Sequence[Key]],
    rows: Mapping[Key, float],
) -> Layout:
    widths = [max((sizes[k][0] for k in column if k in sizes), default=0.0) for column in columns]
    lefts = [sum(widths[:k]) + k * _COLUMN_GAP for k in range(len(widths))]
    halves = {key: sizes[key][1] / 2 if key in sizes else 0.0 for key in rows}
    top = min((row - halves[key] for key, row in rows.items()), default=0.0)
    bottom = max((row + halves[key] for key, row in rows.items()), default=0.0)
    number = {key: index for index, column in enumerate(columns) for key in column}

    def centre(key: Key) -> Point:
        return lefts[number[key]] + widths[number[key]] / 2, rows[key] - top

    def passage(key: Key) -> list[Point]:
        """A lane runs straight through its column."""
        left, row = lefts[number[key]], rows[key] - top
        return [(left, row), (left + widths[number[key]], row)]

    def leave(key: Key, side: int) -> Point:
        x, y = centre(key)
        return x + side * sizes[key][0] / 2, y

    routes = {
        arrow: [leave(first, 1), *(p for lane in lanes for p in passage(lane)), leave(end, -1)]
        for arrow, (first, *lanes, end) in chains.items()
    }
    width = lefts[-1] + widths[-1] if widths else 0.0
    centres = {key: centre(key) for key in sizes}
    return Layout(centres=centres, routes=routes, width=width, height=bottom - top)
