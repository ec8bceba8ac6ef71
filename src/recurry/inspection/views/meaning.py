"""The view Meaning: which cells track something that a person has a word for.

Comes in: a session. Goes out: for each property of a text the cells that know it best, and whether
they can be believed. Imports finder and properties.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from recurry.inspection.address import CellAddress
from recurry.inspection.drawing import bars, sheet
from recurry.inspection.finder import FEWEST, Found, cut_labels, find_cells, threshold
from recurry.inspection.passage import read_symbols
from recurry.inspection.properties import (
    PROPERTIES,
    Property,
    find_property,
    measure_pieces,
    pattern_property,
)
from recurry.inspection.recording import Recording
from recurry.inspection.session import Session
from recurry.inspection.tiles import painted_text
from recurry.inspection.view import EVERY_KIND, Kinds, ViewOptions

_EXCERPT = 400  # symbols
_SCALE = 127
_RARE = 0.02  # the share of symbols of a property that is said to hold hardly ever


class MeaningOptions(ViewOptions):
    """What can be chosen.

    Attributes:
        symbols: How many symbols are looked at at most, from the start of the text.
        top: How many cells are named for each property.
        pattern: A regular expression as one more property: being inside a match of it.
        only: The one property that is looked at; all of them where it is empty.
    """

    symbols: int = Field(default=50_000, ge=200, le=1_000_000)
    top: int = Field(default=5, ge=1, le=100)
    pattern: str = Field(default="", max_length=500)
    only: str = Field(default="", max_length=100)


@dataclass(frozen=True, kw_only=True, eq=False)
class Excerpt:
    """A stretch of text with what the best cell shows of it.

    Attributes:
        start: Its first symbol.
        pieces: The text of each symbol.
        levels: The painted value of each, from -127 to 127.
        labels: Whether each has the property.
    """

    start: int
    pieces: Sequence[str]
    levels: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """What cells know of one property.

    Attributes:
        about: The property.
        share: Share of the symbols that have it.
        found: Scores of all cells; None where a half of the text has too few such symbols, or
            too few others.
        why_not: Why there are no scores, in words.
        best: Numbers of the cells that are best on the first half, the best first.
        thresholds: From which painted value on, or below which, each of those counts as on.
        excerpt: Where the property begins to hold in the second half.
    """

    about: Property
    share: float
    found: Found | None = None
    why_not: str = ""
    best: Sequence[int] = ()
    thresholds: Sequence[float] = ()
    excerpt: Excerpt | None = None

    @property
    def by_chance(self) -> float | None:
        """The highest score of a cell that was chosen by labels moved to the wrong places."""
        return float(self.found.baseline.max()) if self.found else None


@dataclass(frozen=True, kw_only=True, eq=False)
class MeaningFinding:
    """What cells know of a text.

    Attributes:
        known: One for each property.
        cells: The address of each cell, by number.
        num_symbols: How many symbols were looked at.
    """

    known: Sequence[Known]
    cells: Sequence[CellAddress]
    num_symbols: int

    def to_json(self) -> dict[str, Any]:
        """For the page: a table for each property, and a coloured stretch of its best cell."""
        properties = [
            {
                "name": one.about.name,
                "says": one.about.says,
                "share": one.share,
                "why_not": one.why_not,
                "baseline": one.by_chance,
                "cells": self._cells(one),
                "excerpt": _excerpt_json(one.excerpt),
            }
            for one in self.known
        ]
        cells = len(self.cells)
        return {"num_symbols": self.num_symbols, "num_cells": cells, "properties": properties}

    def _cells(self, one: Known) -> list[dict[str, Any]]:
        if one.found is None:
            return []
        return [
            {
                "address": str(self.cells[number]),
                "layer": self.cells[number].layer,
                "direction": self.cells[number].direction,
                "unit": self.cells[number].unit,
                "score": float(one.found.scores[number]),
                "chance": one.found.chance(float(one.found.scores[number])),
                "is_claimed": one.found.is_claimed(number),
                "is_reversed": bool(one.found.is_reversed[number]),
                "threshold": level,
            }
            for number, level in zip(one.best, one.thresholds, strict=True)
        ]

    def to_svg(self) -> str:
        """The best score of each property, and the text on the colours of what was found."""
        asked = [(one, self._cells(one)[0]) for one in self.known if one.found is not None]
        rows = [
            (f"{one.about.name}: {cell['address']}", cell["score"])
            for one, cell in asked
            if cell["is_claimed"]
        ]
        panels = [
            bars(
                rows,
                title="Best cell of each property" if rows else "No cell does better than chance",
                label="area under the ROC curve on the second half (0.5 is chance)",
            )
        ]
        for one, cell in asked:
            if cell["is_claimed"] and one.excerpt is not None:
                title = f"{one.about.name}: {cell['address']}, score {cell['score']:.3f}"
                values = one.excerpt.levels / _SCALE
                panels.append(painted_text(one.excerpt.pieces, values, title=title, width=760))
        note = f"{len(self.cells):,} cells over {self.num_symbols:,} symbols"
        return sheet(panels, title="What cells mean", note=note)

    def to_rows(self) -> list[dict[str, Any]]:
        """A row for each of the best cells of each property."""
        return [
            {
                "property": one.about.name,
                "share": one.share,
                "cell": cell["address"],
                "score": cell["score"],
                "baseline": one.by_chance,
                "chance": cell["chance"],
                "is_claimed": cell["is_claimed"],
                "is_on": f"{'below' if cell['is_reversed'] else 'from'} {cell['threshold']:.3f}",
            }
            for one in self.known
            for cell in self._cells(one)
        ]


class MeaningView:
    """Which cells track something that a person has a word for."""

    name: ClassVar[str] = "meaning"
    title: ClassVar[str] = "Meaning"
    caption: ClassVar[str] = (
        "For each property of the text, such as being inside quotes, the cells that tell best "
        "whether it holds: a score of 1 is always right, 0.5 is chance. The best cells are chosen "
        "on the first half of the text and scored on the second, and one is only called found "
        "where it does far better there than cells that are chosen in the same way by labels "
        "moved to the wrong places."
    )
    Options: ClassVar[type[MeaningOptions]] = MeaningOptions
    kinds: ClassVar[Kinds] = EVERY_KIND

    def compute(self, session: Session, options: MeaningOptions) -> MeaningFinding:
        """The best cells of each property.

        Raises:
            UsageError: There is no such property, the pattern is no regular expression or takes
                too long, or there is no text.
        """
        asked = _asked(options)
        recording, stop = read_symbols(session, options.symbols)
        pieces = recording.symbols.pieces[:stop]
        labels = [cut_labels(measure_pieces(one, pieces)) for one in asked]
        cells, values = all_levels(recording, stop)
        found = find_cells(values, labels)
        known = [
            _known(about, label, scores, values, pieces, top=options.top)
            for about, label, scores in zip(asked, labels, found, strict=True)
        ]
        return MeaningFinding(known=known, cells=cells, num_symbols=stop)


def all_levels(recording: Recording, stop: int) -> tuple[list[CellAddress], np.ndarray]:
    """The painted values of all cells of all layers, (N, T) int8, and their addresses."""
    parts, cells = [], []
    for layer in recording.subject.layers:
        part = recording.levels(layer=layer.index, direction=layer.direction, stop=stop)
        parts.append(part)
        cells += [
            CellAddress(
                layer=layer.index,
                direction=layer.direction,
                state=recording.painted_state,
                unit=unit,
            )
            for unit in range(len(part))
        ]
    return cells, np.concatenate(parts)


def _asked(options: MeaningOptions) -> list[Property]:
    if options.pattern:
        return [pattern_property(options.pattern)]
    return [find_property(options.only)] if options.only else list(PROPERTIES.values())


def _known(
    about: Property,
    labels: np.ndarray,
    found: Found | None,
    values: np.ndarray,
    pieces: Sequence[str],
    *,
    top: int,
) -> Known:
    share = float(labels.mean())
    if found is None:
        return Known(about=about, share=share, why_not=_why_not(share, len(labels)))
    best = found.order[:top].tolist()
    middle = len(labels) // 2
    thresholds = [
        threshold(values[cell, :middle], labels[:middle], is_reversed=bool(found.is_reversed[cell]))
        / _SCALE
        for cell in best
    ]
    return Known(
        about=about,
        share=share,
        found=found,
        best=best,
        thresholds=thresholds,
        excerpt=_excerpt(values[best[0]], labels, pieces),
    )


def _why_not(share: float, size: int) -> str:
    """Why nothing can be said of a property: it is rare, its absence is, or the text is short."""
    if min(share, 1 - share) >= _RARE or size < 4 * FEWEST:
        return "too few symbols to tell"
    return "hardly ever absent here" if share > 0.5 else "hardly ever here"


def _excerpt(values: np.ndarray, labels: np.ndarray, pieces: Sequence[str]) -> Excerpt:
    """A stretch of the second half around a place where the label begins to hold."""
    middle = len(labels) // 2
    begins = middle + np.flatnonzero(labels[middle:])
    start = max(middle, int(begins[len(begins) // 2]) - _EXCERPT // 3)
    part = slice(start, min(start + _EXCERPT, len(labels)))
    return Excerpt(start=start, pieces=pieces[part], levels=values[part], labels=labels[part])


def _excerpt_json(excerpt: Excerpt | None) -> dict[str, Any] | None:
    if excerpt is None:
        return None
    return {
        "start": excerpt.start,
        "pieces": list(excerpt.pieces),
        "levels": excerpt.levels.tolist(),
        "labels": excerpt.labels.astype(int).tolist(),
    }
