"""Summarise: a short text for a long one, scored by ROUGE beside what needs no learning.

Comes in: texts with their summaries. Goes out: a model that summarises.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from recurry.errors import MissingExtra
from recurry.tasks.written import Answered, Written
from recurry.tasks.written_loss import WrittenLoss

_KINDS = ("rouge1", "rouge2", "rougeL")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, kw_only=True)
class SummaryScores(WrittenLoss):
    """How good summaries are: F1 of what they share with a reference, from 0 to 100.

    Words are compared by their stems. Of several references of a text the best counts, for each
    number by itself, as for SciTLDR (Cachola et al. 2020).

    Attributes:
        rouge_1: Shared words.
        rouge_2: Shared pairs of neighbouring words.
        rouge_l: The longest common subsequence of words.
        lead_rouge_1: The same of the first sentence of each text.
        lead_rouge_2: Likewise.
        lead_rouge_l: Likewise.
        copy_rouge_1: The same of the whole text.
        copy_rouge_2: Likewise.
        copy_rouge_l: Likewise.
        num_references: All references.
    """

    rouge_1: float
    rouge_2: float
    rouge_l: float
    lead_rouge_1: float
    lead_rouge_2: float
    lead_rouge_l: float
    copy_rouge_1: float
    copy_rouge_2: float
    copy_rouge_l: float
    num_references: int

    @property
    def headline(self) -> str:
        """All three beside those of the first sentences."""
        ours = f"{self.rouge_1:.1f}/{self.rouge_2:.1f}/{self.rouge_l:.1f}"
        lead = f"{self.lead_rouge_1:.1f}/{self.lead_rouge_2:.1f}/{self.lead_rouge_l:.1f}"
        return f"ROUGE-1/2/L {ours}, first sentences {lead}"


class Summarise(Written):
    """Summaries."""

    name: ClassVar[str] = "summarise"
    kind: ClassVar[str] = "summarise"
    preset: ClassVar[str] = "summarise"
    answer: ClassVar[str] = "summary"
    is_one_language: ClassVar[bool] = True

    def require(self) -> None:
        """Rouge-score."""
        _scorer()

    def judge(self, loss: WrittenLoss, answered: Answered) -> SummaryScores:
        """ROUGE through rouge-score, of the answers, of first sentences and of whole texts."""
        sources, references = answered.sources, answered.references
        ours = _rouge(answered.answers, references)
        lead = _rouge(map(first_sentence, sources), references)
        copy = _rouge(sources, references)
        return SummaryScores(
            **vars(loss),
            rouge_1=ours[0],
            rouge_2=ours[1],
            rouge_l=ours[2],
            lead_rouge_1=lead[0],
            lead_rouge_2=lead[1],
            lead_rouge_l=lead[2],
            copy_rouge_1=copy[0],
            copy_rouge_2=copy[1],
            copy_rouge_l=copy[2],
            num_references=sum(map(len, references)),
        )


def first_sentence(text: str) -> str:
    """The first line of several, else what stands before the first full stop and a space."""
    line, has_more, _ = text.strip().partition("\n")
    return line if has_more else _SENTENCE_END.split(line, maxsplit=1)[0]


def _rouge(answers: Iterable[str], references: Sequence[Sequence[str]]) -> list[float]:
    """The mean over texts of each kind, the best reference of each counting."""
    scorer, totals, count = _scorer(), [0.0] * len(_KINDS), 0
    for answer, right in zip(answers, references, strict=True):
        found = [scorer.score(target, answer) for target in right]
        count += 1
        for place, kind in enumerate(_KINDS):
            totals[place] += max(one[kind].fmeasure for one in found)
    return [100 * total / count if count else 0.0 for total in totals]


def _scorer() -> Any:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        raise MissingExtra("scoring summaries", package="rouge-score", extra="scores") from error
    return RougeScorer(list(_KINDS), use_stemmer=True)
