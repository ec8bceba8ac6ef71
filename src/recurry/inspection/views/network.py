"""The view Network: layers rolled up and unrolled, sizes, numbers of weights, the cell itself.

Comes in: a subject. Goes out: a finding. Imports compiler.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from pydantic import BaseModel, Field

from recurry.compiler.draw_network import MOST_DRAWN, draw_network
from recurry.compiler.mathml import mathml
from recurry.inspection.session import Session
from recurry.inspection.subject import Subject, SubjectLayer
from recurry.inspection.view import EVERY_KIND, Kinds, ViewOptions


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
        cell = self.subject.layers[0].cell
        return {
            "title": self.subject.title,
            "rolled": self._draw(None),
            "unrolled": self._draw(self.steps),
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
        """The network unrolled; the cell where there are too many layers to draw."""
        return self._draw(self.steps) or self.subject.layers[0].cell.draw()

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

    def _draw(self, steps: int | None) -> str:
        layers = self.subject.layers
        num_layers = 1 + max(layer.index for layer in layers)
        if num_layers > MOST_DRAWN:
            return ""
        return draw_network(
            cell_name=layers[0].cell.name,
            num_layers=num_layers,
            is_bidirectional=any(layer.direction == "backward" for layer in layers),
            steps=steps,
        )


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
