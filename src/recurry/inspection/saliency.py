"""Which symbols an answer hangs on: gradient times input, of every answer by every symbol.

Comes in: a classifier, tagger or translator as a subject, and a text. Goes out: a number for each
answer and symbol. Imports network and tasks.

What an answer's score grows by when a symbol's vector grows is its gradient; times the vector
itself it says, to first order, what the symbol adds to the score. A linear model's score is the sum
of these numbers and a bias.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recurry.backends import as_vectors
from recurry.errors import UsageError
from recurry.inspection.subject import Subject, Symbols
from recurry.network.classifier import Classifier
from recurry.network.tagger import Tagger
from recurry.network.translated import Encoded, Translated, TranslationWriter
from recurry.tasks.find import find_task
from recurry.tasks.scoring import evaluating
from recurry.tasks.translations import Reading
from recurry.tasks.written import Written

# Answers to one text that are looked at: classes, words, written symbols.
MOST_ANSWERS = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Saliency:
    """What each symbol adds to the score of each answer.

    Attributes:
        answers: A name for each answer.
        pieces: The text of each symbol.
        values: A row for each answer, (R, T).
        num_answers: How many answers there are; only the first have rows.
        chosen: The rows that the model answers; for taggers and translators, all of them.
    """

    answers: tuple[str, ...]
    pieces: tuple[str, ...]
    values: np.ndarray
    num_answers: int
    chosen: tuple[int, ...]


def find_saliency(subject: Subject, text: str) -> Saliency:
    """What each symbol of a text adds to the scores of the model's answers.

    Of a classifier the scores of all classes are taken, of a tagger that of the label of each
    word, of a translator the log-probability of each symbol that it writes.

    Raises:
        UsageError: The model answers nothing, or the text is empty.
    """
    symbols = subject.read(text)
    network = getattr(subject.model, "network", None)
    if not isinstance(network, Classifier | Tagger | Translated):
        raise UsageError(
            f"A model of the kind {subject.kind} gives no answers to a text.",
            accepted="a classifier, a tagger or a translator",
        )
    if not len(symbols):
        raise UsageError("The text is empty.", accepted="a text with at least one symbol")
    x = as_vectors(subject.inputs(symbols, 0, len(symbols))).detach().requires_grad_()
    with evaluating(network), torch.enable_grad():
        if isinstance(network, Classifier):
            return _of_classes(network, subject, symbols, x)
        if isinstance(network, Tagger):
            return _of_labels(network, subject, symbols, x)
        return _of_written(network, subject, symbols, x, text)


def _of_classes(network: Classifier, subject: Subject, symbols: Symbols, x: Tensor) -> Saliency:
    lengths = [len(symbols)]
    scores = network.head(network.recurrent(x, lengths=lengths)[0], lengths).reshape(-1)
    every = subject.symbols or ("value",)
    names = every[:MOST_ANSWERS]
    best = int(scores.argmax())
    values = _rows(scores[: len(names)], x)
    chosen = (best,) if best < len(names) else ()
    return Saliency(
        answers=names,
        pieces=symbols.pieces,
        values=values,
        num_answers=len(every),
        chosen=chosen,
    )


def _of_labels(network: Tagger, subject: Subject, symbols: Symbols, x: Tensor) -> Saliency:
    lengths = [len(symbols)]
    output, _ = network.recurrent(x, lengths=lengths)
    labels = network.head.decode(output, lengths)[:MOST_ANSWERS, 0]
    scores = network.head(output)[: len(labels), 0].gather(1, labels[:, None])[:, 0]
    names = [
        f"{piece.strip()}: {subject.symbols[label]}"
        for piece, label in zip(symbols.pieces, labels.tolist(), strict=False)
    ]
    return _all(names, symbols, _rows(scores, x), count=len(symbols))


def _of_written(
    network: Translated, subject: Subject, symbols: Symbols, x: Tensor, text: str
) -> Saliency:
    task, model = find_task(subject.model.task), subject.model
    assert isinstance(task, Written)
    reading = Reading.of(
        model.knowledge,
        [text],
        longest=model.settings["text"].longest_source,
        has_copying=network.config.has_copying,
    )
    every = task.write(model, reading)[0]
    written = every[:MOST_ANSWERS]
    source = reading.block([0], network.bias.device)
    output, state = network.encoder(x, [len(symbols)])
    encoded = Encoded(
        memory=network.attention.prepare(output, [len(symbols)]),
        state=state,
        copies=None if source.copies is None else source.copies.t(),
    )
    scores = list(_log_probabilities(network, encoded, written))
    names = model.knowledge.pieces_written(written, reading.copied[0])
    values = _rows(torch.stack(scores), x) if scores else np.zeros((0, len(symbols)))
    return _all(names, symbols, values, count=len(every))


def _log_probabilities(
    network: Translated, encoded: Encoded, written: Sequence[int]
) -> Iterator[Tensor]:
    """Of each symbol that was written, given those before it."""
    writer = TranslationWriter(network, encoded)
    state, before = writer.start(), writer.begin
    for symbol in written:
        read = torch.tensor([before], device=network.bias.device)
        logs, state = writer.step(read, state)
        yield logs[0, symbol]
        before = symbol


def _rows(scores: Tensor, x: Tensor) -> np.ndarray:
    """Gradient times input of each score, (R, T)."""
    found = []
    for score in scores:
        (gradient,) = torch.autograd.grad(score, x, retain_graph=True)
        found.append((gradient * x).sum((1, 2)).detach().float().cpu().numpy())
    return np.stack(found)


def _all(names: Sequence[str], symbols: Symbols, values: np.ndarray, *, count: int) -> Saliency:
    rows = tuple(range(len(values)))
    return Saliency(
        answers=tuple(names),
        pieces=symbols.pieces,
        values=values,
        num_answers=count,
        chosen=rows,
    )
