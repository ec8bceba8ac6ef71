"""A cell's graph as a drawing. Comes in: a cell. Goes out: SVG text. Imports graph and nodes."""

from __future__ import annotations

from typing import Protocol

from recurry.compiler.graph import Graph


class _Drawable(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def graph(self) -> Graph: ...


def draw_cell(cell: _Drawable) -> str:
    """The graph of a cell as SVG."""
    raise NotImplementedError
