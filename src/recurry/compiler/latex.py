"""A graph as LaTeX. Comes in: a graph. Goes out: an `aligned` block. Imports graph and nodes."""

from __future__ import annotations

from recurry.compiler.graph import Graph


def latex(graph: Graph) -> str:
    """The equations as LaTeX, one line each."""
    raise NotImplementedError
