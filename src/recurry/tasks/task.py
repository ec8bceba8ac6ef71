"""What a task is: the one interface that training, runs, model files and the command line know.

Comes in: nothing. Goes out: interfaces. A language model and a task over records differ in where
the numbers of an update come from (`pace`), in the loss of an update, in what is measured, and in
what is kept beside the weights; everything else is one code for all of them.
"""

import math
from collections.abc import Mapping, Sized
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from pydantic import BaseModel
from torch import nn

from recurry.compiler.cell import Cell
from recurry.data.known import Known
from recurry.tasks.anatomy import Anatomy

Pace = Literal["windows", "batches"]
Settings = Mapping[str, BaseModel]


@runtime_checkable
class AnyScores(Protocol):
    """What was measured: a frozen dataclass whose fields are all numbers."""

    @property
    def loss_nats(self) -> float:
        """The mean loss; early stopping and the choice of the best weights go by it, unless there
        is a `criterion`."""
        ...

    @property
    def headline(self) -> str:
        """The number that a reader looks for, with its name."""
        ...


def criterion_of(scores: AnyScores) -> float:
    """What early stopping and the choice of the best weights go by; less is better.

    That is the property `criterion` of scores that have one, else the loss. It is no number where
    the loss is none.
    """
    if not math.isfinite(scores.loss_nats):
        return math.nan
    return getattr(scores, "criterion", scores.loss_nats)


def numbers_of(scores: Any) -> dict[str, float]:
    """All numbers of a record of scores, by name."""
    return asdict(scores)


@runtime_checkable
class AnyModel(Protocol):
    """A network with everything that is needed to use it: what a model file holds."""

    @property
    def task(self) -> str:
        """The name of the task that it belongs to."""
        ...

    @property
    def cell(self) -> Cell:
        """The equations of its layers."""
        ...

    @property
    def network(self) -> nn.Module:
        """Its weights."""
        ...

    @property
    def scores(self) -> Mapping[str, float]:
        """What was measured."""
        ...

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where its weights come from."""
        ...

    def with_scores(self, scores: Mapping[str, float]) -> Any:
        """The same model, sharing its weights, with other scores."""
        ...

    def with_provenance(self, provenance: Mapping[str, Any]) -> Any:
        """The same model, sharing its weights, with another origin."""
        ...


@runtime_checkable
class AnyPrepared(Protocol):
    """A data set as numbers, ready for training."""

    @property
    def train(self) -> Sized:
        """The part to learn from."""
        ...

    @property
    def validation(self) -> Sized:
        """The part to choose by; empty is none."""
        ...

    @property
    def test(self) -> Sized | None:
        """The part that is scored when all is done."""
        ...

    @property
    def key(self) -> str:
        """Hash of everything that the numbers depend on."""
        ...

    @property
    def sha256(self) -> str:
        """Hash of the data that the settings name."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing of the data, in plain sentences."""
        ...


@runtime_checkable
class Blueprint(Protocol):
    """A model as a file describes it, before anything of its size is allocated."""

    @property
    def precision(self) -> str:
        """The precision of its network."""
        ...

    @property
    def num_layers(self) -> int:
        """The number of its layers, which bounds the work of naming its weights."""
        ...

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The name and shape of every weight."""
        ...

    def make(self, scores: Mapping[str, float], provenance: Mapping[str, Any]) -> Any:
        """The model with weights that are about to be replaced."""
        ...


@runtime_checkable
class Task(Protocol):
    """A use of recurrent networks on one kind of data.

    Attributes:
        name: The first word after `recurry train`.
        kind: What model files call it.
        preset: The settings of a run that names none; "" are the defaults of the tables.
        pace: Whether an update reads a window of one long text or a batch of records.
        tables: The settings that are its own, by table; "data" and "network" are among them.
        parts: The tables that it adds to the description in a model file.
    """

    name: ClassVar[str]
    kind: ClassVar[str]
    preset: ClassVar[str]
    pace: ClassVar[Pace]
    tables: ClassVar[Mapping[str, type[BaseModel]]]
    parts: ClassVar[tuple[str, ...]]

    def prepare(self, settings: Settings, folder: Path, known: Known | None = None) -> AnyPrepared:
        """Read the data that the table `data` names and write its numbers into a folder.

        Args:
            settings: All tables.
            folder: Where the numbers go.
            known: Symbols of a file of vectors or of a model that shall join the vocabulary.
        """
        ...

    def load_prepared(self, folder: Path) -> AnyPrepared:
        """What `prepare` wrote, without looking at the data again."""
        ...

    def build(self, settings: Settings, prepared: Any, *, cell: str, seed: int) -> Any:
        """A model with fresh weights; `cell` takes the place of the table's."""
        ...

    def anatomy(self, model: Any) -> Anatomy:
        """What of a model can be had from a file of vectors or from another model."""
        ...

    def units(self, settings: Settings) -> str:
        """What is counted while training: "characters", "words", "records"."""
        ...

    def loss_unit(self, settings: Settings) -> str:
        """One of what the loss is a mean of: "character", "word", "record"."""
        ...

    def score(self, model: Any, data: Any) -> AnyScores:
        """How good a model is on data."""
        ...

    def validate(self, model: Any, data: Any) -> AnyScores:
        """The same while training, where what is found may itself be learnt from."""
        ...

    def pictures(self, model: Any, data: Any) -> Mapping[str, str]:
        """Pictures of how good a model is, as SVG by file name."""
        ...

    def describe(self, model: Any) -> dict[str, Any]:
        """What a model file holds beside weights, cell, scores and provenance: `parts`."""
        ...

    def blueprint(self, cell: Cell, description: Mapping[str, Any]) -> Blueprint:
        """Read `describe`'s value back, trusting nothing in it."""
        ...
