"""Write texts of a class: the reverse of telling classes apart.

Comes in: labelled texts. Goes out: a model that writes new ones, each begun from its class.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from torch.nn import functional

from recurry.compiler.cell import Cell
from recurry.data.codec import Codec
from recurry.data.examples import Examples
from recurry.data.fingerprints import Fingerprints
from recurry.data.known import Known
from recurry.data.labels import Labels
from recurry.data.parts import read_parts
from recurry.data.record_configuration import RecordsConfig, TextConfig
from recurry.data.stored import Records
from recurry.data.vocabulary import damaged
from recurry.errors import unknown_name
from recurry.network.configuration import ByClassConfig
from recurry.network.configured import make_layers
from recurry.network.decoding import WIDEST, Path, Ranking, sample, search
from recurry.network.sampling import Sampling
from recurry.network.seeded import Seeded, SeededWriter
from recurry.tasks.anatomy import EDGE_NAME, Anatomy, Stack, Table
from recurry.tasks.class_texts import Learnt, learn, make_records, read_labelled_texts
from recurry.tasks.model import Model
from recurry.tasks.names import SYMBOLS
from recurry.tasks.record_task import RecordTask
from recurry.tasks.scoring import evaluating
from recurry.tasks.task import Settings
from recurry.tasks.written_loss import WrittenLoss

_MOST_SCORED = 1000  # texts that are written to be scored
_TOGETHER = 256  # texts that are written side by side
_DIGITS = 4  # of a log-probability


class WritingConfig(BaseModel):
    """How the most probable text of a class is searched.

    Attributes:
        beam: Open paths of the search.
        length_penalty: From 0, where short texts win.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    beam: int = Field(default=5, ge=1, le=WIDEST)
    length_penalty: float = Field(default=0.0, ge=0, allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True)
class WritingScores(WrittenLoss):
    """How surprising texts are to one who knows their class, and how new what is written is.

    Attributes:
        copied: Share of written texts that the training part has; one text is written for each
            record, of its class, at most 1,000.
        held_out_copied: Share of these records themselves that the training part has: what an
            author of true texts would reach.
        distinct: Different texts among those written, as a share of them.
        num_written: Texts that were written.
    """

    copied: float
    held_out_copied: float
    distinct: float
    num_written: int

    @property
    def headline(self) -> str:
        """The perplexity and the share that was copied."""
        return f"perplexity {self.perplexity:.4g}, {100 * self.copied:.1f} % copied"


class Conditional(RecordTask):
    """Texts of a class."""

    name: ClassVar[str] = "conditional"
    kind: ClassVar[str] = "conditional"
    preset: ClassVar[str] = "conditional"
    tables: ClassVar[Mapping[str, type[BaseModel]]] = {
        "data": RecordsConfig,
        "text": TextConfig,
        "network": ByClassConfig,
        "decoding": WritingConfig,
    }

    def units(self, settings: Settings) -> str:
        """Symbols are counted."""
        return getattr(settings["text"], "tokens")  # noqa: B009

    def loss_unit(self, settings: Settings) -> str:
        """A symbol."""
        return SYMBOLS[self.units(settings)]

    def counted(self, examples: Examples) -> int:
        """The symbols of a batch, ends included."""
        return len(examples.sequences["text"].values)

    def read(
        self, settings: Settings, knowledge: Learnt | None = None, known: Known | None = None
    ) -> Records:
        """Rows of files, split, as symbols and classes."""
        tables: Mapping[str, Any] = settings
        data, text = tables["data"], tables["text"]
        parts, sums, notes = read_parts(data, lambda paths: read_labelled_texts(data, paths))
        if knowledge is None:
            knowledge = learn(parts["train"], text, known)
        found: dict[str, Examples] = {}
        for part, rows in parts.items():
            found[part], more = make_records(rows, knowledge, part=part, longest=text.longest)
            notes += more
        return Records.of_parts(found, knowledge.to_dict(), sha256=sums, notes=notes)

    def read_knowledge(self, data: Any) -> Learnt:
        """Codec, classes and sums."""
        if not isinstance(data, Mapping) or set(data) != {"codec", "labels", "texts"}:
            raise damaged("it is no table of codec, labels and texts")
        labels = Labels.from_dict(data["labels"])
        if labels.kind != "class":
            raise damaged("its labels are no classes")
        return Learnt(
            codec=Codec.from_dict(data["codec"]),
            labels=labels,
            texts=Fingerprints.from_dict(data["texts"]),
        )

    def make_network(self, cell: Cell, settings: Settings, knowledge: Learnt) -> Seeded:
        """Layers that begin from a class, or read it beside every symbol."""
        tables: Mapping[str, Any] = settings
        config = tables["network"]
        size, dropout = config.embedding_size, tables["dropout"]
        layers = make_layers(cell, config, input_size=size, dropout=dropout)
        return Seeded(
            layers,
            knowledge.codec.num_symbols + 1,
            vector_size=len(knowledge.labels),
            feed=config.feed,
            begin=knowledge.edge,
        )

    def anatomy(self, model: Model) -> Anatomy:
        """Vectors of symbols, layers, the scores of symbols."""
        network = _network(model)
        table = Table.of(
            model.knowledge.codec, network.symbols.weight, role="writes", others=(EDGE_NAME,)
        )
        return Anatomy(
            tables=(table,),
            stacks=(Stack(role="writes", layers=network.layers),),
            answers=table.symbols,
            head=(network.head.weight, network.head.bias),
        )

    def loss(self, model: Model, examples: Examples) -> tuple[Float[Tensor, ""], float]:
        """Cross-entropy of each symbol and of the ends."""
        network, texts = _network(model), examples.sequences["text"]
        targets = torch.from_numpy(texts.padded()).to(network.head.weight.device)
        classes = _vectors(model, examples.values["label"])
        total, count = network.loss(classes, targets, texts.lengths.tolist())
        return total, float(count)

    def validate(self, model: Model, data: Examples) -> WrittenLoss:
        """The loss alone."""
        return WrittenLoss.of(*self.mean_loss(model, data), num_records=len(data))

    def score(self, model: Model, data: Examples) -> WritingScores:
        """The loss, and how much of what is written was written before."""
        learnt: Learnt = model.knowledge
        some = data.take(range(min(len(data), _MOST_SCORED)))
        true = [learnt.spell(text) for text in some.sequences["text"]]
        classes = [learnt.labels.names[n] for n in some.values["label"].tolist()]
        written = self.write_of(model, classes)
        count = max(len(written), 1)
        return WritingScores(
            **vars(self.validate(model, data)),
            copied=sum(text in learnt.texts for text in written) / count,
            held_out_copied=sum(text in learnt.texts for text in true) / count,
            distinct=len(set(written)) / count,
            num_written=len(written),
        )

    def write_of(
        self,
        model: Model,
        classes: Sequence[str],
        *,
        sampling: Sampling | None = None,
        seed: int = 0,
        length: int | None = None,
    ) -> list[str]:
        """A text drawn for each class. Text i depends on its class, the seed and i alone.

        Args:
            model: Left as it was.
            classes: Their names; one may be asked for often.
            sampling: Temperature, top-k and top-p; plain sampling when not given.
            seed: A whole number from 0.
            length: Most symbols of a text; as many as a text to learn from may have when not given.

        Raises:
            UsageError: There is no such class (the nearest are named), or a number is out of range.
        """
        with evaluating(model.network):
            paths = sample(
                _Writer(model, class_numbers(model, classes)),
                length=_longest(model) if length is None else length,
                end=model.knowledge.edge,
                sampling=sampling,
                seed=seed,
            )
        return [model.knowledge.spell(path.symbols) for path in paths]

    def predict(self, model: Model, texts: Sequence[str]) -> list[dict[str, Any]]:
        """The most probable text of each class that is named."""
        names = [text.strip() for text in texts]
        asked = list(dict.fromkeys(names))
        numbers = class_numbers(model, asked)
        config = model.settings["decoding"]
        assert isinstance(config, WritingConfig)
        best: dict[str, Path] = {}
        with evaluating(model.network):
            for start in range(0, len(asked), _TOGETHER):
                some = slice(start, start + _TOGETHER)
                found = _search(model, numbers[some], config)
                best |= dict(zip(asked[some], found, strict=True))
        return [_answer(model, best[name]) for name in names]


def class_numbers(model: Model, names: Sequence[str]) -> list[int]:
    """The numbers of classes.

    Raises:
        UsageError: There is none of a name; the nearest are named.
    """
    known = model.knowledge.labels.numbers
    for name in names:
        if name not in known:
            raise unknown_name("class", name, known=tuple(known))
    return [known[name] for name in names]


class _Writer(SeededWriter):
    """Writes texts of classes; a symbol that stands for others is never written."""

    def __init__(self, model: Model, classes: Sequence[int]) -> None:
        super().__init__(_network(model), _vectors(model, np.array(classes, dtype=np.int64)))
        self._unknown = model.knowledge.codec.vocabulary.unknown

    def step(self, symbols: Tensor, state: Any) -> tuple[Tensor, Any]:
        """As every writer."""
        logs, new = super().step(symbols, state)
        if self._unknown is not None:
            logs[:, self._unknown] = -torch.inf
        return logs, new


def _search(model: Model, classes: Sequence[int], config: WritingConfig) -> list[Path]:
    """The most probable text of each class."""
    found = search(
        _Writer(model, classes),
        length=_longest(model),
        end=model.knowledge.edge,
        width=config.beam,
        ranking=Ranking(length_penalty=config.length_penalty),
    )
    return [best for best, *_ in found]


def _answer(model: Model, path: Path) -> dict[str, Any]:
    text = model.knowledge.spell(path.symbols)
    nats = round(path.log_probability, _DIGITS)
    return {"text": text, "log_probability": nats, "is_new": text not in model.knowledge.texts}


def _network(model: Model) -> Seeded:
    assert isinstance(model.network, Seeded)
    return model.network


def _longest(model: Model) -> int:
    text = model.settings["text"]
    assert isinstance(text, TextConfig)
    return text.longest + 1


def _vectors(model: Model, classes: np.ndarray) -> Float[Tensor, "B K"]:
    """A one in the place of each class."""
    weight = _network(model).seed.weight
    numbers = torch.from_numpy(classes).to(weight.device)
    return functional.one_hot(numbers, len(model.knowledge.labels)).to(weight.dtype)
