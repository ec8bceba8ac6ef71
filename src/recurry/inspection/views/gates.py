"""The view Gates: how long each gate of each unit is nearly shut or nearly open.

Comes in: a session. Goes out: shares for each unit and histograms. Imports saturation.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from recurry.errors import UsageError
from recurry.inspection.drawing import Panel, Series, histogram, scatter, sheet
from recurry.inspection.passage import read_symbols
from recurry.inspection.recording import Recording
from recurry.inspection.saturation import Saturation, edges, gates_of, measure_saturation
from recurry.inspection.session import Session
from recurry.inspection.subject import SubjectLayer
from recurry.inspection.view import EVERY_KIND, Kinds, ViewOptions


class GatesOptions(ViewOptions):
    """What can be chosen.

    Attributes:
        symbols: How many symbols are counted at most, from the start of the text.
    """

    symbols: int = Field(default=20_000, ge=100, le=1_000_000)


@dataclass(frozen=True, kw_only=True, eq=False)
class GatesFinding:
    """How the gates of a model spend their time.

    Attributes:
        gates: One for each gate of each layer and direction.
        num_symbols: How many symbols were counted.
    """

    gates: tuple[Saturation, ...]
    num_symbols: int

    def to_json(self) -> dict[str, Any]:
        """For the page: shares of each unit, and counts of each bin."""
        return {
            "num_symbols": self.num_symbols,
            "edges": edges().tolist(),
            "gates": [
                {
                    "name": gate.name,
                    "layer": gate.layer,
                    "direction": gate.direction,
                    "label": gate.label,
                    "shut": np.round(gate.shut, 5).tolist(),
                    "open": np.round(gate.open, 5).tolist(),
                    "counts": gate.counts.tolist(),
                }
                for gate in self.gates
            ],
        }

    def to_svg(self) -> str:
        """A scatter for each gate with a colour a layer, then a histogram for each of both."""
        panels = [self._scatter(name) for name in dict.fromkeys(gate.name for gate in self.gates)]
        if len(panels) % 2:
            panels.append(Panel(width=panels[0].width, height=0, parts=()))
        for gate in self.gates:
            share = gate.counts / max(gate.counts.sum(), 1)
            panels.append(
                histogram(
                    share,
                    edges(),
                    title=gate.label,
                    labels=("value", "share"),
                    width=panels[0].width,
                )
            )
        note = f"over {self.num_symbols:,} symbols; each disc is a unit"
        return sheet(panels, title="How long gates are shut and open", columns=2, note=note)

    def _scatter(self, name: str) -> Panel:
        series = [
            Series(name=gate.label, x=gate.shut, y=gate.open)
            for gate in self.gates
            if gate.name == name
        ]
        labels = ("share of time below 0.1", "share of time above 0.9")
        return scatter(series, title=f"Gate {name}", labels=labels, limits=((0, 1), (0, 1)))

    def to_rows(self) -> list[dict[str, Any]]:
        """A row for each unit of each gate."""
        return [
            {
                "gate": gate.name,
                "layer": gate.layer,
                "direction": gate.direction,
                "unit": unit,
                "share_below_0.1": float(shut),
                "share_above_0.9": float(is_open),
            }
            for gate in self.gates
            for unit, (shut, is_open) in enumerate(zip(gate.shut, gate.open, strict=True))
        ]


class GatesView:
    """How the gates of a model spend their time on a text."""

    name: ClassVar[str] = "gates"
    title: ClassVar[str] = "Gates"
    caption: ClassVar[str] = (
        "Each disc is a unit: how far right it lies says for which share of the text its gate is "
        "nearly shut (below 0.1), how far up for which share it is nearly open (above 0.9). A "
        "forget gate in the upper left corner keeps what it has for as long as it likes, which is "
        "how a network remembers; one in the lower right corner lives from one symbol to the next."
    )
    Options: ClassVar[type[GatesOptions]] = GatesOptions
    kinds: ClassVar[Kinds] = EVERY_KIND

    def compute(self, session: Session, options: GatesOptions) -> GatesFinding:
        """Shares and histograms of every gate.

        Raises:
            UsageError: The equations hold no gate, or there is no text.
        """
        cell = session.subject.layers[0].cell
        if not gates_of(cell.graph):
            raise UsageError(
                f"The cell {cell.name} has no gates: none of its values is kept between 0 and 1.",
                accepted="a cell with a named sigmoid, such as lstm or gru",
            )
        recording, stop = read_symbols(session, options.symbols)
        layers = recording.subject.layers
        found = [one for layer in layers for one in _saturations(recording, layer, stop)]
        return GatesFinding(gates=tuple(found), num_symbols=stop)


def _saturations(recording: Recording, layer: SubjectLayer, stop: int) -> list[Saturation]:
    names = gates_of(layer.cell.graph)
    blocks = [values for _, values in recording.blocks(names, layer, stop=stop)]
    return [
        measure_saturation(
            (block[name] for block in blocks),
            name=name,
            layer=layer.index,
            direction=layer.direction,
        )
        for name in names
    ]
