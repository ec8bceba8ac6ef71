"""Fill blanks: a forward and a backward language model say together what is missing in a line.

Comes in: a text, line by line. Goes out: a model that fills the blanks of other lines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from pydantic import BaseModel
from torch import Tensor

from recurry.compiler.cell import Cell
from recurry.data.batches import in_order
from recurry.data.blanks import Blanked, encode_lines, learn_words, read_lines
from recurry.data.codec import Codec
from recurry.data.examples import Examples
from recurry.data.known import Known, extend_written
from recurry.data.parts import read_parts
from recurry.data.record_configuration import LineConfig, LinesConfig
from recurry.data.stored import Records
from recurry.data.vocabulary import damaged
from recurry.network.both_ways import BothWays
from recurry.network.configuration import TwoReadersConfig
from recurry.tasks.anatomy import EDGE_NAME, Anatomy, Stack, Table
from recurry.tasks.filling import Filled, Filler, FillingConfig, shares
from recurry.tasks.model import Model
from recurry.tasks.record_task import READING_STEPS, RecordTask
from recurry.tasks.scoring import evaluating, perplexity_of
from recurry.tasks.task import Settings

_DIGITS = 4  # of a probability; further ones depend on which lines were read side by side
_MOST_SCORED = 5000  # blanks


@dataclass(frozen=True, kw_only=True)
class FillLoss:
    """How surprising the words of lines are, read from either end.

    Attributes:
        loss_nats: Nats a word, the end of each line included; the mean of both models.
        forward_perplexity: Of the forward model alone.
        backward_perplexity: Of the backward model alone.
        num_words: Words.
        num_records: Lines.
    """

    loss_nats: float
    forward_perplexity: float
    backward_perplexity: float
    num_words: int
    num_records: int

    @property
    def headline(self) -> str:
        """The perplexities."""
        return f"perplexity {self.forward_perplexity:.4g} and {self.backward_perplexity:.4g}"


@dataclass(frozen=True, kw_only=True)
class FillScores(FillLoss):
    """How well blanks are filled: a blank a line, whose word the vocabulary has.

    Attributes:
        accuracy: Share of blanks whose word is the first answer of both models together.
        accuracy_of_five: Share of blanks whose word is among the first five.
        forward_accuracy: Share of blanks whose word is the forward model's own first one.
        backward_accuracy: The same of the backward model.
        num_blanks: Blanks.
    """

    accuracy: float
    accuracy_of_five: float
    forward_accuracy: float
    backward_accuracy: float
    num_blanks: int

    @property
    def headline(self) -> str:
        """The accuracy beside that of the forward model."""
        return (
            f"{100 * self.accuracy:.1f} % of blanks right, "
            f"{100 * self.forward_accuracy:.1f} % by the forward model alone"
        )


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """The words of the training part.

    Attributes:
        codec: How text becomes words.
    """

    codec: Codec

    def __repr__(self) -> str:
        return f"{self.codec.num_symbols:,} words"

    @property
    def unknown(self) -> int:
        """The word that stands for all others."""
        return self.codec.vocabulary.unknown or 0

    @property
    def edge(self) -> int:
        """The symbol before and behind a line."""
        return self.codec.num_symbols

    def to_dict(self) -> dict[str, Any]:
        """A value that JSON can hold."""
        return {"codec": self.codec.to_dict()}


class Fill(RecordTask):
    """What stands in the blanks of a line."""

    name: ClassVar[str] = "fill"
    kind: ClassVar[str] = "fill"
    preset: ClassVar[str] = "fill"
    tables: ClassVar[Mapping[str, type[BaseModel]]] = {
        "data": LinesConfig,
        "text": LineConfig,
        "network": TwoReadersConfig,
        "decoding": FillingConfig,
    }

    def units(self, settings: Settings) -> str:
        """Words are counted."""
        return "words"

    def loss_unit(self, settings: Settings) -> str:
        """The loss is that of a word."""
        return "word"

    def counted(self, examples: Examples) -> int:
        """The words of a batch, which both models read."""
        return len(examples.sequences["words"].values)

    def read(
        self, settings: Settings, knowledge: Learnt | None = None, known: Known | None = None
    ) -> Records:
        """Lines of files, split, as words."""
        tables: Mapping[str, Any] = settings
        data, text = tables["data"], tables["text"]
        parts, sums, notes = read_parts(
            data,
            lambda paths: read_lines(paths, text_column=data.text_column, encoding=data.encoding),
        )
        if knowledge is None:
            codec = learn_words(text, [line.text for line in parts["train"]])
            knowledge = Learnt(codec=extend_written(codec, known))
        found: dict[str, Examples] = {}
        for part, lines in parts.items():
            words, more = encode_lines(knowledge.codec, lines, longest=text.longest, part=part)
            found[part] = Examples(sequences={"words": words})
            notes += more
        return Records.of_parts(found, knowledge.to_dict(), sha256=sums, notes=notes)

    def read_knowledge(self, data: Any) -> Learnt:
        """The codec."""
        if not isinstance(data, Mapping) or set(data) != {"codec"}:
            raise damaged("it is no table of a codec")
        codec = Codec.from_dict(data["codec"])
        if codec.config.tokens != "words":
            raise damaged("its symbols are no words")
        return Learnt(codec=codec)

    def make_network(self, cell: Cell, settings: Settings, knowledge: Learnt) -> BothWays:
        """Both language models."""
        tables: Mapping[str, Any] = settings
        return BothWays(
            cell,
            tables["network"],
            dropout=tables["dropout"],
            num_symbols=knowledge.codec.num_symbols + 1,
            edge=knowledge.edge,
        )

    def anatomy(self, model: Model) -> Anatomy:
        """Vectors of words, the layers of both models, the scores of words."""
        network = _network(model)
        table = Table.of(
            model.knowledge.codec, network.symbols.weight, role="writes", others=(EDGE_NAME,)
        )
        scores = (network.bias,) if network.weight is None else (network.weight, network.bias)
        return Anatomy(
            tables=(table,),
            stacks=(
                Stack(role="writes", layers=network.ahead),
                Stack(role="writes", layers=network.back, is_backward=True),
            ),
            answers=table.symbols,
            head=scores,
        )

    def loss(self, model: Model, examples: Examples) -> tuple[Float[Tensor, ""], float]:
        """Cross-entropy of each word and of the ends, in both directions."""
        network = _network(model)
        total, count = network.loss(*_block(examples, network.device))
        return total, float(count)

    def validate(self, model: Model, data: Examples) -> FillLoss:
        """The loss alone, as filling takes long."""
        network, total = _network(model), np.zeros(2)
        with evaluating(network), torch.no_grad():
            for members in in_order(data.lengths, steps=READING_STEPS):
                words, lengths = _block(data.take(members), network.device)
                found = network.log_probabilities(words, lengths)
                total -= found.double().sum(1).cpu().numpy()
        num_words = int(data.lengths.sum())
        forward, backward = (total / max(num_words + len(data), 1)).tolist()
        return FillLoss(
            loss_nats=(forward + backward) / 2,
            forward_perplexity=perplexity_of(forward),
            backward_perplexity=perplexity_of(backward),
            num_words=num_words,
            num_records=len(data),
        )

    def score(self, model: Model, data: Examples) -> FillScores:
        """The loss, and how many blanks are filled right: one a line, by chance but always the
        same, of at most 5,000 lines."""
        known: Learnt = model.knowledge
        blanked, truth = draw_blanks(data, unknown=known.unknown)
        filler = _filler(model, longest=1)
        ranked = [[filled.blanks[0][0] for filled in found] for found in filler.fill(blanked)]
        alone = [filler.expect(blanked, is_backward=is_backward) for is_backward in (False, True)]
        count = max(len(truth), 1)
        right = [sum(a == b for a, b in zip(x.tolist(), truth, strict=True)) for x in alone]
        return FillScores(
            **vars(self.validate(model, data)),
            accuracy=sum(a[:1] == [b] for a, b in zip(ranked, truth, strict=True)) / count,
            accuracy_of_five=sum(b in a[:5] for a, b in zip(ranked, truth, strict=True)) / count,
            forward_accuracy=right[0] / count,
            backward_accuracy=right[1] / count,
            num_blanks=len(truth),
        )

    def predict(self, model: Model, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Each line with its blanks filled, and what may stand in each blank.

        An answer has `remarks` where its text was `empty`, has `no blank`, or was `cut`: words far
        from all blanks were not read.
        """
        text, codec = model.settings["text"], model.knowledge.codec
        assert isinstance(text, LineConfig)
        lines = [Blanked.read(codec, line, longest=text.longest) for line in texts]
        found = _filler(model).fill([line.segments for line in lines])
        return [_answer(model, line, fillings) for line, fillings in zip(lines, found, strict=True)]


def draw_blanks(data: Examples, *, unknown: int) -> tuple[list[list[np.ndarray]], list[int]]:
    """Lines with a word taken out of each, and these words.

    Words that the vocabulary lacks stay in, so a line of such words alone is left out. Of more
    than 5,000 lines some are drawn; what is drawn depends on the lines alone.
    """
    generator = np.random.default_rng(0)
    order = generator.permutation(len(data))
    blanked: list[list[np.ndarray]] = []
    truth: list[int] = []
    for words in (data.sequences["words"][n].astype(np.int64) for n in order.tolist()):
        places = np.flatnonzero(words != unknown)
        if len(places) and len(truth) < _MOST_SCORED:
            place = int(generator.choice(places))
            blanked.append([words[:place], words[place + 1 :]])
            truth.append(int(words[place]))
    return blanked, truth


def _answer(model: Model, line: Blanked, fillings: Sequence[Filled]) -> dict[str, Any]:
    config, codec = _decoding(model), model.knowledge.codec
    blanks = [
        [
            {"words": codec.decode(words).strip(), "probability": round(share, _DIGITS)}
            for words, share in shares(fillings, place)[: config.shown]
        ]
        for place in range(line.num_blanks)
    ]
    best = fillings[0].blanks if fillings else ()
    filled = line.filled([codec.decode(words).strip() for words in best])
    marks = (
        ("empty", not line.text.strip()),
        ("no blank", bool(line.text.strip()) and not line.num_blanks),
        ("cut", line.is_cut),
    )
    remarks = [word for word, is_so in marks if is_so]
    return {"filled": filled, "blanks": blanks} | ({"remarks": remarks} if remarks else {})


def _network(model: Model) -> BothWays:
    assert isinstance(model.network, BothWays)
    return model.network


def _decoding(model: Model) -> FillingConfig:
    table = model.settings["decoding"]
    assert isinstance(table, FillingConfig)
    return table


def _filler(model: Model, *, longest: int | None = None) -> Filler:
    config = _decoding(model)
    if longest is not None:
        config = config.model_copy(update={"longest": longest})
    return Filler(_network(model), unknown=model.knowledge.unknown, config=config)


def _block(examples: Examples, device: torch.device) -> tuple[Tensor, list[int]]:
    words = examples.sequences["words"]
    return torch.from_numpy(words.padded()).to(device), words.lengths.tolist()
