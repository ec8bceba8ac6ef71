"""Label the words of sentences: parts of speech, entities.

Comes in: labelled sentences. Goes out: a model that labels words, and files with its labels.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from recurry.compiler.cell import Cell
from recurry.data.batches import in_order
from recurry.data.columns import CONLLU_FIELDS, Sentence
from recurry.data.examples import Examples, Ragged
from recurry.data.known import Known
from recurry.data.labels import UNSEEN, Labels
from recurry.data.lexicon import Lexicon
from recurry.data.parts import read_parts
from recurry.data.record_configuration import SentencesConfig, WordsConfig
from recurry.data.sentences import (
    SentenceColumns,
    cut_sentences,
    find_sentences,
    read_sentences,
    write_back,
)
from recurry.data.spans import Span, find_spans
from recurry.data.stored import Records
from recurry.data.vocabulary import damaged
from recurry.errors import UsageError
from recurry.network.configuration import SpellingConfig, TaggerConfig
from recurry.network.tagger import Tagger, make_front
from recurry.network.words import Words
from recurry.tasks.anatomy import Anatomy, Stack, Table
from recurry.tasks.class_scores import confusion
from recurry.tasks.confusion import confusion_svg
from recurry.tasks.model import Model
from recurry.tasks.record_task import READING_STEPS, RecordTask
from recurry.tasks.scoring import evaluating
from recurry.tasks.tag_knowledge import Knowledge, learn
from recurry.tasks.tag_notes import sentence_notes
from recurry.tasks.tag_scores import TagScores, score_entities, score_words
from recurry.tasks.task import Settings

_SCHEMES = ("none", "bio", "bioes")


class TagsConfig(BaseModel):
    """What the labels are.

    Attributes:
        scheme: "bio" and "bioes" mark entities: only valid sequences are answered, and entities
            are scored; "none" are labels that stand alone; "auto" finds it out.
        crf: Whether labels are scored as a sequence (a conditional random field), not alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheme: Literal["auto", "none", "bio", "bioes"] = "auto"
    crf: bool = False


class Tag(RecordTask):
    """A label a word."""

    name: ClassVar[str] = "tag"
    kind: ClassVar[str] = "tag"
    preset: ClassVar[str] = "tag"
    tables: ClassVar[Mapping[str, type[BaseModel]]] = {
        "data": SentencesConfig,
        "words": WordsConfig,
        "network": TaggerConfig,
        "spelling": SpellingConfig,
        "answer": TagsConfig,
    }

    def read(
        self,
        settings: Settings,
        knowledge: Knowledge | None = None,
        known: Known | None = None,
    ) -> Records:
        """Sentences of files, split, as numbers of words, characters and labels."""
        tables: Mapping[str, Any] = settings
        data = tables["data"]
        parts, sums, notes = read_parts(
            data,
            lambda paths: read_sentences(paths, columns=_columns(data), encoding=data.encoding),
        )
        if knowledge is None:
            knowledge = learn(parts["train"], tables["words"], tables["answer"].scheme, known)
        found: dict[str, Examples] = {}
        for part, sentences in parts.items():
            longest = tables["words"].longest
            found[part] = _examples(cut_sentences(sentences, longest), knowledge)
            notes += sentence_notes(sentences, knowledge, part=part, longest=longest)
        return Records.of_parts(found, knowledge.to_dict(), sha256=sums, notes=notes)

    def read_knowledge(self, data: Any) -> Knowledge:
        """Lexicon, labels and scheme."""
        if not isinstance(data, Mapping) or set(data) != {"lexicon", "labels", "scheme"}:
            raise damaged("it is no table of lexicon, labels and scheme")
        labels = Labels.from_dict(data["labels"])
        if labels.kind != "class" or data["scheme"] not in _SCHEMES:
            raise damaged("its labels are no classes, or of no known scheme")
        lexicon = Lexicon.from_dict(data["lexicon"])
        found = Knowledge(lexicon=lexicon, labels=labels, scheme=data["scheme"])
        _ = found.rules  # refuses labels that are none of the scheme
        return found

    def make_network(self, cell: Cell, settings: Settings, knowledge: Knowledge) -> Tagger:
        """Words with characters, layers, labels."""
        tables: Mapping[str, Any] = settings
        return Tagger(
            cell,
            tables["network"],
            front=make_front(tables["network"], tables["spelling"], knowledge.lexicon),
            dropout=tables["dropout"],
            num_labels=len(knowledge.labels),
            crf=tables["answer"].crf,
            allowed=knowledge.rules,
        )

    def loss_unit(self, settings: Settings) -> str:
        """A word."""
        return "word"

    def loss(self, model: Model, examples: Examples) -> tuple[Float[Tensor, ""], float]:
        """Cross-entropy of each label, or of the sequence."""
        network = model.network
        assert isinstance(network, Tagger)
        labels = torch.from_numpy(examples.sequences["labels"].padded()).to(network.device)
        words = make_words(examples, network.device)
        total, count = network.loss(words, labels, examples.lengths.tolist())
        return total, float(count)

    def anatomy(self, model: Model) -> Anatomy:
        """Vectors of words and characters, layers that read sentences and words, labels."""
        network, known = model.network, model.knowledge
        assert isinstance(network, Tagger)
        return Anatomy(
            tables=(
                Table(
                    role="reads",
                    weight=network.front.words.weight,
                    vocabulary=known.lexicon.words,
                    symbol_of=known.lexicon.symbol_of,
                ),
                Table(
                    role="spells",
                    weight=network.front.spelling.characters.weight,
                    vocabulary=known.lexicon.characters,
                    has_words=False,
                ),
            ),
            stacks=(
                Stack(role="reads", layers=network.recurrent),
                *(Stack(role="spells", layers=x) for x in [network.front.spelling.layer] if x),
            ),
            answers=known.labels.names,
            head=(network.head.linear.weight, network.head.linear.bias),
        )

    def score(self, model: Model, data: Examples) -> TagScores:
        """Accuracy, and where labels mark entities precision, recall and F1."""
        answers, nats = _answers(model, data)
        known: Knowledge = model.knowledge
        words = score_words(
            answers.values,
            data.sequences["labels"].values,
            is_unknown=data.sequences["words"].values == known.lexicon.unknown_word,
            loss_nats=nats,
            num_records=len(data),
        )
        if known.scheme == "none":
            return words
        found = [find_spans(_names(row, known)) for row in answers]
        return score_entities(words, found, _true_spans(data, known))

    def pictures(self, model: Model, data: Examples) -> Mapping[str, str]:
        """The confusion matrix."""
        names = model.knowledge.labels.names
        truth = data.sequences["labels"].values.astype(np.int64)
        counts = confusion(_answers(model, data)[0].values, truth, num_classes=len(names))
        return {"confusion.svg": confusion_svg(counts, names, title="Confusion matrix")}

    def predict(self, model: Model, texts: Sequence[str]) -> list[dict[str, Any]]:
        """The labels of the words of each text, which stand between spaces.

        An answer has `remarks` where its text was empty, or has no known character.
        """
        known = model.knowledge.lexicon.characters.numbers
        sentences = [text.split() for text in texts]
        labels = self.label(model, sentences)
        answers: list[dict[str, Any]] = []
        for words, found in zip(sentences, labels, strict=True):
            is_strange = not any(character in known for word in words for character in word)
            remarks = ["unknown"] if words else ["empty"]
            answer: dict[str, Any] = {"labels": found, "words": words}
            answers.append(answer | ({"remarks": remarks} if is_strange else {}))
        return answers

    def label(self, model: Model, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """A label for each word of sentences; none depends on another sentence."""
        longest: int = getattr(model.settings["words"], "longest")  # noqa: B009
        cut = [
            (number, list(words[start : start + longest]))
            for number, words in enumerate(sentences)
            for start in range(0, len(words), longest)
        ]
        numbers = model.knowledge.lexicon.encode([words for _, words in cut])
        answers, _ = _answers(model, Examples(sequences=numbers))
        found: list[list[str]] = [[] for _ in sentences]
        for (number, _), row in zip(cut, answers, strict=True):
            found[number] += _names(row, model.knowledge)
        return found

    def rewrite(self, model: Model, text: str, name: str) -> str:
        """A file with the label of each word: in its field of CoNLL-U, else as one column more.

        Raises:
            DataError: The file has no sentence, or a line is broken.
            UsageError: It is CoNLL-U, and the model has learnt from no field of it.
        """
        data = model.settings["data"]
        assert isinstance(data, SentencesConfig)
        columns = _columns(data)
        is_field = columns.label.upper() in CONLLU_FIELDS
        if columns.is_conllu(name) and not is_field and not any(map(columns.is_conllu, data.paths)):
            raise UsageError(
                "The model has learnt from no field of CoNLL-U, so no field is its own.",
                where=name,
                got=f"a model that was trained on {', '.join(data.paths[:3]) or 'columns'}",
                accepted="a field that may be overwritten: " + ", ".join(CONLLU_FIELDS[2:]),
                hint="--label-column MISC",
            )
        sentences = find_sentences(text, columns=columns, name=name, has_labels=False)
        labels = self.label(model, [sentence.words for sentence in sentences])
        return write_back(text, sentences, labels, columns=columns, name=name)


def make_words(examples: Examples, device: torch.device) -> Words:
    """The words of a batch, each different one once."""
    words, characters, sizes = (examples.sequences[n] for n in ("words", "characters", "sizes"))
    lengths = sizes.values
    spelt = Ragged(
        values=characters.values, offsets=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    )
    # A row of one width for each word: its number, its characters, and what is no character.
    rows = np.full((len(lengths), 1 + int(lengths.max(initial=0))), -1, dtype=np.int32)
    rows[:, 0] = words.values
    rows[:, 1:][np.arange(rows.shape[1] - 1) < lengths[:, None]] = characters.values
    as_one = rows.view(f"S{rows.itemsize * rows.shape[1]}")[:, 0]
    _, first, places = np.unique(as_one, return_index=True, return_inverse=True)
    different = spelt.take(first)
    return Words(
        ids=torch.from_numpy(words.values[first].astype(np.int64)).to(device),
        characters=torch.from_numpy(different.padded()).to(device),
        lengths=different.lengths.tolist(),
        places=torch.from_numpy(Ragged(values=places, offsets=words.offsets).padded()).to(device),
    )


def _answers(model: Model, data: Examples) -> tuple[Ragged, float]:
    """A label for each word, and the loss in nats a word where there are labels."""
    network = model.network
    assert isinstance(network, Tagger)
    found: list[np.ndarray] = [np.zeros(0)] * len(data)
    total, count = 0.0, 0
    with evaluating(network), torch.no_grad():
        for members in in_order(data.lengths, steps=READING_STEPS):
            part = data.take(members)
            lengths = part.lengths.tolist()
            output = network(make_words(part, network.device), lengths)
            labels = network.head.decode(output, lengths).cpu().numpy().T
            for number, length, row in zip(members, lengths, labels, strict=True):
                found[number] = row[:length]
            if "labels" in part.sequences:
                nats, words = _known_loss(network, output, part.sequences["labels"])
                total, count = total + nats, count + words
    return Ragged.from_sequences(found), total / count if count else 0.0


def _known_loss(network: Tagger, output: Tensor, labels: Ragged) -> tuple[float, int]:
    """The loss of the sentences all of whose labels are known, and the number of their words."""
    lengths = [0 if (row == UNSEEN).any() else len(row) for row in labels]
    if not any(lengths):
        return 0.0, 0
    targets = torch.from_numpy(labels.padded()).to(network.device)
    nats, count = network.head.loss(output, targets, lengths)
    return float(nats), count


def _columns(data: SentencesConfig) -> SentenceColumns:
    return SentenceColumns(layout=data.layout, word=data.word_column, label=data.label_column)


def _examples(sentences: list[Sentence], knowledge: Knowledge) -> Examples:
    """Sentences as numbers, and the true spans of entities."""
    labels = [
        knowledge.labels.encode(sentence.labels, [sentence.place] * len(sentence.labels))
        for sentence in sentences
    ]
    found = knowledge.lexicon.encode([sentence.words for sentence in sentences])
    found["labels"] = Ragged.from_sequences(labels)
    if knowledge.scheme != "none":
        kinds = _kinds(knowledge)
        numbers = {kind: number for number, kind in enumerate(kinds)}
        found["spans"] = Ragged.from_sequences(
            np.array(
                [(numbers.get(s.kind, UNSEEN), s.start, s.stop) for s in find_spans(row.labels)]
            ).reshape(-1)
            for row in sentences
        )
    return Examples(sequences=found)


def _true_spans(data: Examples, knowledge: Knowledge) -> list[list[Span]]:
    """The spans of entities as they stood in the files; "" is a kind that was never seen."""
    kinds = [*_kinds(knowledge), ""]
    return [
        [Span(kinds[kind], start, stop) for kind, start, stop in row.reshape(-1, 3).tolist()]
        for row in data.sequences["spans"]
    ]


def _kinds(knowledge: Knowledge) -> list[str]:
    return sorted({name.partition("-")[2] for name in knowledge.labels.names} - {""})


def _names(row: np.ndarray, knowledge: Knowledge) -> list[str]:
    return [knowledge.labels.names[number] for number in row.tolist()]
