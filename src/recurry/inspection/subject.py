"""A model that one can look into: what reads a text, layer by layer, and what it makes of it.

Comes in: a model of any task, or a path to one. Goes out: a `Subject`, which is all that recordings
and views know of a model. Imports network, tasks and artefact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from recurry.backends import Symbols as InputSymbols
from recurry.compiler.cell import Cell
from recurry.network.layer import CellWeights, Layer
from recurry.network.recurrent import Recurrent

Direction = Literal["forward", "backward"]
Kind = Literal["language", "classify", "tag", "translate", "foreign"]
# Kinds that answer to one record at a time, where the others read running text.
RECORD_KINDS: tuple[Kind, ...] = ("classify", "tag", "translate")
RUNNING_KINDS: tuple[Kind, ...] = ("language", "foreign")
# The number of a symbol that a vocabulary has no number for; it is read as a vector of zeros.
UNKNOWN = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class SubjectLayer:
    """One layer of a model in one direction.

    Attributes:
        index: From 0, the one nearest to the text.
        direction: Which way it reads.
        recurrent: The layers that it is one of.
    """

    index: int
    direction: Direction
    recurrent: Recurrent

    @property
    def cell(self) -> Cell:
        """Its equations."""
        return self.recurrent.cell

    @property
    def input_size(self) -> int:
        """Size I of what it reads at a step."""
        recurrent = self.recurrent
        return recurrent.output_size if self.index else recurrent.input_size

    @property
    def hidden_size(self) -> int:
        """Its number of units H."""
        return self.recurrent.hidden_size

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that its equations give a value to: gates, candidates, states, the output."""
        return tuple(self.cell.graph.named)

    @property
    def label(self) -> str:
        """`0`, or `0 backward`."""
        return f"{self.index}" if self.direction == "forward" else f"{self.index} backward"

    @property
    def weights(self) -> CellWeights:
        """The module that holds its parameters."""
        layer = self.recurrent.layers[self.index]
        assert isinstance(layer, Layer)
        return layer.directions()[self.direction == "backward"]

    @property
    def tensors(self) -> dict[str, Tensor]:
        """Its parameters by their names in the equations, without gradients."""
        return {name: value.detach() for name, value in self.weights.tensors().items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class Symbols:
    """A text as a model reads it.

    Attributes:
        ids: The number of each symbol, (T,) int64; -1 for one that has no number.
        pieces: The text of each symbol; joined they are the text.
        is_known: Whether the vocabulary has it, (T,).
        vectors: What stands for each symbol, (T, I), where its number does not say it.
        cut_at: After so many symbols no more of the text is read; None where it is read to its end.
    """

    ids: np.ndarray
    pieces: tuple[str, ...]
    is_known: np.ndarray
    vectors: np.ndarray | None = None
    cut_at: int | None = None

    def __len__(self) -> int:
        return len(self.ids)


@runtime_checkable
class Subject(Protocol):
    """A model that one can look into."""

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        ...

    @property
    def kind(self) -> Kind:
        """What it does."""
        ...

    @property
    def layers(self) -> tuple[SubjectLayer, ...]:
        """Its layers, each direction by itself, in the order in which they read."""
        ...

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the V symbols or classes that it chooses from; () where it gives a number."""
        ...

    @property
    def model(self) -> Any:
        """The model itself; None for a foreign one."""
        ...

    @property
    def recurrent(self) -> Recurrent:
        """All layers together."""
        ...

    def read(self, text: str) -> Symbols:
        """A text as symbols; those that are unknown are marked, never refused."""
        ...

    def inputs(self, symbols: Symbols, start: int, stop: int) -> Tensor | InputSymbols:
        """What the first layer reads at some steps, (n, 1, I)."""
        ...

    def embed(self, ids: np.ndarray) -> np.ndarray:
        """The vectors of symbols, (T, I) float32; zeros for -1."""
        ...

    def number(self, ids: np.ndarray) -> Symbols:
        """Symbol numbers as symbols.

        Raises:
            UsageError: The model reads more than numbers.
        """
        ...

    def log_probabilities(self, hidden: np.ndarray) -> np.ndarray | None:
        """Of the next symbol after some outputs (n, D*H): (n, V), for language models only."""
        ...

    def losses(self, hidden: Tensor, ids: np.ndarray) -> np.ndarray | None:
        """The loss of the symbols (n,) after some outputs (n, D*H), for language models only."""
        ...

    def answers(self, text: str) -> list[dict[str, Any]]:
        """What the model answers to a text; none for a language model."""
        ...


def make_layers(recurrent: Recurrent) -> tuple[SubjectLayer, ...]:
    """The layers of a module, each direction by itself, in the order in which they read."""
    directions: Sequence[Direction] = ("forward", "backward")[: recurrent.num_directions]
    return tuple(
        SubjectLayer(index=index, direction=direction, recurrent=recurrent)
        for index in range(recurrent.num_layers)
        for direction in directions
    )


def dense(ids: np.ndarray, table: Tensor | None, *, num_symbols: int) -> np.ndarray:
    """The vectors of symbols, (T, I) float32: rows of a table or one-hot; zeros for -1."""
    is_known = ids >= 0
    if table is None:
        found = np.zeros((len(ids), num_symbols), dtype=np.float32)
        found[np.flatnonzero(is_known), ids[is_known]] = 1.0
        return found
    rows = table.detach().to("cpu", torch.float32).numpy()[np.maximum(ids, 0)]
    return np.where(is_known[:, None], rows, np.float32(0.0))


def subject_of(model: Any) -> Subject:
    """The subject that a model is.

    Args:
        model: A `LanguageModel`, a `Model` of a task that comes with Recurry, or a subject.

    Raises:
        UsageError: The model is of a task that one cannot look into.
    """
    return model if isinstance(model, Subject) else _subjects().make_subject(model)


def open_subject(path: str | Path) -> Subject:
    """The subject in a model file, a run folder, or a TOML file that names a foreign model's parts.

    Raises:
        ModelFileError: There is no model, or it is damaged.
        UsageError: The model is of a task that one cannot look into.
    """
    return _subjects().read_subject(Path(path))


def _subjects() -> Any:
    """The module that knows all subjects, which know this one: found when it is needed."""
    return import_module("recurry.inspection.subjects")
