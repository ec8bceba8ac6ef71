"""Short names for Recurry's drawings, shown in a notebook."""

from collections.abc import Mapping, Sequence

import numpy as np
from IPython.display import SVG

from recurry.compiler.svg import INK, document, text_width
from recurry.inspection import drawing, tiles

WIDE = 720.0


def curves(
    title: str,
    lines: Mapping[str, Sequence[float] | np.ndarray],
    *,
    x: str,
    y: str,
    step: int = 1,
    start: int | None = None,
    log=False,
) -> SVG:
    """A line for each name; its points are `step` apart, the first one at `start`, or at `step`."""
    first = step if start is None else start
    series = [
        drawing.Series(name=name, x=first + step * np.arange(len(values)), y=np.array(values))
        for name, values in lines.items()
    ]
    return _show(
        title, drawing.curves(series, title=title, labels=(x, y), is_logarithmic=log, width=WIDE)
    )


def dots(title: str, groups: Mapping[str, np.ndarray], *, x: str, y: str) -> SVG:
    """A dot for each row (x, y) of each group, on axes from 0 to 1."""
    series = [
        drawing.Series(name=name, x=pairs[:, 0], y=pairs[:, 1]) for name, pairs in groups.items()
    ]
    return _show(
        title,
        drawing.scatter(series, title=title, labels=(x, y), limits=((0, 1), (0, 1)), width=WIDE),
    )


def bars(title: str, values: Mapping[str, float], *, unit: str) -> SVG:
    """A bar for each name."""
    return _show(title, drawing.bars(list(values.items()), title=title, label=unit, width=WIDE))


def matrix(
    title: str, values: np.ndarray, *, rows: Sequence[str], columns: Sequence[str], signed=False
) -> SVG:
    """A square for each number: from white (0) to dark (1), or from blue (-1) to red (1)."""
    return _show(
        title,
        tiles.matrix(
            np.asarray(values), rows=rows, columns=columns, title=title, is_signed=signed, cell=18
        ),
    )


def painted(title: str, pieces: Sequence[str], rows: Mapping[str, np.ndarray]) -> SVG:
    """The same text once for each name, from blue (-1) over white (0) to red (1)."""
    panels = [
        tiles.painted_text(pieces, values, title=name, width=WIDE) for name, values in rows.items()
    ]
    return _show(title, *panels)


def means(losses: Sequence[float], step: int = 10) -> list[float]:
    """Means over `step` neighbours, for a calmer line."""
    return np.array(losses[: len(losses) // step * step]).reshape(-1, step).mean(1).tolist()


def _show(title: str, *panels: drawing.Panel) -> SVG:
    """Panels one below the other; the title is for readers who cannot see them."""
    parts, y = [], 0.0
    for panel in panels:
        parts.append(f'<g transform="translate(0 {y:.0f})">' + "\n".join(panel.parts) + "</g>")
        y += panel.height
    body = f'<g font-size="13" fill="{INK}">' + "\n".join(parts) + "</g>"
    width = max(16 + 1.15 * text_width(title, size=14), *(panel.width for panel in panels))
    return SVG(document([body], width=width, height=y, title=title))
