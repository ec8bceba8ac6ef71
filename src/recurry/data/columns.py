"""Sentences with a label for each word, from CoNLL-U and from files of columns.

Comes in: the text of a file. Goes out: sentences; what is broken is an error with file and line.
"""

from collections.abc import Iterator
from typing import NamedTuple

from recurry.errors import DataError

_CONLLU_FIELDS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")


class Sentence(NamedTuple):
    """Words and as many labels."""

    words: list[str]
    labels: list[str]
    place: str


def conllu_sentences(text: str, *, label: str = "UPOS", name: str) -> Iterator[Sentence]:
    """The sentences of a CoNLL-U file; ranges such as 3-4 and empty words such as 5.1 are no words.

    Args:
        text: The file.
        label: The field that is the label.
        name: What the file is called in errors.

    Raises:
        DataError: A line has not ten fields, its first is no number, or there is no such field.
    """
    if label not in _CONLLU_FIELDS:
        raise DataError(
            f"CoNLL-U has no field {label!r}.", accepted=", ".join(_CONLLU_FIELDS), where=name
        )
    at = _CONLLU_FIELDS.index(label)
    words: list[tuple[str, str]] = []
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
        if len(fields) != len(_CONLLU_FIELDS):
            raise _broken(name, number, line, f"{len(_CONLLU_FIELDS)} fields between tabs")
        if fields[0].isdigit():
            words.append((fields[1], fields[at]))
        elif not fields[0].replace("-", "").replace(".", "").isdigit():
            raise _broken(name, number, line, "a number in the first field")


def column_sentences(
    text: str, *, word_at: int = 0, label_at: int = -1, name: str
) -> Iterator[Sentence]:
    """The sentences of a file with a word a line, its columns parted by tabs or spaces.

    Args:
        text: The file; an empty line ends a sentence, and "-DOCSTART-" is no word.
        word_at: The column of the word, from 0.
        label_at: That of the label; -1 is the last.
        name: What the file is called in errors.

    Raises:
        DataError: A line has other columns than the first, or fewer than are asked for.
    """
    words: list[tuple[str, str]] = []
    start, width = 1, 0
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if not line.strip():
            if words:
                yield _sentence(words, f"{name}:{start}")
            words, start = [], number + 1
            continue
        fields = line.strip().split("\t") if "\t" in line else line.split()
        width = width or len(fields)
        if len(fields) != width or not max(word_at, label_at, 1) < len(fields):
            raise _broken(name, number, line, f"{max(width, word_at + 1, label_at + 1, 2)} columns")
        if fields[word_at] != "-DOCSTART-":
            words.append((fields[word_at], fields[label_at]))


def _sentence(words: list[tuple[str, str]], place: str) -> Sentence:
    return Sentence([word for word, _ in words], [label for _, label in words], place)


def _broken(name: str, number: int, line: str, accepted: str) -> DataError:
    return DataError(
        "A line is broken.", where=f"{name}:{number}", got=repr(line[:80]), accepted=accepted
    )
