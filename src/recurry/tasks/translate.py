"""Translate: a text in one language for a text in another one, scored by BLEU and chrF.

Comes in: texts with their translations. Goes out: a model that translates.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from recurry.errors import MissingExtra
from recurry.tasks.written import Answered, Written
from recurry.tasks.written_loss import WrittenLoss


@dataclass(frozen=True, kw_only=True)
class TranslationScores(WrittenLoss):
    """How good translations are.

    Attributes:
        bleu: Of all texts together, from 0 to 100: cased, with the text as it is (13a), against
            all translations that a text has.
        bleu_single: The same against one translation at a time: a text with three translations
            counts three times.
        chrf: F-score of character n-grams, chrF2, against all translations.
        exact: The share of texts whose translation is a right one to the letter.
        num_references: All translations.
    """

    bleu: float
    bleu_single: float
    chrf: float
    exact: float
    num_references: int

    @property
    def headline(self) -> str:
        """The BLEU."""
        return f"BLEU {self.bleu:.2f}"


class Translate(Written):
    """Translations."""

    name: ClassVar[str] = "translate"
    kind: ClassVar[str] = "translate"
    preset: ClassVar[str] = "translate"
    answer: ClassVar[str] = "translation"

    def require(self) -> None:
        """Sacrebleu."""
        _sacrebleu()

    def judge(self, loss: WrittenLoss, answered: Answered) -> TranslationScores:
        """BLEU and chrF through sacrebleu."""
        package = _sacrebleu()
        answers, references = list(answered.answers), answered.references
        most = max(map(len, references))
        # Where a text has fewer references than another one, None stands for those it lacks.
        streams: list[Any] = [
            [right[n] if n < len(right) else None for right in references] for n in range(most)
        ]
        pairs = [
            (answer, target)
            for answer, right in zip(answers, references, strict=True)
            for target in right
        ]
        exact = sum(one in right for one, right in zip(answers, references, strict=True))
        single = package.corpus_bleu([one for one, _ in pairs], [[other for _, other in pairs]])
        return TranslationScores(
            **vars(loss),
            bleu=package.corpus_bleu(answers, streams).score,
            bleu_single=single.score,
            chrf=package.corpus_chrf(answers, streams).score,
            exact=exact / len(answers),
            num_references=len(pairs),
        )


def _sacrebleu() -> Any:
    try:
        import sacrebleu
    except ImportError as error:
        raise MissingExtra("scoring translations", package="sacrebleu", extra="scores") from error
    return sacrebleu
