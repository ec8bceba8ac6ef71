"""How good labels of words are: accuracy; of entities precision, recall and F1.

Comes in: answers and truth. Goes out: records of numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recurry.data.spans import Span


@dataclass(frozen=True, kw_only=True)
class TagScores:
    """How well words are labelled.

    Attributes:
        loss_nats: Nats a word; sentences with a label that the training part lacks do not count.
        accuracy: Share of words with the right label; a label that the training part lacks is a
            mistake.
        unknown_accuracy: The same of the words that are known by their characters alone, 0 where
            there are none.
        num_unknown: Those words.
        num_unseen: Words whose label the training part lacks.
        num_words: All words.
        num_records: All sentences.
    """

    loss_nats: float
    accuracy: float
    unknown_accuracy: float
    num_unknown: int
    num_unseen: int
    num_words: int
    num_records: int

    @property
    def headline(self) -> str:
        """The accuracy."""
        return f"accuracy {100 * self.accuracy:.2f} %"


@dataclass(frozen=True, kw_only=True)
class EntityScores(TagScores):
    """The same for labels that mark entities.

    Attributes:
        precision: Share of the entities answered that are right, in their kind and both ends.
        recall: Share of the true entities that are answered so.
        f1: Harmonic mean of both.
        num_entities: True entities.
    """

    precision: float
    recall: float
    f1: float
    num_entities: int

    @property
    def criterion(self) -> float:
        """The best weights are those of the highest F1: of rare entities it still grows when the
        loss, which unsure words make, does not fall any more."""
        return 1.0 - self.f1

    @property
    def headline(self) -> str:
        """The F1 of entities."""
        return f"F1 {100 * self.f1:.2f} %"


def score_words(
    answers: np.ndarray,
    labels: np.ndarray,
    *,
    is_unknown: np.ndarray,
    loss_nats: float,
    num_records: int,
) -> TagScores:
    """The scores of labels.

    Args:
        answers: What was answered for each word.
        labels: The right labels, below 0 for one that the training part lacks.
        is_unknown: Whether a word is known by its characters alone.
        loss_nats: Nats a word.
        num_records: Sentences.
    """
    is_right = answers == labels
    return TagScores(
        loss_nats=loss_nats,
        accuracy=float(is_right.mean()) if len(labels) else 0.0,
        unknown_accuracy=float(is_right[is_unknown].mean()) if is_unknown.any() else 0.0,
        num_unknown=int(is_unknown.sum()),
        num_unseen=int((labels < 0).sum()),
        num_words=len(labels),
        num_records=num_records,
    )


def score_entities(
    words: TagScores, answers: Sequence[Sequence[Span]], truth: Sequence[Sequence[Span]]
) -> EntityScores:
    """The scores of entities beside those of their words.

    Args:
        words: The scores of words.
        answers: The spans answered for each sentence.
        truth: The true ones.
    """
    pairs = list(zip(answers, truth, strict=True))
    num_right = sum(len(set(found) & set(true)) for found, true in pairs)
    num_found, num_true = (sum(map(len, spans)) for spans in (answers, truth))
    return EntityScores(
        **vars(words),
        precision=num_right / num_found if num_found else 0.0,
        recall=num_right / num_true if num_true else 0.0,
        f1=2 * num_right / (num_found + num_true) if num_found + num_true else 0.0,
        num_entities=num_true,
    )
