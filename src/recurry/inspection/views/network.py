"""The view Network: layers rolled up and unrolled, sizes, numbers of weights, the cell itself.

Comes in: a subject. Goes out: a finding. Imports compiler.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from pydantic import BaseModel, Field

from recurry.compiler.mathml import mathml
from recurry.inspection.amount import shorten_number
from recurry.inspection.drawing import Panel, sheet
from recurry.inspection.inset import inset, text_columns, text_lines
from recurry.inspection.network_drawing import draw_subject
from recurry.inspection.session import Session
from recurry.inspection.subject import Subject, SubjectLayer
from recurry.inspection.view import EVERY_KIND, Kinds, ViewOptions

# Tensors in the table of a picture.
_MOST_ROWS = 60


class NetworkOptions(ViewOptions):
    """What can be chosen.

    Attributes:
        steps: Steps beside each other in the unrolled drawing.
    """

    steps: int = Field(default=4, ge=1, le=12)


@dataclass(frozen=True, kw_only=True)
class Weights:
    """One tensor of weights.

    Attributes:
        part: What it belongs to: "layer 0", or the rest of the network.
        name: As in the equations, or in the network.
        shape: Its sizes.
        starts_as: How it is initialised, for parameters of the equations.
    """

    part: str
    name: str
    shape: tuple[int, ...]
    starts_as: str = ""

    @property
    def count(self) -> int:
        """Number of weights."""
        return prod(self.shape)


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkFinding:
    """What a model is made of.

    Attributes:
        subject: The model.
        weights: Every tensor of it.
        steps: Steps of the unrolled drawing.
    """

    subject: Subject
    weights: Sequence[Weights]
    steps: int

    def to_json(self) -> dict[str, Any]:
        """For the page: drawings, equations and numbers."""
        cell, (rolled, unrolled) = self.subject.layers[0].cell, self._forms()
        return {
            "title": self.subject.title,
            "rolled": rolled,
            "unrolled": unrolled,
            "cell": {
                "name": cell.name,
                "source": cell.source or "",
                "equations": cell.equations,
                "latex": cell.latex(),
                "math": mathml(cell.graph),
                "drawing": cell.draw(),
                "named": list(cell.graph.named),
                "states": list(cell.states),
            },
            "total": sum(each.count for each in self.weights),
            "rows": self.to_rows(),
        }

    def to_svg(self) -> str:
        """Rolled up and unrolled, the cell and its equations, every tensor of weights."""
        cell = self.subject.layers[0].cell
        drawings = [drawing for drawing in self._forms() if drawing]
        panels = [inset(drawing) for drawing in (*drawings, cell.draw())]
        panels += [text_lines(cell.equations, title=f"Equations of {cell.name}"), self._table()]
        total = sum(each.count for each in self.weights)
        note = f"{self.subject.title}; {shorten_number(total)} weights in all"
        return sheet(panels, title="Network", note=note, columns=2)

    def to_rows(self) -> list[dict[str, Any]]:
        """Every tensor of weights."""
        return [
            {
                "part": each.part,
                "name": each.name,
                "shape": " × ".join(map(str, each.shape)),
                "weights": each.count,
                "starts_as": each.starts_as,
            }
            for each in self.weights
        ]

    def _forms(self) -> tuple[str, str]:
        """Rolled up and unrolled."""
        return draw_subject(self.subject), draw_subject(self.subject, steps=self.steps)

    def _table(self) -> Panel:
        """The tensors, the first of many."""
        rows = self.to_rows()
        head = ["part", "name", "shape", "weights", "starts as"]
        table = [head, *(_words(row) for row in rows[:_MOST_ROWS])]
        more = len(rows) - _MOST_ROWS
        some = f"; {more:,} more are left out" if more > 0 else ""
        return text_columns(table, title=f"Weights{some}")


def _words(row: dict[str, Any]) -> list[str]:
    return [f"{entry:,}" if isinstance(entry, int) else entry for entry in row.values()]


class NetworkView:
    """What a model is made of."""

    name: ClassVar[str] = "network"
    title: ClassVar[str] = "Network"
    caption: ClassVar[str] = (
        "The layers rolled up and unrolled over time, every tensor of weights, and one step of the "
        "cell as a drawing and as mathematics. Unrolled, a recurrent net is a deep net whose rows "
        "share their weights, which is why gradients through it can vanish or explode."
    )
    Options: ClassVar[type[BaseModel]] = NetworkOptions
    kinds: ClassVar[Kinds] = EVERY_KIND

    def compute(self, session: Session, options: NetworkOptions) -> NetworkFinding:
        """The parts of the session's model."""
        subject = session.subject
        weights = [weight for layer in subject.layers for weight in _layer_weights(layer)]
        weights += _other_weights(subject)
        return NetworkFinding(subject=subject, weights=weights, steps=options.steps)


def _layer_weights(layer: SubjectLayer) -> list[Weights]:
    starts = layer.cell.effective_initial()
    return [
        Weights(
            part=f"layer {layer.label}",
            name=name,
            shape=tuple(tensor.shape),
            starts_as=starts.get(name, ""),
        )
        for name, tensor in layer.weights.tensors().items()
    ]


def _other_weights(subject: Subject) -> list[Weights]:
    """Weights of a network that are in none of its shown layers: vectors of symbols, outputs."""
    network = getattr(subject.model, "network", None)
    if network is None:
        return []
    shown = {id(weight) for weight in subject.recurrent.parameters()}
    return [
        Weights(part="around the layers", name=name, shape=tuple(weight.shape))
        for name, weight in network.named_parameters()
        if id(weight) not in shown
    ]
