"""Files of labelled sentences: CoNLL-U, and a word a line in columns; read, and written back.

Comes in: paths. Goes out: sentences, each with its place; the text of a file with other labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recurry.data.columns import CONLLU_FIELDS, Sentence, column_sentences, conllu_sentences
from recurry.data.records import Files, Rows
from recurry.errors import DataError

SentenceLayout = Literal["auto", "conllu", "columns"]
CONLLU_ENDINGS = (".conllu", ".conllup")


@dataclass(frozen=True, kw_only=True)
class SentenceColumns:
    """Where words and labels stand.

    Attributes:
        layout: As in `SentencesConfig`, like the others.
        word: Of files of columns, the column of the word, from 1.
        label: That of the label, or a field of CoNLL-U.
    """

    layout: SentenceLayout = "auto"
    word: int = 1
    label: str = "auto"

    def is_conllu(self, path: str) -> bool:
        """Whether a file is to be read as CoNLL-U."""
        if self.layout == "auto":
            return Path(path).suffix.lower() in CONLLU_ENDINGS
        return self.layout == "conllu"

    @property
    def field(self) -> str:
        """The label's field of CoNLL-U."""
        return "UPOS" if self.label == "auto" else self.label.upper()

    def column(self, name: str) -> int:
        """The label's column, from 0, or from -1 backwards.

        Raises:
            DataError: It is named by no number.
        """
        if self.label == "auto":
            return -1
        try:
            number = int(self.label)
        except ValueError:
            number = 0
        if number == 0:
            raise DataError(
                "The column of the label has no such name, as the columns have none.",
                where=name,
                got=repr(self.label),
                accepted="a number: 1 for the first column, -1 for the last",
                hint="--label-column -1, or --set data.layout=conllu",
            )
        return number - 1 if number > 0 else number


def read_sentences(
    paths: Sequence[str], *, columns: SentenceColumns, encoding: str = "utf-8"
) -> Rows[Sentence]:
    """The labelled sentences of files.

    Raises:
        DataError: There are no files, one cannot be read, has no sentence, or a line is broken.
    """
    if not paths:
        raise DataError(
            "There are no sentences to learn from.", hint="recurry train tag FILE --test FILE"
        )
    files, found = Files(encoding), []
    for path in paths:
        found += find_sentences(files.read(path), columns=columns, name=path)
    return Rows(rows=found, sha256=files.sha256)


def find_sentences(
    text: str, *, columns: SentenceColumns, name: str, has_labels: bool = True
) -> list[Sentence]:
    """The sentences of a file's text.

    Args:
        text: The file.
        columns: Where words and labels stand.
        name: What the file is called; its ending may say what it is.
        has_labels: Whether the file must have labels.

    Raises:
        DataError: There is no sentence, or a line is broken.
    """
    if columns.is_conllu(name):
        found = list(conllu_sentences(text, label=columns.field, name=name))
    else:
        label_at = columns.column(name) if has_labels else None
        found = list(column_sentences(text, word_at=columns.word - 1, label_at=label_at, name=name))
    if not found:
        raise DataError("The file has no sentence.", where=name, accepted="a word a line")
    return found


def cut_sentences(sentences: Sequence[Sentence], longest: int) -> list[Sentence]:
    """Sentences, those that are too long as several."""
    return [
        Sentence(
            sentence.words[start : start + longest],
            sentence.labels[start : start + longest],
            sentence.place,
            sentence.lines[start : start + longest],
        )
        for sentence in sentences
        for start in range(0, len(sentence.words), longest)
    ]


def write_back(
    text: str,
    sentences: Sequence[Sentence],
    labels: Sequence[Sequence[str]],
    *,
    columns: SentenceColumns,
    name: str,
) -> str:
    """The text of a file with other labels: in their field of CoNLL-U, else as a last column more.

    Args:
        text: The file.
        sentences: What `find_sentences` found in it.
        labels: One for each word.
        columns: Where words and labels stand.
        name: What the file is called.
    """
    lines = text.split("\n")
    is_conllu = columns.is_conllu(name)
    for sentence, found in zip(sentences, labels, strict=True):
        for number, label in zip(sentence.lines, found, strict=True):
            line = lines[number - 1]
            body = line.rstrip("\r") if is_conllu else line.rstrip()
            end = "\r" if line.endswith("\r") else ""
            new = _in_field(body, columns.field, label) if is_conllu else _behind(body, label)
            lines[number - 1] = new + end
    return "\n".join(lines)


def _in_field(line: str, field: str, label: str) -> str:
    fields = line.split("\t")
    fields[CONLLU_FIELDS.index(field)] = label
    return "\t".join(fields)


def _behind(line: str, label: str) -> str:
    return f"{line}\t{label}" if "\t" in line or " " not in line.strip() else f"{line} {label}"
