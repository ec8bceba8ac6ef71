"""What a classifier, a tagger or a translator answers to the text of a session.

Comes in: a session. Goes out: the answer in words, and shares of the possible ones. Imports
network and tasks.
"""

from dataclasses import dataclass
from typing import Any

import torch

from recurry.backends import as_vectors
from recurry.inspection.passage import own_text
from recurry.inspection.session import Session
from recurry.inspection.subject import Subject, Symbols
from recurry.network.tagger import Tagger
from recurry.tasks.scoring import evaluating

# A name and its probability, the most probable first.
Shares = tuple[tuple[str, float], ...]

_MOST_SHARES = 5


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a model makes of a whole text.

    Attributes:
        words: The answer: a class, a number, labels, a text.
        shares: Of a classifier, the probable classes.
        labels: Of a tagger, the label of each symbol.
        label_shares: Of a tagger, the probable labels of each symbol.
    """

    words: str
    shares: Shares = ()
    labels: tuple[str, ...] = ()
    label_shares: tuple[Shares, ...] = ()


def find_answer(session: Session) -> Answer | None:
    """The answer to a session's text, found once; None for a language model.

    Raises:
        UsageError: There is no text.
    """
    return session.kept("answer", lambda: answer_to(session.subject, own_text(session)))


def answer_to(subject: Subject, text: str) -> Answer | None:
    """The answer to a text; None for a language model."""
    found = subject.answers(text)
    if not found:
        return None
    words = _in_words(found[0])
    network = getattr(subject.model, "network", None)
    if isinstance(network, Tagger):
        symbols = subject.read(text)
        labels = tuple(found[0]["labels"][: len(symbols)])
        shares = _label_shares(network, subject, symbols)
        return Answer(words=words, labels=labels, label_shares=shares)
    pairs = found[0].get("probabilities", {}).items()
    return Answer(words=words, shares=_most(list(pairs)))


def _label_shares(network: Tagger, subject: Subject, symbols: Symbols) -> tuple[Shares, ...]:
    lengths = [len(symbols)]
    if not lengths[0]:
        return ()
    with evaluating(network), torch.no_grad():
        x = as_vectors(subject.inputs(symbols, 0, len(symbols)))
        output, _ = network.recurrent(x, lengths=lengths)
        rows = network.head.probabilities(output, lengths)[:, 0].tolist()
    return tuple(_most(list(zip(subject.symbols, row, strict=True))) for row in rows)


def _most(pairs: list[tuple[str, float]]) -> Shares:
    return tuple(sorted(pairs, key=lambda pair: -pair[1])[:_MOST_SHARES])


def _in_words(answer: dict[str, Any]) -> str:
    """The answer in a heading: its first entry that is no table."""
    for value in answer.values():
        if isinstance(value, str):
            return value
        if isinstance(value, int | float):
            return f"{value:g}"
        if isinstance(value, list):
            return " ".join(str(part) for part in value)
    return ""
