"""The view Find: cells that are on over a stretch of text, and other places where they are on.

Comes in: a session. Goes out: cells and places. Imports match.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from recurry.errors import UsageError
from recurry.inspection.amount import count
from recurry.inspection.drawing import Panel, sheet
from recurry.inspection.interest import most_varying
from recurry.inspection.match import OnCell, Place, count_on, find_on, places_of
from recurry.inspection.passage import no_text
from recurry.inspection.recording import Recording
from recurry.inspection.session import Session
from recurry.inspection.tiles import painted_text
from recurry.inspection.view import EVERY_KIND, Kinds, ViewOptions

# Symbols that are shown before and after a place.
_AROUND = 24
_MOST_DRAWN = 12
_LONGEST = 2000
_BINS = 400
# How far into a text a first stretch is looked for.
_LOOKED_AT = 20_000


class FindOptions(ViewOptions):
    """What can be chosen.

    Attributes:
        start: First symbol of the stretch.
        stop: After its last symbol; 0 takes a stretch where the cell that varies most is on.
        threshold: From where on a cell is on, of what colours show.
        is_exact: Whether cells that are on right before or behind the stretch are left out.
        layer: The layer whose cells are looked at; -1 for all.
        share: How many of the cells have to be on at another place.
        most: Number of places.
    """

    start: int = Field(default=0, ge=0)
    stop: int = Field(default=0, ge=0)
    threshold: float = Field(default=0.3, ge=0.01, le=1.0)
    is_exact: bool = True
    layer: int = Field(default=-1, ge=-1)
    share: float = Field(default=1.0, gt=0.0, le=1.0)
    most: int = Field(default=50, ge=1, le=1000)


@dataclass(frozen=True, kw_only=True, eq=False)
class FindFinding:
    """Cells and places.

    Attributes:
        recording: Where they were found.
        stretch: First symbol of the stretch, and after its last.
        cells: The cells that are on over it, those that show most first.
        places: Other places, the most alike first.
        num_places: How many there are in all.
        profile: The share of the cells that is on, in parts of the text of equal length: the mean
            and the largest of each part.
    """

    recording: Recording
    stretch: tuple[int, int]
    cells: Sequence[OnCell]
    places: Sequence[Place]
    num_places: int
    profile: tuple[np.ndarray, np.ndarray]

    def to_json(self) -> dict[str, Any]:
        """For the page: cells, and places with the text around them."""
        start, stop = self.stretch
        return {
            "start": start,
            "stop": stop,
            "text": self._text(start, stop),
            "cells": [
                {
                    "layer": cell.address.layer,
                    "direction": cell.address.direction,
                    "unit": cell.address.unit,
                    "sign": cell.sign,
                    "mean": round(cell.mean, 4),
                }
                for cell in self.cells
            ],
            "num_places": self.num_places,
            "places": [
                {
                    "start": place.start,
                    "stop": place.stop,
                    "share": round(place.share, 4),
                    "before": self._text(max(0, place.start - _AROUND), place.start),
                    "text": self._text(place.start, min(place.stop, place.start + _LONGEST)),
                    "after": self._text(place.stop, place.stop + _AROUND),
                }
                for place in self.places
            ],
            "profile": {
                "mean": np.round(self.profile[0], 4).tolist(),
                "largest": np.round(self.profile[1], 4).tolist(),
            },
        }

    def to_svg(self) -> str:
        """The stretch and the most similar places, on the colour of the share that is on."""
        panels = [self._paint("the stretch", *self.stretch)]
        for place in self.places[:_MOST_DRAWN]:
            panels.append(self._paint(f"symbol {place.start:,}", place.start, place.stop))
        cells = ", ".join(str(cell.address) for cell in self.cells[:6])
        more = f" and {len(self.cells) - 6} more" if len(self.cells) > 6 else ""
        note = f"cells {cells or 'none'}{more}; {count(self.num_places, 'other place')}"
        return sheet(panels, title="Cells that are on over a stretch", note=note)

    def to_rows(self) -> list[dict[str, Any]]:
        """A row for each place."""
        return [
            {
                "start": place.start,
                "stop": place.stop,
                "share_of_cells": place.share,
                "text": self._text(place.start, min(place.stop, place.start + _LONGEST)),
            }
            for place in self.places
        ]

    def _text(self, start: int, stop: int) -> str:
        return "".join(self.recording.symbols.pieces[start:stop])

    def _paint(self, title: str, start: int, stop: int) -> Panel:
        first, last = max(0, start - _AROUND), min(stop, start + _LONGEST) + _AROUND
        last = min(last, self.recording.length)
        shares = np.zeros(last - first)
        for cell in self.cells:
            values = self.recording.painted(cell.address, start=first, stop=last)
            shares += cell.sign * values / len(self.cells)
        return painted_text(self.recording.symbols.pieces[first:last], shares, title=title)


class FindView:
    """Where else the same cells are on."""

    name: ClassVar[str] = "find"
    title: ClassVar[str] = "Find"
    caption: ClassVar[str] = (
        "Mark a stretch of text: the cells that are on all over it, and not right before or behind "
        "it, are listed with the other places where the same cells are on. What these places have "
        "in common is what the cells stand for."
    )
    Options: ClassVar[type[FindOptions]] = FindOptions
    kinds: ClassVar[Kinds] = EVERY_KIND

    def compute(self, session: Session, options: FindOptions) -> FindFinding:
        """Cells and places.

        Raises:
            UsageError: There is no text, no such stretch, or no such layer.
        """
        recording = session.recording
        if recording is None or not recording.length:
            raise no_text()
        layers = [one for one in session.subject.layers if options.layer in (-1, one.index)]
        if not layers:
            raise UsageError(
                f"The model has no layer {options.layer}.",
                accepted=f"-1 for all, or 0 to {session.subject.recurrent.num_layers - 1}",
            )
        start, stop = options.start, options.stop
        if stop == 0:
            start, stop = first_stretch(recording, options.threshold)
        cells = find_on(
            recording,
            start,
            stop,
            threshold=options.threshold,
            is_exact=options.is_exact,
            layers=layers,
        )
        counts = count_on(recording, cells, threshold=options.threshold)
        places = places_of(counts, len(cells), share=options.share)
        others = [place for place in places if place.stop <= start or place.start >= stop]
        others.sort(key=lambda place: (-place.share, abs(len(place) - (stop - start))))
        return FindFinding(
            recording=recording,
            stretch=(start, stop),
            cells=cells,
            places=others[: options.most],
            num_places=len(others),
            profile=_profile(counts / max(1, len(cells))),
        )


def first_stretch(recording: Recording, threshold: float) -> tuple[int, int]:
    """The longest stretch near the beginning over which the cell that varies most is on."""
    (address,) = most_varying(recording, 1)
    length = min(recording.length, _LOOKED_AT)
    values = recording.painted(address, stop=length)
    best = (0, 1)
    for sign in (1, -1):
        places = places_of((sign * values >= threshold).astype(np.int16), 1)
        inside = [place for place in places if len(place) <= _LONGEST]
        longest = max(inside, key=len, default=None)
        if longest is not None and len(longest) > best[1] - best[0]:
            best = (longest.start, longest.stop)
    return best


def _profile(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the largest share in each of some hundred parts of equal length."""
    if not len(shares):
        return shares, shares
    edges = np.unique(np.linspace(0, len(shares), _BINS + 1).astype(np.int64))
    sums = np.add.reduceat(shares, edges[:-1])
    return sums / np.diff(edges), np.maximum.reduceat(shares, edges[:-1])
