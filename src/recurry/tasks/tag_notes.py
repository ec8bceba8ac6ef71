"""What is worth knowing of labelled sentences before they are learnt from, or scored.

Comes in: sentences, and what the training part taught. Goes out: plain sentences, or a refusal.
"""

from collections.abc import Sequence

from recurry.data.columns import Sentence
from recurry.data.labels import UNSEEN, Labels, listed
from recurry.data.lexicon import Lexicon
from recurry.errors import DataError
from recurry.network.transitions import Transitions
from recurry.tasks.tag_knowledge import Knowledge

_NAMES_SHOWN = 5
_BLANK = "_"


def sentence_notes(
    sentences: Sequence[Sentence], knowledge: Knowledge, *, part: str, longest: int
) -> list[str]:
    """What is odd about sentences: blank or unseen labels, labels out of order, great length.

    Args:
        sentences: Those of a part.
        knowledge: What the training part taught.
        part: What the part is called.
        longest: Most words that are read at once.

    Raises:
        DataError: The sentences share no character with the lexicon, or have labels that measure
            nothing.
    """
    _check_characters(sentences, knowledge.lexicon)
    _check_labels(sentences, knowledge.labels, part)
    return [
        *_blank_notes(sentences, part),
        *_unseen_notes(sentences, knowledge.labels, part),
        *_invalid_notes(sentences, knowledge, part),
        *_long_notes(sentences, part, longest),
    ]


def _check_labels(sentences: Sequence[Sentence], labels: Labels, part: str) -> None:
    """Complain about sentences none of which has a loss, as all have a label that is unknown."""
    if not sentences:
        return
    first, every = sentences[0].place, [label for row in sentences for label in row.labels]
    labels.check_known(every, where=first, part=part)
    if part == "train" or any(all(x in labels.numbers for x in row.labels) for row in sentences):
        return
    unseen = sorted({label for label in every if label not in labels.numbers})
    raise DataError(
        f"Every sentence of the {part} part has a label that the training part lacks.",
        where=first,
        got=listed(unseen, _NAMES_SHOWN),
        accepted=listed(labels.names, _NAMES_SHOWN),
        hint=f"a larger {part} part (--{part}), or files whose labels are those of the training "
        "part",
    )


def _check_characters(sentences: Sequence[Sentence], lexicon: Lexicon) -> None:
    """Complain about sentences in a writing that was never seen."""
    known = lexicon.characters.numbers
    words = [word for sentence in sentences for word in sentence.words]
    if words and not any(character in known for word in words for character in word):
        raise DataError(
            "The sentences and the training part have no character in common.",
            where=sentences[0].place,
            got=f"{len(words):,} words of unknown characters alone, the first {words[0][:40]!r}",
            hint="sentences in the writing that the model was trained on",
        )


def _blank_notes(sentences: Sequence[Sentence], part: str) -> list[str]:
    num_blank = sum(sentence.labels.count(_BLANK) for sentence in sentences)
    if not num_blank:
        return []
    return [
        f"{num_blank:,} words of the {part} part have the label _, which CoNLL-U writes where "
        "there is none; it is taken for a label like others"
    ]


def _unseen_notes(sentences: Sequence[Sentence], labels: Labels, part: str) -> list[str]:
    every = [label for sentence in sentences for label in sentence.labels]
    unseen = [label for label in every if label not in labels.numbers]
    if not unseen:
        return []
    return [
        f"{len(unseen):,} words of the {part} part have a label that the training part lacks, "
        f"and count as mistakes: {listed(sorted(set(unseen)), _NAMES_SHOWN)}"
    ]


def _invalid_notes(sentences: Sequence[Sentence], knowledge: Knowledge, part: str) -> list[str]:
    rules = knowledge.rules
    num_invalid = 0 if rules is None else _count_invalid(sentences, knowledge.labels, rules)
    if not num_invalid:
        return []
    return [
        f"{num_invalid:,} sentences of the {part} part have labels that break the rules of "
        f"{knowledge.scheme.upper()}, which are never answered so (answer.scheme)"
    ]


def _long_notes(sentences: Sequence[Sentence], part: str, longest: int) -> list[str]:
    num_long = sum(len(sentence.words) > longest for sentence in sentences)
    if not num_long:
        return []
    return [
        f"{num_long:,} sentences of the {part} part are longer than {longest:,} words and are "
        "read in pieces (words.longest)"
    ]


def _count_invalid(sentences: Sequence[Sentence], labels: Labels, rules: Transitions) -> int:
    """The sentences of known labels that may not follow one another."""
    between, first, last = (x.numpy() for x in (rules.between, rules.first, rules.last))
    rows = (
        [labels.numbers.get(label, UNSEEN) for label in sentence.labels] for sentence in sentences
    )
    return sum(
        not (first[row[0]] and last[row[-1]] and between[row[:-1], row[1:]].all())
        for row in rows
        if UNSEEN not in row
    )
