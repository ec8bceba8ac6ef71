"""Models of tasks over records as subjects: what reads a text, and what is answered to it.

Comes in: a model. Goes out: a `Subject`. Imports network, tasks and data.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recurry.backends import Symbols as InputSymbols
from recurry.data.codec import Codec
from recurry.data.examples import Examples
from recurry.data.sides import BEGIN_NAME, END_NAME, Sides, spaced
from recurry.errors import UsageError
from recurry.inspection.language_subject import describe_layers, inputs_of
from recurry.inspection.subject import Kind, SubjectLayer, Symbols, dense, make_layers
from recurry.inspection.text_reader import TextReader
from recurry.network.classifier import Classifier
from recurry.network.recurrent import Recurrent
from recurry.network.tagger import Tagger
from recurry.network.translated import Translated
from recurry.tasks.find import find_task
from recurry.tasks.model import Model
from recurry.tasks.record_task import RecordTask
from recurry.tasks.tag import make_words


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordSubject:
    """What subjects of tasks over records share; those below say how a text is read.

    Attributes:
        model: The model itself.
        recurrent: The layers that read.
        symbols: What it chooses from.
        table: The vector of each symbol, (V, I); None for one-hot vectors.
        kind: What it does.
        layers: Its layers, each direction by itself.
        title: What it is, in a few words.
    """

    model: Model
    recurrent: Recurrent
    symbols: tuple[str, ...]
    table: Tensor | None
    kind: Kind
    layers: tuple[SubjectLayer, ...] = field(init=False)
    title: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", make_layers(self.recurrent))
        known = f"{self.model.task}, {self.model.knowledge}"
        object.__setattr__(self, "title", f"{describe_layers(self.recurrent)}: {known}")

    def read(self, text: str) -> Symbols:
        """A text as symbols; those that are unknown are marked, never refused."""
        raise NotImplementedError

    def number(self, ids: np.ndarray) -> Symbols:
        """Refused: what such a model reads is made of text.

        Raises:
            UsageError: Always.
        """
        raise UsageError(
            f"A model of the task {self.model.task} reads texts.",
            got="symbol numbers",
            accepted="a text",
        )

    def inputs(self, symbols: Symbols, start: int, stop: int) -> Tensor | InputSymbols:
        """What the first layer reads at some steps, (n, 1, I)."""
        if symbols.vectors is None:
            return inputs_of(symbols.ids[start:stop], self.table, like=self)
        vectors = torch.from_numpy(symbols.vectors[start:stop])[:, None]
        return vectors.to(self.recurrent.device, self.recurrent.dtype)

    def embed(self, ids: np.ndarray) -> np.ndarray:
        """The vectors of symbols, (T, I) float32; zeros for -1."""
        return dense(ids, self.table, num_symbols=self.recurrent.input_size)

    def log_probabilities(self, hidden: np.ndarray) -> None:
        """None: it predicts no next symbol."""

    def losses(self, hidden: Tensor, ids: np.ndarray) -> None:
        """None: it predicts no next symbol."""

    def answers(self, text: str) -> list[dict[str, Any]]:
        """What `recurry predict` answers to the text."""
        task = find_task(self.model.task)
        assert isinstance(task, RecordTask)
        return task.predict(self.model, [text])


class ClassifySubject(RecordSubject):
    """A classifier as a subject."""

    def read(self, text: str) -> Symbols:
        """The symbols of a text, of a longer one those of its beginning."""
        codec: Codec = self.model.knowledge.codec
        found = _cut(TextReader(codec).read(text), _setting(self.model, "text", "longest"))
        if len(found):
            return found
        nothing = np.array([codec.vocabulary.unknown or 0])  # what such a model reads then
        return Symbols(ids=nothing, pieces=("",), is_known=np.array([False]))


class TagSubject(RecordSubject):
    """A tagger as a subject: its symbols are the words between spaces."""

    def read(self, text: str) -> Symbols:
        """The words of a text, of a longer one those of its beginning."""
        every, longest = text.split(), _setting(self.model, "words", "longest")
        words = every[:longest]
        lexicon, network = self.model.knowledge.lexicon, self.model.network
        assert isinstance(network, Tagger)
        if not words:
            vectors = np.zeros((0, self.recurrent.input_size), dtype=np.float32)
            none = np.zeros(0, dtype=np.int64)
            return Symbols(ids=none, pieces=(), is_known=none.astype(bool), vectors=vectors)
        examples = Examples(sequences=lexicon.encode([words]))
        with torch.no_grad():
            read = network.front(make_words(examples, network.device)).vectors()
        ids = examples.sequences["words"].values.astype(np.int64)
        return Symbols(
            ids=ids,
            pieces=_word_pieces(text, len(words)),
            is_known=ids != lexicon.unknown_word,
            vectors=read[:, 0].cpu().numpy(),
            cut_at=longest if len(every) > longest else None,
        )


class TranslateSubject(RecordSubject):
    """The reading half of a translator, or of what summarises, as a subject."""

    def read(self, text: str) -> Symbols:
        """The symbols of a source and its end, of a longer one those of its beginning."""
        sides: Sides = self.model.knowledge
        longest = _setting(self.model, "text", "longest_source")
        found = _cut(TextReader(sides.source).read(spaced(sides.source.config, text)), longest)
        unknown = sides.source.vocabulary.unknown or 0
        return Symbols(
            ids=np.append(np.where(found.ids < 0, unknown, found.ids), sides.end_of_source),
            pieces=(*found.pieces, END_NAME),
            is_known=np.append(found.is_known, True),
            cut_at=found.cut_at,
        )


def record_subject(model: Model) -> RecordSubject | None:
    """A model of a task over records as a subject; None for a task that is not known here."""
    network, knowledge = model.network, model.knowledge
    if isinstance(network, Classifier):
        return ClassifySubject(
            model=model,
            recurrent=network.recurrent,
            symbols=tuple(knowledge.labels.names),
            table=None if network.front is None else network.front.weight.detach(),
            kind="classify",
        )
    if isinstance(network, Tagger):
        words = network.front.words.weight.detach()
        spelling = words.new_zeros(len(words), network.front.spelling.output_size)
        return TagSubject(
            model=model,
            recurrent=network.recurrent,
            symbols=tuple(knowledge.labels.names),
            table=torch.cat([words, spelling], 1),
            kind="tag",
        )
    if isinstance(network, Translated):
        return TranslateSubject(
            model=model,
            recurrent=network.encoder.layers,
            symbols=(*knowledge.target.vocabulary.symbols, BEGIN_NAME, END_NAME),
            table=network.source.weight.detach(),
            kind="translate",
        )
    return None


def _word_pieces(text: str, count: int) -> tuple[str, ...]:
    """The first words of a text, each with the spaces before it and the line ends behind it."""
    return tuple(re.findall(r"\s*\S+(?:\s*(?:\n|\Z))?", text)[:count])


def _cut(symbols: Symbols, longest: int) -> Symbols:
    return Symbols(
        ids=symbols.ids[:longest],
        pieces=symbols.pieces[:longest],
        is_known=symbols.is_known[:longest],
        cut_at=longest if len(symbols) > longest else None,
    )


def _setting(model: Model, table: str, name: str) -> int:
    return getattr(model.settings[table], name)
