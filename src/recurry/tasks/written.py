"""What translating and summarising share: an encoder and decoder that write a text for a text.

Comes in: pairs of texts. Goes out: a model that writes, and the loss of what it should write.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from pydantic import BaseModel
from torch import Tensor

from recurry.compiler.cell import Cell
from recurry.data.examples import Examples
from recurry.data.known import Known
from recurry.data.pairs import Counterparts, PairColumns, gather, read_pairs, same_source
from recurry.data.parts import read_parts
from recurry.data.record_configuration import PairsConfig, SidesConfig
from recurry.data.records import Rows
from recurry.data.sides import BEGIN_NAME, END_NAME, Sides
from recurry.data.stored import Records
from recurry.network.configuration import DecoderConfig, EncoderDecoderConfig
from recurry.network.translated import Translated, TranslatedConfig
from recurry.tasks.anatomy import Anatomy, Stack, Table
from recurry.tasks.attention_picture import Attended, attention_svg
from recurry.tasks.model import Model
from recurry.tasks.names import SYMBOLS
from recurry.tasks.pair_records import learn_sides, make_records, spread, unpack_texts
from recurry.tasks.record_task import RecordTask
from recurry.tasks.task import AnyScores, Settings
from recurry.tasks.translations import DecodingConfig, Reading, attend, make_source, write
from recurry.tasks.written_loss import WrittenLoss

_DRAWN = 3  # texts of the picture that a run makes


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Texts with what was written for them and what should have been.

    Attributes:
        sources: The texts, with line breaks between sentences that are known apart.
        answers: What was written.
        references: Right answers of each text, at least one.
    """

    sources: Sequence[str]
    answers: Sequence[str]
    references: Sequence[Sequence[str]]


class Written(RecordTask):
    """A text for a text. Those below say how answers are called and scored.

    Attributes:
        answer: What an answer is called.
        is_one_language: Whether texts and answers are in the same language.
    """

    answer: ClassVar[str]
    is_one_language: ClassVar[bool] = False
    tables: ClassVar[Mapping[str, type[BaseModel]]] = {
        "data": PairsConfig,
        "text": SidesConfig,
        "network": EncoderDecoderConfig,
        "decoder": DecoderConfig,
        "decoding": DecodingConfig,
    }

    @abstractmethod
    def judge(self, loss: WrittenLoss, answered: Answered) -> AnyScores:
        """The scores of answers."""

    @abstractmethod
    def require(self) -> None:
        """Complain if the package that scores is not installed.

        Raises:
            MissingExtra: It is not.
        """

    def units(self, settings: Settings) -> str:
        """Symbols of what is written are counted."""
        return getattr(settings["text"], "tokens")  # noqa: B009

    def loss_unit(self, settings: Settings) -> str:
        """A symbol of what is written."""
        return SYMBOLS[self.units(settings)]

    def counted(self, examples: Examples) -> int:
        """The same of a batch."""
        return len(examples.sequences["target"].values)

    def read(
        self, settings: Settings, knowledge: Sides | None = None, known: Known | None = None
    ) -> Records:
        """Pairs of files, split, as symbols."""
        tables: Mapping[str, Any] = settings
        data, text = tables["data"], tables["text"]
        is_learning = knowledge is None
        if is_learning and data.test is not None:
            self.require()  # now, and not when all is trained
        parts, sums, notes = read_parts(data, lambda paths: _rows(data, paths), group=same_source)
        sides = knowledge or learn_sides(parts["train"], text).extended(known)
        found: dict[str, Examples] = {}
        for part, pairs in parts.items():
            is_learnt = is_learning and part == "train"
            found[part], more = make_records(
                spread(pairs) if is_learnt else _held_out(data, pairs),
                sides,
                text,
                part=part,
                has_copying=tables["decoder"].has_copying,
                is_learnt=is_learnt,
            )
            notes += more
        return Records.of_parts(found, sides.to_dict(), sha256=sums, notes=notes)

    def read_knowledge(self, data: Any) -> Sides:
        """Both codecs."""
        return Sides.from_dict(data)

    def make_network(self, cell: Cell, settings: Settings, knowledge: Sides) -> Translated:
        """Encoder, attention, decoder."""
        tables: Mapping[str, Any] = settings
        sizes, decoder = tables["network"].model_dump(), tables["decoder"].model_dump()
        return Translated(
            TranslatedConfig(**sizes, **decoder),
            num_source=knowledge.num_source,
            num_target=knowledge.num_target,
            begin=knowledge.begin,
            unknown=knowledge.unknown,
            dropout=tables["dropout"],
            cell=cell,
        )

    def loss(self, model: Model, examples: Examples) -> tuple[Float[Tensor, ""], float]:
        """Cross-entropy of each symbol of the answer."""
        network = _network(model)
        source = make_source(
            examples.sequences["source"],
            examples.sequences["copies"] if network.config.has_copying else None,
            network.bias.device,
        )
        targets = examples.sequences["target"]
        ids = torch.from_numpy(targets.padded()).to(network.bias.device)
        total, count = network.loss(source, ids, targets.lengths.tolist())
        return total, float(count)

    def anatomy(self, model: Model) -> Anatomy:
        """Vectors of symbols of both sides, encoder, decoder, the scores of symbols."""
        network, sides = _network(model), model.knowledge
        source = Table.of(sides.source, network.source.weight, role="reads", others=(END_NAME,))
        target = Table.of(
            sides.target, network.target.weight, role="writes", others=(BEGIN_NAME, END_NAME)
        )
        # Vectors of words are those of one language.
        is_one = sides.is_joint or self.is_one_language
        scores = (network.bias,) if network.weight is None else (network.weight, network.bias)
        return Anatomy(
            tables=(source, replace(target, has_words=is_one)),
            stacks=(
                Stack(role="reads", layers=network.encoder.layers),
                Stack(role="writes", layers=network.decoder),
            ),
            answers=target.symbols,
            head=scores,
        )

    def validate(self, model: Model, data: Examples) -> WrittenLoss:
        """The loss alone, as writing takes long."""
        return WrittenLoss.of(*self.mean_loss(model, data), num_records=len(data))

    def score(self, model: Model, data: Examples) -> AnyScores:
        """The loss, and how good what is written is."""
        self.require()
        sources = unpack_texts(data.sequences["texts"])
        references = [text.split("\n") for text in unpack_texts(data.sequences["references"])]
        answers = [answer[self.answer] for answer in self.predict(model, sources)]
        answered = Answered(sources=sources, answers=answers, references=references)
        return self.judge(self.validate(model, data), answered)

    def predict(self, model: Model, texts: Sequence[str]) -> list[dict[str, Any]]:
        """What is written for each text.

        An answer has `remarks` where its text was empty, was cut, or has no known symbol.
        """
        sides: Sides = model.knowledge
        reading = _reading(model, texts)
        written = self.write(model, reading)
        answers: list[dict[str, Any]] = []
        for number, (symbols, copied) in enumerate(zip(written, reading.copied, strict=True)):
            remarks = reading.remarks(number)
            answer = {self.answer: sides.spell(symbols, copied)}
            answers.append(answer | ({"remarks": remarks} if remarks else {}))
        return answers

    def write(self, model: Model, reading: Reading) -> list[tuple[int, ...]]:
        """The symbols that are written for each text, their end included."""
        return write(_network(model), model.knowledge, reading, _decoding(model))

    def attention(self, model: Model, texts: Sequence[str]) -> list[Attended]:
        """What is written for each text, with the weights over it at each step."""
        sides: Sides = model.knowledge
        reading = _reading(model, texts)
        written = self.write(model, reading)
        weights = attend(_network(model), sides, reading, written)
        return [
            Attended(
                source=sides.pieces_read(numbers),
                target=sides.pieces_written(symbols, copied),
                weights=found,
            )
            for numbers, symbols, copied, found in zip(
                reading.sources, written, reading.copied, weights, strict=True
            )
        ]

    def pictures(self, model: Model, data: Examples) -> Mapping[str, str]:
        """The attention of the first texts."""
        texts = unpack_texts(data.take(range(min(_DRAWN, len(data)))).sequences["texts"])
        return {"attention.svg": attention_svg(self.attention(model, texts))}


def _network(model: Model) -> Translated:
    assert isinstance(model.network, Translated)
    return model.network


def _decoding(model: Model) -> DecodingConfig:
    table = model.settings["decoding"]
    assert isinstance(table, DecodingConfig)
    return table


def _reading(model: Model, texts: Sequence[str]) -> Reading:
    text = model.settings["text"]
    assert isinstance(text, SidesConfig)
    return Reading.of(
        model.knowledge,
        texts,
        longest=text.longest_source,
        has_copying=_network(model).config.has_copying,
    )


def _rows(data: PairsConfig, paths: Sequence[str]) -> Rows[Counterparts]:
    return read_pairs(paths, columns=_columns(data), encoding=data.encoding)


def _columns(data: PairsConfig) -> PairColumns:
    return PairColumns(layout=data.layout, source=data.source_column, target=data.target_column)


def _held_out(data: PairsConfig, pairs: list[Counterparts]) -> list[Counterparts]:
    """Rows of a table with the same source are one text with several right answers, unless the
    file names those itself; line N of parallel files is a text of its own."""
    is_parallel = _columns(data).find_layout(data.paths) == "parallel"
    is_gathered = any(len(pair.targets) > 1 for pair in pairs)
    return pairs if is_parallel or is_gathered else gather(pairs)
