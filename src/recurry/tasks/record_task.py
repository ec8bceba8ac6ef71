"""What every task over records shares: preparing, building, keeping. A new task fills in the rest.

Comes in: the parts in which tasks differ. Goes out: a task that trains, resumes, is kept in a model
file, predicts and evaluates.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from pydantic import BaseModel, ValidationError
from torch import Tensor, nn

from recurry.cells import find_cell
from recurry.compiler.cell import Cell
from recurry.data.batches import in_order
from recurry.data.examples import Examples
from recurry.data.known import Known
from recurry.data.stored import Records, load, store
from recurry.errors import ModelFileError, UsageError
from recurry.network.dropout import Dropout
from recurry.network.recurrent import Recurrent
from recurry.tasks.anatomy import Anatomy
from recurry.tasks.memory import check_memory
from recurry.tasks.model import Model
from recurry.tasks.scoring import evaluating
from recurry.tasks.task import AnyScores, Pace, Settings

_FORMAT = 1
# Of a batch that is only read, padding included: more would be no faster.
READING_STEPS = 16_384
_OF_TRAIN = " of the train part"


class RecordTask(ABC):
    """A task over records. Its model is a `Model`; see `Task` for the attributes."""

    name: ClassVar[str]
    kind: ClassVar[str]
    preset: ClassVar[str] = ""
    tables: ClassVar[Mapping[str, type[BaseModel]]]
    pace: ClassVar[Pace] = "batches"
    parts: ClassVar[tuple[str, ...]] = ("settings", "knowledge")

    @abstractmethod
    def read(
        self, settings: Settings, knowledge: Any = None, known: Known | None = None
    ) -> Records:
        """The records that the table `data` names, as numbers; their key is filled in later.

        Args:
            settings: All tables.
            knowledge: What the training part of a model taught; None learns it from these records.
            known: Symbols that join what is learnt; a task whose `anatomy` is empty needs none.
        """

    @abstractmethod
    def read_knowledge(self, data: Any) -> Any:
        """What the training part taught, from the JSON value in `Records.knowledge` or in a model
        file, trusting nothing in it."""

    @abstractmethod
    def make_network(self, cell: Cell, settings: Settings, knowledge: Any) -> nn.Module:
        """The network, with fresh weights."""

    @abstractmethod
    def loss(self, model: Model, examples: Examples) -> tuple[Float[Tensor, ""], float]:
        """The loss of a batch in nats, summed, and what to divide it by."""

    @abstractmethod
    def score(self, model: Model, data: Examples) -> AnyScores:
        """How good a model is on records, without dropout."""

    @abstractmethod
    def predict(self, model: Model, texts: Sequence[str]) -> list[dict[str, Any]]:
        """An answer for each text, as values that JSON can hold; none depends on the others."""

    def rewrite(self, model: Model, text: str, name: str) -> str | None:
        """A whole file with the answers in it, for a task that has a place for them there.

        Args:
            model: The model that answers.
            text: The file.
            name: What it is called.
        """
        return None

    def read_labelled(
        self, model: Model, paths: Sequence[str], changes: Mapping[str, Any]
    ) -> Records:
        """Records of other files for a model, all of them in the part `train`.

        Args:
            model: The model that will be scored.
            paths: Files.
            changes: Settings of the table `data` that differ from those of its training.

        Raises:
            DataError: The files cannot be used.
            UsageError: A setting has an impossible value.
        """
        table = model.settings["data"]
        whole = {"paths": tuple(paths), "validation": 0.0, "test": None, "limit": None}
        asked = {name: value for name, value in whole.items() if name in type(table).model_fields}
        try:
            data = type(table).model_validate({**table.model_dump(), **changes, **asked})
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise UsageError(
                "A setting of the table data cannot be used.",
                where=".".join(str(part) for part in first["loc"]),
                got=first["msg"],
            ) from error
        found = self.read({**model.settings, "data": data}, model.knowledge)
        # What is said of them names no part, as these files are none of a data set.
        return replace(found, notes=tuple(note.replace(_OF_TRAIN, "") for note in found.notes))

    def validate(self, model: Model, data: Examples) -> AnyScores:
        """The scores while training."""
        return self.score(model, data)

    def pictures(self, model: Model, data: Examples) -> Mapping[str, str]:
        """None."""
        return {}

    def mean_loss(self, model: Model, data: Examples) -> tuple[float, float]:
        """The loss of records in nats without dropout, and how many units it is the mean of."""
        total, count = 0.0, 0.0
        with evaluating(model.network), torch.no_grad():
            for members in in_order(data.lengths, steps=READING_STEPS):
                nats, units = self.loss(model, data.take(members))
                total, count = total + float(nats), count + units
        return total / count if count else 0.0, count

    def units(self, settings: Settings) -> str:
        """Records are counted."""
        return "records"

    def loss_unit(self, settings: Settings) -> str:
        """The loss is that of a record; a task that divides by something else says so."""
        return "record"

    def counted(self, examples: Examples) -> int:
        """How many of its units a batch has."""
        return len(examples)

    def anatomy(self, model: Model) -> Anatomy:
        """Nothing; a task whose vectors and layers may come from elsewhere names them."""
        return Anatomy()

    def prepare(self, settings: Settings, folder: Path, known: Known | None = None) -> Records:
        """Read the records and write their numbers into a folder."""
        found = self.read(settings) if known is None else self.read(settings, known=known)
        facts = {
            "format": _FORMAT,
            "task": self.name,
            "settings": {
                name: _stable(settings[name]) for name in self.tables if name != "network"
            },
            "sha256": found.sha256,
        } | ({} if known is None else {"known": known.key})
        key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        records = replace(found, key=key)
        store(records, folder)
        return records

    def load_prepared(self, folder: Path) -> Records:
        """The same, without looking at the files."""
        return load(folder)

    def build(self, settings: Settings, prepared: Records, *, cell: str, seed: int) -> Model:
        """A model with fresh weights, which leaves torch's generator as it was."""
        own = {name: settings[name] for name in (*self.tables, "dropout")}
        knowledge = self.read_knowledge(prepared.knowledge)
        blueprint = _Blueprint(self, cell=find_cell(cell), settings=own, knowledge=knowledge)
        check_memory(blueprint.shapes().values(), precision=blueprint.precision)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = self.make_network(blueprint.cell, own, knowledge)
        return blueprint.model(network)

    def describe(self, model: Model) -> dict[str, Any]:
        """The settings, without names of folders, and what the training part taught."""
        settings = {name: _stable(table) for name, table in model.settings.items()}
        settings["network"] |= {"cell": model.cell.name}
        settings["data"] |= {"paths": [PurePath(path).name for path in _paths(model.settings)]}
        return {"settings": settings, "knowledge": model.knowledge.to_dict()}

    def blueprint(self, cell: Cell, description: Mapping[str, Any]) -> "_Blueprint":
        """The model that a file describes."""
        tables = {**self.tables, "dropout": Dropout}
        found = description["settings"]
        if set(found) != set(tables):
            raise ModelFileError("its settings are not those of its task")
        settings = {name: kind.model_validate(found[name]) for name, kind in tables.items()}
        knowledge = self.read_knowledge(description["knowledge"])
        return _Blueprint(self, cell=cell, settings=settings, knowledge=knowledge)


@dataclass(frozen=True)
class _Blueprint:
    """A model before its weights are made."""

    task: RecordTask
    cell: Cell
    settings: Mapping[str, Any]
    knowledge: Any

    @property
    def precision(self) -> str:
        return self.settings["network"].precision

    @property
    def num_layers(self) -> int:
        return self.settings["network"].num_layers

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The name and shape of every weight, found without any memory for them."""
        with torch.device("meta"):
            network = self.task.make_network(self.cell, self.settings, self.knowledge)
        return {name: tuple(weight.shape) for name, weight in network.state_dict().items()}

    def make(self, scores: Mapping[str, float], provenance: Mapping[str, Any]) -> Model:
        # Orthogonal weights would cost seconds.
        blank = replace(self.cell, initial=dict.fromkeys(self.cell.parameters, "zeros"))
        with torch.random.fork_rng(devices=[]):
            network = self.task.make_network(blank, self.settings, self.knowledge)
        for module in network.modules():
            if isinstance(module, Recurrent) and module.cell is blank:
                module.cell = self.cell
        return self.model(network).with_scores(scores).with_provenance(provenance)

    def model(self, network: nn.Module) -> Model:
        return Model(
            task=self.task.name,
            cell=self.cell,
            network=network,
            settings=self.settings,
            knowledge=self.knowledge,
        )


def _stable(table: BaseModel) -> dict[str, Any]:
    """A table as JSON values, without what says where files lie."""
    values = table.model_dump(mode="json", exclude={"paths"})
    if values.get("limit", 0) is None:  # as before there was such a key
        del values["limit"]
    for part in ("validation", "test"):
        if isinstance(found := values.get(part), str):
            values[part] = PurePath(found).name
        elif isinstance(found, list):
            values[part] = [PurePath(path).name for path in found]
    return values


def _paths(settings: Mapping[str, Any]) -> tuple[str, ...]:
    return getattr(settings["data"], "paths", ())
