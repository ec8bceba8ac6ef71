"""Tell texts apart: classes, ratings and numbers, from one answer a text.

Comes in: labelled texts. Goes out: a model that answers, with probabilities that were calibrated on
the validation part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from recurry.compiler.cell import Cell
from recurry.data.codec import Codec
from recurry.data.examples import Examples
from recurry.data.known import Known, extend_codec
from recurry.data.labels import LabelKind, Labels
from recurry.data.parts import read_parts
from recurry.data.record_configuration import RecordsConfig, TextConfig
from recurry.data.records import Row
from recurry.data.stored import Records
from recurry.data.texts import check_overlap, encode_texts, learn_codec
from recurry.data.vocabulary import damaged
from recurry.network.classifier import Classifier
from recurry.network.configuration import EncoderConfig
from recurry.tasks.anatomy import Anatomy, Stack, Table
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


class AnswerConfig(BaseModel):
    """What is answered for a text.

    Attributes:
        kind: "class"; "rating", classes that are numbers and have an order; or "number".
        pooling: How the outputs of all steps become one vector.
        class_weights: "balanced" lets rare classes count as much as frequent ones while training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: LabelKind = "class"
    pooling: PoolingName = "max"
    class_weights: Literal["equal", "balanced"] = "equal"


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """What the training part taught besides weights.

    Attributes:
        codec: How text becomes symbols.
        labels: What the answers are.
    """

    codec: Codec
    labels: Labels

    def __repr__(self) -> str:
        answers = f"{len(self.labels)} classes" if len(self.labels) else "numbers"
        return f"{self.codec.num_symbols:,} symbols, {answers}"

    def to_dict(self) -> dict[str, Any]:
        """A value that JSON can hold."""
        return {"codec": self.codec.to_dict(), "labels": self.labels.to_dict()}


class Classify(RecordTask):
    """One answer a text."""

    name: ClassVar[str] = "classify"
    kind: ClassVar[str] = "classify"
    preset: ClassVar[str] = "classify"
    tables: ClassVar[Mapping[str, type[BaseModel]]] = {
        "data": RecordsConfig,
        "text": TextConfig,
        "network": EncoderConfig,
        "answer": AnswerConfig,
    }

    def read(
        self,
        settings: Settings,
        knowledge: Knowledge | None = None,
        known: Known | None = None,
    ) -> Records:
        """Rows of files, split, as symbols and labels."""
        tables: Mapping[str, Any] = settings
        data, text = tables["data"], tables["text"]
        parts, sums, notes = read_parts(data, lambda paths: read_labelled_texts(data, paths))
        if knowledge is None:
            knowledge = _learn(parts["train"], text, tables["answer"].kind, known)
        found: dict[str, Examples] = {}
        for part, rows in parts.items():
            check_labels(rows, knowledge.labels, part)
            found[part], more = _examples(rows, knowledge, part=part, longest=text.longest)
            notes += more
        return Records.of_parts(found, knowledge.to_dict(), sha256=sums, notes=notes)

    def read_knowledge(self, data: Any) -> Knowledge:
        """Codec and labels."""
        if not isinstance(data, Mapping) or set(data) != {"codec", "labels"}:
            raise damaged("it is no table of codec and labels")
        return Knowledge(
            codec=Codec.from_dict(data["codec"]), labels=Labels.from_dict(data["labels"])
        )

    def make_network(self, cell: Cell, settings: Settings, knowledge: Knowledge) -> Classifier:
        """Embedding, layers, pooling, answer."""
        tables: Mapping[str, Any] = settings
        return Classifier(
            cell,
            tables["network"],
            dropout=tables["dropout"],
            num_symbols=knowledge.codec.num_symbols,
            num_outputs=knowledge.labels.num_outputs,
            kind=knowledge.labels.kind,
            pooling=tables["answer"].pooling,
        )

    def loss(self, model: Model, examples: Examples) -> tuple[Float[Tensor, ""], float]:
        """Cross-entropy, that of ordered classes, or the squared error."""
        network, labels = model.network, model.knowledge.labels
        assert isinstance(network, Classifier)
        ids, lengths = _block(examples, network.device)
        targets = torch.from_numpy(examples.values["label"]).to(network.device)
        weights = _class_weights(labels, model.settings["answer"])
        if labels.kind == "number":
            total, count = network.loss(ids, targets.to(network.recurrent.dtype), lengths)
            return total / 2, count
        return network.loss(ids, targets, lengths, weights=weights)

    def anatomy(self, model: Model) -> Anatomy:
        """Vectors of symbols, layers, classes."""
        network, known = model.network, model.knowledge
        assert isinstance(network, Classifier)
        symbols, front, linear = known.codec.vocabulary, network.front, network.head.linear
        # Ratings in their order have one score, and so has a number.
        kind, names = known.labels.kind, known.labels.names
        answers = {"class": names, "rating": (" < ".join(names),), "number": ("a number",)}
        table = () if front is None else (Table.of(known.codec, front.weight, role="reads"),)
        one_hot = symbols if front is None else None
        return Anatomy(
            tables=table,
            stacks=(Stack(role="reads", layers=network.recurrent, vocabulary=one_hot),),
            answers=answers[kind],
            head=(linear.weight, linear.bias),
        )

    def score(self, model: Model, data: Examples) -> ClassScores | NumberScores:
        """Scores at the temperature that validation gave."""
        found, truth = outputs(model, data), data.values["label"]
        temperature = temperature_of(model)
        return score_outputs(model.knowledge.labels, found, truth, temperature=temperature)

    def validate(self, model: Model, data: Examples) -> ClassScores | NumberScores:
        """Scores at the temperature that fits these records; the model keeps it as a score."""
        found, truth = outputs(model, data), data.values["label"]
        return score_outputs(model.knowledge.labels, found, truth, temperature=None)

    def pictures(self, model: Model, data: Examples) -> Mapping[str, str]:
        """The confusion matrix."""
        return draw_outputs(model.knowledge.labels, outputs(model, data), data.values["label"])

    def predict(self, model: Model, texts: Sequence[str]) -> list[dict[str, Any]]:
        """The label of each text with the probabilities of all, or its number.

        An answer has `remarks` where its text was empty, was cut, or has no known symbol.
        """
        text = model.settings["text"]
        assert isinstance(text, TextConfig)
        encoded = encode_texts(model.knowledge.codec, texts, longest=text.longest)
        found = outputs(model, Examples(sequences={"text": encoded.numbers}))
        answers = make_answers(model, found)
        for number, answer in enumerate(answers):
            if remarks := encoded.remarks(number):
                answer["remarks"] = remarks
        return answers


def outputs(model: Model, data: Examples) -> np.ndarray:
    """What the network gives for each record, in their order.

    Shapes:
        returns: (N, K) log-probabilities up to a constant, or (N,) numbers, float64.
    """
    network = model.network
    assert isinstance(network, Classifier)
    return collect_outputs(model, data, lambda some: network(*_block(some, network.device)))


def _block(examples: Examples, device: torch.device) -> tuple[Tensor, list[int]]:
    texts = examples.sequences["text"]
    return torch.from_numpy(texts.padded()).to(device), texts.lengths.tolist()


def _class_weights(labels: Labels, answer: Any) -> Tensor | None:
    """Each class as if it had an equal share of the records."""
    if answer.class_weights == "equal" or not len(labels):
        return None
    counts = torch.tensor(labels.counts, dtype=torch.float32).clamp(min=1)
    return counts.sum() / (len(labels) * counts)


def _learn(rows: list[Row], text: TextConfig, kind: LabelKind, known: Known | None) -> Knowledge:
    """What the training part teaches."""
    places = [row.place for row in rows]
    labels = Labels.learn(kind, [row.label or "" for row in rows], places)
    codec = extend_codec(learn_codec(text, [row.text for row in rows]), known)
    return Knowledge(codec=codec, labels=labels)


def _examples(
    rows: list[Row], knowledge: Knowledge, *, part: str, longest: int
) -> tuple[Examples, list[str]]:
    """Rows as numbers, and what is worth knowing of them."""
    encoded = encode_texts(knowledge.codec, (row.text for row in rows), longest=longest)
    if rows:
        check_overlap(encoded, knowledge.codec, where=rows[0].place)
    places = [row.place for row in rows]
    labels = knowledge.labels.encode([row.label or "" for row in rows], places)
    notes = encoded.notes(part, longest=longest) + unseen_notes(
        rows, labels, knowledge.labels, part
    )
    return Examples(sequences={"text": encoded.numbers}, values={"label": labels}), notes
