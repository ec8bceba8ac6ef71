"""What the training part of labelled sentences teaches.

Comes in: labelled sentences. Goes out: words, characters and labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recurry.data.columns import Sentence
from recurry.data.known import Known
from recurry.data.labels import Labels
from recurry.data.lexicon import Lexicon
from recurry.data.record_configuration import WordsConfig
from recurry.data.spans import find_scheme
from recurry.network.transitions import Transitions


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """What the training part taught besides weights.

    Attributes:
        lexicon: Words and characters.
        labels: What the answers are.
        scheme: `none`, `bio` or `bioes`.
    """

    lexicon: Lexicon
    labels: Labels
    scheme: str

    def __repr__(self) -> str:
        return f"{len(self.lexicon.words):,} words, {len(self.labels)} labels"

    def to_dict(self) -> dict[str, Any]:
        """A value that JSON can hold."""
        return {
            "lexicon": self.lexicon.to_dict(),
            "labels": self.labels.to_dict(),
            "scheme": self.scheme,
        }

    @property
    def rules(self) -> Transitions | None:
        """Which labels may follow one another.

        Raises:
            DataError: A label is none of the scheme.
        """
        if self.scheme == "none":
            return None
        return Transitions.of_spans(self.labels.names, self.scheme)


def learn(
    sentences: Sequence[Sentence], words: WordsConfig, scheme: str, known: Known | None
) -> Knowledge:
    """What sentences teach.

    Args:
        sentences: The training part.
        words: Which words are kept.
        scheme: That of the labels; "auto" finds it out.
        known: Words that join them.

    Raises:
        DataError: A label is none of the scheme.
    """
    every = [label for sentence in sentences for label in sentence.labels]
    places = [sentence.place for sentence in sentences for _ in sentence.labels]
    labels = Labels.learn("class", every, places)
    lexicon = Lexicon.learn([sentence.words for sentence in sentences], words).extended(known)
    chosen = find_scheme(labels.names) if scheme == "auto" else scheme
    found = Knowledge(lexicon=lexicon, labels=labels, scheme=chosen)
    _ = found.rules  # a label that is none of the scheme is said now
    return found
