"""What every model carries beside its network, and the model of a task over records.

Comes in: a network and its settings. Goes out: records that share weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel
from torch import nn

from recurry.compiler.cell import Cell

Kept = TypeVar("Kept", bound="Scored")


@runtime_checkable
class Knowledge(Protocol):
    """What was learnt from the data besides weights: vocabularies, names of classes."""

    def to_dict(self) -> dict[str, Any]:
        """A value that JSON can hold, enough to build the record again."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """What is known of a model.

    Attributes:
        scores: What was measured, for instance "validation_loss_nats".
        provenance: Where the weights come from: hash of the data, settings of the training.
    """

    scores: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("scores", "provenance"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def with_scores(self: Kept, scores: Mapping[str, float]) -> Kept:
        """The same model, sharing its weights, with other scores."""
        return replace(self, scores=scores)

    def with_provenance(self: Kept, provenance: Mapping[str, Any]) -> Kept:
        """The same model, sharing its weights, with another origin."""
        return replace(self, provenance=provenance)


@dataclass(frozen=True, kw_only=True, eq=False)
class Model(Scored):
    """The model of a task over records.

    Attributes:
        task: The name of the task.
        cell: The equations of its layers.
        network: The weights.
        settings: The tables that shaped it, by name; "network" is among them.
        knowledge: What was learnt from the data besides weights.
    """

    task: str
    cell: Cell
    network: nn.Module
    settings: Mapping[str, BaseModel]
    knowledge: Any

    def __repr__(self) -> str:
        weights = sum(weight.numel() for weight in self.network.parameters())
        return f"Model({self.task}, {self.cell.name}, {self.knowledge}, {weights:,} weights)"
