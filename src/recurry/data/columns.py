"""Sentences with a label for each word, from CoNLL-U and from files of columns.

Comes in: the text of a file. Goes out: sentences; what is broken is an error with file and line.
"""

from collections.abc import Iterator
from typing import NamedTuple

from recurry.errors import DataError

CONLLU_FIELDS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")


class Sentence(NamedTuple):
    """Words and as many labels.

    Attributes:
        words: As they are spelt.
        labels: One a word.
        place: File and line of the first.
        lines: The line of each word in its file, from 1.
    """

    words: list[str]
    labels: list[str]
    place: str
    lines: list[int]


def conllu_sentences(text: str, *, label: str = "UPOS", name: str) -> Iterator[Sentence]:
    """The sentences of a CoNLL-U file; ranges such as 3-4 and empty words such as 5.1 are no words.

    Args:
        text: The file.
        label: The field that is the label.
        name: What the file is called in errors.

    Raises:
        DataError: A line has not ten fields, its first is no number, its word or its label is
            empty, or there is no such field.
    """
    if label not in CONLLU_FIELDS:
        raise DataError(
            f"CoNLL-U has no field {label!r}.", accepted=", ".join(CONLLU_FIELDS), where=name
        )
    at = CONLLU_FIELDS.index(label)
    words: list[tuple[str, str, int]] = []
    start = 1
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if words:
                yield _sentence(words, f"{name}:{start}")
            words, start = [], number + 1
            continue
        fields = line.rstrip("\r").split("\t")
        if len(fields) != len(CONLLU_FIELDS):
            raise _broken(name, number, line, f"{len(CONLLU_FIELDS)} fields between tabs")
        if fields[0].isdigit():
            if not fields[1].strip() or not fields[at].strip():
                raise _broken(name, number, line, f"a word, and something in {label}")
            words.append((fields[1], fields[at], number))
        elif not fields[0].replace("-", "").replace(".", "").isdigit():
            raise _broken(name, number, line, "a number in the first field")


def column_sentences(
    text: str, *, word_at: int = 0, label_at: int | None = -1, name: str
) -> Iterator[Sentence]:
    """The sentences of a file with a word a line, its columns parted by tabs or spaces.

    Args:
        text: The file; an empty line ends a sentence, and "-DOCSTART-" is no word.
        word_at: The column of the word, from 0.
        label_at: That of the label; -1 is the last, None reads none.
        name: What the file is called in errors.

    Raises:
        DataError: A line has other columns than the first, or fewer than are asked for, or its word
            or its label is empty.
    """
    words: list[tuple[str, str, int]] = []
    start, width = 1, 0
    least = max(word_at + 1, 1 if label_at is None else 2, _reach(label_at))
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if not line.strip():
            if words:
                yield _sentence(words, f"{name}:{start}")
            words, start = [], number + 1
            continue
        fields = line.strip().split("\t") if "\t" in line else line.split()
        width = width or len(fields)
        if len(fields) != width or len(fields) < least:
            accepted = f"{max(width, least)} columns, between tabs or spaces"
            raise _broken(name, number, line, accepted)
        if not fields[word_at].strip() or (label_at is not None and not fields[label_at].strip()):
            raise _broken(name, number, line, "a word and a label, neither of them empty")
        if fields[word_at] != "-DOCSTART-":
            words.append((fields[word_at], "" if label_at is None else fields[label_at], number))


def _reach(at: int | None) -> int:
    """How many columns there must be for one of them, counted from either end."""
    return 0 if at is None else at + 1 if at >= 0 else -at


def _sentence(words: list[tuple[str, str, int]], place: str) -> Sentence:
    spelt, labels, lines = zip(*words, strict=True)
    return Sentence(list(spelt), list(labels), place, list(lines))


def _broken(name: str, number: int, line: str, accepted: str) -> DataError:
    return DataError(
        "A line is broken.", where=f"{name}:{number}", got=repr(line[:80]), accepted=accepted
    )
