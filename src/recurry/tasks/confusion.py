"""A confusion matrix as a picture.

Comes in: counts and names. Goes out: the text of an SVG file.
"""

from collections.abc import Sequence

import numpy as np

from recurry.compiler.svg import clean, shorten

CELL, LABEL, TOP = 34, 120, 64
MOST_CLASSES, LONGEST_NAME = 40, 14
OTHERS = "others"
DARK, INK = (31, 90, 140), "#222222"


def confusion_svg(counts: np.ndarray, names: Sequence[str], *, title: str) -> str:
    """Rows are true classes, columns answers; a cell is as dark as its share of its row.

    Args:
        counts: How often each class was answered for each.
        names: Of the classes; of more than 40 the rarest become one.
        title: What stands above the picture.

    Shapes:
        counts: (K, K).
    """
    counts, names = _merge_rare(counts, list(names))
    size = len(names)
    width, height = LABEL + CELL * size + 20, TOP + LABEL + CELL * size + 20
    totals = counts.sum(1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    right = int(np.trace(counts))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="system-ui, sans-serif" font-size="12" fill="{INK}">',
        f"<title>{clean(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="10" y="24" font-size="15" font-weight="600">{clean(title)}</text>',
        f'<text x="10" y="44">rows: truth, columns: answer; {right:,} of {int(counts.sum()):,} '
        "right</text>",
    ]
    for number, name in enumerate(names):
        middle = LABEL + CELL * number + CELL / 2
        short = clean(shorten(name, LONGEST_NAME))
        y = TOP + LABEL - 8
        parts.append(
            f'<text transform="translate({middle + 4:.0f} {y}) rotate(-60)">{short}</text>'
        )
        row = TOP + LABEL + CELL * number + CELL / 2 + 4
        parts.append(f'<text x="{LABEL - 8}" y="{row:.0f}" text-anchor="end">{short}</text>')
    for row in range(size):
        for column in range(size):
            tip = f"{names[row]} answered as {names[column]}: {int(counts[row, column]):,}"
            parts.append(_cell(row, column, int(counts[row, column]), shares[row, column], tip))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _cell(row: int, column: int, count: int, share: float, tip: str) -> str:
    x, y = LABEL + CELL * column, TOP + LABEL + CELL * row
    colour = ",".join(str(round(255 - share * (255 - level))) for level in DARK)
    ink = "#ffffff" if share > 0.55 else INK
    text = f"{count:,}" if count < 10_000 else f"{count / 1000:.0f}k"
    number = (
        f'<text x="{x + CELL / 2:.0f}" y="{y + CELL / 2 + 4:.0f}" text-anchor="middle" '
        f'font-size="11" fill="{ink}">{text}</text>'
        if count
        else ""
    )
    return (
        f'<g><title>{clean(tip)}</title><rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" '
        f'fill="rgb({colour})" stroke="#e4e4e4"/>{number}</g>'
    )


def _merge_rare(counts: np.ndarray, names: list[str]) -> tuple[np.ndarray, list[str]]:
    """The most frequent classes in their order, and all others as one."""
    if len(names) <= MOST_CLASSES:
        return counts, names
    frequent = np.sort(np.argsort(-counts.sum(1), kind="stable")[: MOST_CLASSES - 1])
    group = np.full(len(names), MOST_CLASSES - 1)
    group[frequent] = np.arange(len(frequent))
    merged = np.zeros((MOST_CLASSES, MOST_CLASSES), dtype=counts.dtype)
    np.add.at(merged, (group[:, None], group[None]), counts)
    return merged, [*(names[number] for number in frequent), OTHERS]
