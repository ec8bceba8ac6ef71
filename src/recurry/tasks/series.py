"""One answer for a sequence of numbers or vectors: a class, a rating, or a number.

Comes in: labelled sequences, as measurements are. Goes out: a model that answers.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from recurry.compiler.cell import Cell
from recurry.data.examples import Examples, Ragged
from recurry.data.known import Known
from recurry.data.labels import LabelKind, Labels
from recurry.data.parts import read_parts
from recurry.data.record_configuration import RecordsConfig
from recurry.data.records import Row
from recurry.data.stored import Records
from recurry.data.vector_rows import parse_vectors
from recurry.data.vocabulary import damaged
from recurry.errors import DataError
from recurry.network.configuration import EncoderConfig
from recurry.network.vector_classifier import VectorClassifier
from recurry.tasks.class_answers import (
    PoolingName,
    check_labels,
    collect_outputs,
    draw_outputs,
    make_answers,
    score_outputs,
    temperature_of,
    unseen_notes,
)
from recurry.tasks.class_scores import ClassScores, NumberScores
from recurry.tasks.class_texts import read_labelled_texts
from recurry.tasks.model import Model
from recurry.tasks.record_task import RecordTask
from recurry.tasks.task import Settings


class SeriesConfig(RecordsConfig):
    """Which rows are read; a sequence is a JSON list of numbers or of lists of numbers, or numbers
    with spaces between.

    Attributes:
        text_column: The column, or JSON key, of the sequence.
        label_column: That of the label.
    """

    text_column: str = "inputs"
    label_column: str = "target"


class SeriesAnswerConfig(BaseModel):
    """What is answered for a sequence; as for classify.

    Attributes:
        kind: "class"; "rating", classes that are numbers and have an order; or "number".
        pooling: How the outputs of all steps become one vector.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: LabelKind = "class"
    pooling: PoolingName = "last"


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """What the training part taught besides weights.

    Attributes:
        labels: What the answers are.
        centres: The mean of each number of a step.
        spreads: Its standard deviation.
    """

    labels: Labels
    centres: tuple[float, ...]
    spreads: tuple[float, ...]

    def __repr__(self) -> str:
        answers = f"{len(self.labels)} classes" if len(self.labels) else "numbers"
        return f"{len(self.centres):,} numbers a step, {answers}"

    def to_dict(self) -> dict[str, Any]:
        """A value that JSON can hold."""
        scale = {"centres": list(self.centres), "spreads": list(self.spreads)}
        return {"labels": self.labels.to_dict(), **scale}

    def scaled(self, steps: np.ndarray) -> np.ndarray:
        """Steps whose numbers have mean 0 and deviation 1 over the training part."""
        found = (steps - np.array(self.centres)) / np.array(self.spreads)
        return found.astype(np.float32)


class Series(RecordTask):
    """One answer a sequence of numbers."""

    name: ClassVar[str] = "series"
    kind: ClassVar[str] = "series"
    preset: ClassVar[str] = "series"
    tables: ClassVar[Mapping[str, type[BaseModel]]] = {
        "data": SeriesConfig,
        "network": EncoderConfig,
        "answer": SeriesAnswerConfig,
    }

    def read(
        self,
        settings: Settings,
        knowledge: Knowledge | None = None,
        known: Known | None = None,
    ) -> Records:
        """Rows of files, split, as scaled numbers and labels; there are no symbols to be known."""
        tables: Mapping[str, Any] = settings
        data = tables["data"]
        parts, sums, notes = read_parts(
            data, lambda paths: read_labelled_texts(data, paths, has_numbers=True)
        )
        size = None if knowledge is None else len(knowledge.centres)
        steps = {part: _steps(rows, size) for part, rows in parts.items()}
        if knowledge is None:
            knowledge = _learn(parts["train"], steps["train"], kind=tables["answer"].kind)
        found: dict[str, Examples] = {}
        for part, rows in parts.items():
            check_labels(rows, knowledge.labels, part)
            found[part], more = _examples(rows, steps[part], knowledge, part=part)
            notes += more
        return Records.of_parts(found, knowledge.to_dict(), sha256=sums, notes=notes)

    def read_knowledge(self, data: Any) -> Knowledge:
        """Labels and scale."""
        if not isinstance(data, Mapping) or set(data) != {"labels", "centres", "spreads"}:
            raise damaged("it is no table of labels, centres and spreads")
        scale = [data["centres"], data["spreads"]]
        if not all(_are_numbers(row) for row in scale) or len({len(row) for row in scale}) != 1:
            raise damaged("its centres and spreads are no two lists of as many numbers")
        if not all(spread > 0 for spread in data["spreads"]):
            raise damaged("a spread is not above 0")
        labels = Labels.from_dict(data["labels"])
        return Knowledge(labels=labels, centres=tuple(scale[0]), spreads=tuple(scale[1]))

    def make_network(
        self, cell: Cell, settings: Settings, knowledge: Knowledge
    ) -> VectorClassifier:
        """Layers, pooling, answer."""
        tables: Mapping[str, Any] = settings
        return VectorClassifier(
            cell,
            tables["network"],
            dropout=tables["dropout"],
            input_size=len(knowledge.centres),
            num_outputs=knowledge.labels.num_outputs,
            kind=knowledge.labels.kind,
            pooling=tables["answer"].pooling,
        )

    def loss(self, model: Model, examples: Examples) -> tuple[Float[Tensor, ""], float]:
        """Cross-entropy, that of ordered classes, or half the squared error."""
        network, labels = model.network, model.knowledge.labels
        assert isinstance(network, VectorClassifier)
        targets = torch.from_numpy(examples.values["label"]).to(network.device)
        if labels.kind == "number":
            targets = targets.to(network.recurrent.dtype)
        vectors, lengths = _block(examples, network.device)
        total, count = network.loss(vectors, targets, lengths)
        return total / 2 if labels.kind == "number" else total, count

    def score(self, model: Model, data: Examples) -> ClassScores | NumberScores:
        """Scores at the temperature that validation gave."""
        found, truth = _outputs(model, data), data.values["label"]
        temperature = temperature_of(model)
        return score_outputs(model.knowledge.labels, found, truth, temperature=temperature)

    def validate(self, model: Model, data: Examples) -> ClassScores | NumberScores:
        """Scores at the temperature that fits these records."""
        found, truth = _outputs(model, data), data.values["label"]
        return score_outputs(model.knowledge.labels, found, truth, temperature=None)

    def pictures(self, model: Model, data: Examples) -> Mapping[str, str]:
        """The confusion matrix."""
        return draw_outputs(model.knowledge.labels, _outputs(model, data), data.values["label"])

    def predict(self, model: Model, texts: Sequence[str]) -> list[dict[str, Any]]:
        """The label of each sequence with the probabilities of all, or its number.

        Raises:
            DataError: A text is no sequence, or its steps have another size (with its number).
        """
        known: Knowledge = model.knowledge
        size = len(known.centres)
        steps = [
            parse_vectors(text, f"sequence {number:,}", size=size)
            for number, text in enumerate(texts, start=1)
        ]
        found = _outputs(model, Examples(sequences={"steps": _ragged(steps, known)}))
        return [
            answer if len(one) else answer | {"remarks": ["empty"]}
            for answer, one in zip(make_answers(model, found), steps, strict=True)
        ]


def _outputs(model: Model, data: Examples) -> np.ndarray:
    """What the network gives for each record, in their order."""
    network = model.network
    assert isinstance(network, VectorClassifier)
    return collect_outputs(model, data, lambda some: network(*_block(some, network.device)))


def _block(examples: Examples, device: torch.device) -> tuple[Tensor, list[int]]:
    steps = examples.sequences["steps"]
    return torch.from_numpy(steps.padded()).to(device), steps.lengths.tolist()


def _steps(rows: list[Row], size: int | None) -> list[np.ndarray]:
    """The steps of each row; all have the size of the first that has any."""
    found = []
    for row in rows:
        found.append(parse_vectors(row.text, row.place, size=size))
        size = size or (found[-1].shape[1] if len(found[-1]) else None)
    return found


def _learn(rows: list[Row], steps: list[np.ndarray], *, kind: LabelKind) -> Knowledge:
    """What the training part teaches."""
    if not any(map(len, steps)):
        raise DataError("No sequence has a step.", where=rows[0].place, got=f"{len(rows):,} rows")
    labels = Labels.learn(kind, [row.label or "" for row in rows], [row.place for row in rows])
    every = np.concatenate([row for row in steps if len(row)]).astype(np.float64)
    spreads = [spread if spread > 0 and math.isfinite(spread) else 1.0 for spread in every.std(0)]
    return Knowledge(
        labels=labels,
        centres=tuple(map(float, every.mean(0))),
        spreads=tuple(map(float, spreads)),
    )


def _examples(
    rows: list[Row], steps: list[np.ndarray], knowledge: Knowledge, *, part: str
) -> tuple[Examples, list[str]]:
    """Rows as numbers, and what is worth knowing of them."""
    labels = knowledge.labels.encode([row.label or "" for row in rows], [row.place for row in rows])
    notes = unseen_notes(rows, labels, knowledge.labels, part)
    num_empty = sum(not len(row) for row in steps)
    if num_empty:
        notes.append(f"{num_empty:,} sequences of the {part} part have no step")
    numbers = _ragged(steps, knowledge)
    return Examples(sequences={"steps": numbers}, values={"label": labels}), notes


def _ragged(steps: Sequence[np.ndarray], knowledge: Knowledge) -> Ragged:
    size = len(knowledge.centres)
    scaled = [knowledge.scaled(row.reshape(-1, size)) for row in steps]
    found = Ragged.from_sequences(scaled, dtype=np.float32)
    return replace(found, values=found.values.reshape(-1, size))


def _are_numbers(row: Any) -> bool:
    return (
        isinstance(row, list | tuple)
        and len(row) > 0
        and all(type(x) in (int, float) and math.isfinite(x) for x in row)
    )
