"""What the training part of labelled sentences teaches, and what is worth knowing of others.

Comes in: labelled sentences. Goes out: words, characters and labels; plain sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recurry.data.columns import Sentence
from recurry.data.known import Known
from recurry.data.labels import UNSEEN, Labels
from recurry.data.lexicon import Lexicon
from recurry.data.record_configuration import WordsConfig
from recurry.data.spans import find_scheme
from recurry.errors import DataError
from recurry.network.transitions import Transitions

_NAMES_SHOWN = 5


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


def find_notes(
    sentences: Sequence[Sentence], knowledge: Knowledge, *, part: str, longest: int
) -> list[str]:
    """What is worth knowing of sentences.

    Args:
        sentences: Those of a part.
        knowledge: What the training part taught.
        part: Its name.
        longest: Most words that are read at once.

    Raises:
        DataError: They share nothing with the lexicon.
    """
    found = []
    words = [word for sentence in sentences for word in sentence.words]
    known = knowledge.lexicon.characters.numbers
    if words and not any(character in known for word in words for character in word):
        raise DataError(
            "The sentences and the training part have no character in common.",
            where=sentences[0].place,
            got=f"{len(words):,} words of unknown characters alone, the first {words[0][:40]!r}",
            hint="sentences in the writing that the model was trained on",
        )
    labels = [label for sentence in sentences for label in sentence.labels]
    unseen = [label for label in labels if label not in knowledge.labels.numbers]
    if unseen:
        names = sorted(set(unseen))
        shown = ", ".join(names[:_NAMES_SHOWN]) + (", ..." if len(names) > _NAMES_SHOWN else "")
        found.append(
            f"{len(unseen):,} words of the {part} part have a label that the training part lacks, "
            f"and count as mistakes: {shown}"
        )
    num_invalid = _count_invalid(sentences, knowledge)
    if num_invalid:
        found.append(
            f"{num_invalid:,} sentences of the {part} part have labels that break the rules of "
            f"{knowledge.scheme.upper()}, which are never answered so (answer.scheme)"
        )
    num_long = sum(len(sentence.words) > longest for sentence in sentences)
    if num_long:
        found.append(
            f"{num_long:,} sentences of the {part} part are longer than {longest:,} words and are "
            "read in pieces (words.longest)"
        )
    return found


def _count_invalid(sentences: Sequence[Sentence], knowledge: Knowledge) -> int:
    """The sentences of known labels that may not follow one another."""
    rules = knowledge.rules
    if rules is None:
        return 0
    between, first, last = (x.numpy() for x in (rules.between, rules.first, rules.last))
    rows = (
        [knowledge.labels.numbers.get(label, UNSEEN) for label in sentence.labels]
        for sentence in sentences
    )
    return sum(
        not (first[row[0]] and last[row[-1]] and between[row[:-1], row[1:]].all())
        for row in rows
        if UNSEEN not in row
    )
