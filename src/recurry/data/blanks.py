"""Lines of text as words, with blanks in them or without.

Comes in: lines, and a codec of words. Goes out: numbers; a line with words where its blanks were.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from recurry.data.codec import Codec, make_tokeniser
from recurry.data.examples import Ragged
from recurry.data.record_configuration import LineConfig
from recurry.data.records import Columns, Files, Rows, ending_layout, table_rows
from recurry.data.vocabulary import Vocabulary
from recurry.data.words import UNKNOWN, Words, is_spaced
from recurry.errors import DataError

BLANK = "___"
_BLANK = re.compile(r"_{3,}")
_START = 1 << 16  # characters by which a text is known that stands cut into words


class Line(NamedTuple):
    """A line that has text, as it stands in a file."""

    text: str
    place: str


def read_lines(
    paths: Sequence[str], *, text_column: str = "text", encoding: str = "utf-8"
) -> Rows[Line]:
    """The lines of texts to learn from; those that have a blank are left out and counted.

    Args:
        paths: Files, packed or not; "-" is standard input. Those that end in .csv, .tsv or .jsonl
            are tables, each row with a text of one line or more.
        text_column: Of tables, the column of the text.
        encoding: Of their bytes.

    Raises:
        DataError: There is no file, or one is missing, empty or in another encoding (with the
            line), a table is broken or has no such column, or no line is left.
    """
    if not paths:
        raise DataError(
            "There is no text to learn from.",
            hint="recurry train fill FILE, a text with a sentence or a paragraph a line",
        )
    files, kept, blank = Files(encoding), list[Line](), list[Line]()
    for path in paths:
        for line in _lines(files.read(path), path, text_column):
            if line.text:
                (blank if _BLANK.search(line.text) else kept).append(line)
    if not kept:
        raise DataError(
            "There is no line to learn from.",
            where=", ".join(paths[:3]),
            got=f"{len(blank):,} lines, each with a blank ({BLANK})",
            accepted="lines of whole text; those with blanks are for recurry predict",
        )
    notes = ()
    if blank:
        places = ", ".join(line.place for line in blank[:3]) + (", ..." if len(blank) > 3 else "")
        notes = (f"{len(blank):,} lines with a blank ({BLANK}) are left out: {places}",)
    return Rows(rows=kept, sha256=files.sha256, notes=notes)


def _lines(text: str, path: str, column: str) -> Iterator[Line]:
    """The lines of a file, or of the texts of a table."""
    layout = ending_layout(path)
    if layout is None:
        for number, line in enumerate(text.split("\n"), start=1):
            yield Line(line.strip(), f"{path}:{number}")
        return
    columns = Columns(text=column, label=None)
    for row in table_rows(text, layout=layout, columns=columns, name=path):
        for line in row.text.split("\n"):
            yield Line(line.strip(), row.place)


def learn_words(config: LineConfig, texts: Sequence[str]) -> Codec:
    """The words of the lines to learn from.

    A text in which the word <unk> stands is cut at spaces alone, as Penn Treebank and WikiText are.

    Raises:
        DataError: All words are rarer than `min_count`.
    """
    data, start, size = config.as_data(), list[str](), 0
    for text in texts:
        start.append(text)
        size += len(text)
        if size > _START:
            break
    words = make_tokeniser(data, is_spaced=is_spaced("\n".join(start)))
    assert isinstance(words, Words), "only words are asked for"
    vocabulary = Vocabulary.from_counts(
        Counter(word for text in texts for word in words.split(text)),
        unknown=UNKNOWN,
        min_count=config.min_count,
        max_size=config.vocabulary_size,
    )
    return Codec(config=data, tokeniser=words, vocabulary=vocabulary)


def encode_lines(
    codec: Codec, lines: Iterable[Line], *, longest: int, part: str
) -> tuple[Ragged, list[str]]:
    """Lines as numbers, longer ones in pieces, and what is worth knowing of them.

    Args:
        codec: Of words.
        lines: At least one.
        longest: Most words of a piece.
        part: What the lines are called.

    Raises:
        DataError: No word of the lines is known.
    """
    found: list[np.ndarray] = []
    num_cut, first = 0, ""
    for line in lines:
        numbers = codec.encode(line.text)
        first, num_cut = first or line.place, num_cut + (len(numbers) > longest)
        found += [numbers[n : n + longest] for n in range(0, len(numbers), longest)]
    pieces = Ragged.from_sequences(found)
    if len(pieces.values) and (pieces.values == codec.vocabulary.unknown).all():
        raise DataError(
            "The text and the vocabulary have no word in common.",
            where=first,
            got=f"{len(pieces.values):,} unknown words",
            accepted="a text in the language that the model was trained on",
        )
    notes = []
    if num_cut:
        notes.append(
            f"{num_cut:,} lines of the {part} part are longer than {longest:,} words and are read "
            "in pieces (text.longest)"
        )
    return pieces, notes


@dataclass(frozen=True, kw_only=True)
class Blanked:
    """A line with blanks.

    Attributes:
        text: As it was handed in.
        segments: The numbers of the words before the first blank, between blanks, behind the last.
        is_cut: Whether words far from all blanks are left out.
    """

    text: str
    segments: tuple[np.ndarray, ...]
    is_cut: bool = False

    @classmethod
    def read(cls, codec: Codec, text: str, *, longest: int) -> "Blanked":
        """A line as numbers.

        Args:
            codec: Of words.
            text: The line, three or more underscores for each blank.
            longest: Most words before the first blank, and behind the last, that are read.
        """
        segments = [codec.encode(part) for part in _BLANK.split(text)]
        first, last = segments[0], segments[-1]
        is_cut = len(first) > longest or len(last) > longest
        if len(segments) > 1:
            segments[0], segments[-1] = first[-longest:], last[:longest]
        return cls(text=text, segments=tuple(segments), is_cut=is_cut and len(segments) > 1)

    @property
    def num_blanks(self) -> int:
        """How many blanks there are."""
        return len(self.segments) - 1

    def filled(self, answers: Sequence[str]) -> str:
        """The line with an answer in the place of each blank."""
        waiting = iter(answers)
        return _BLANK.sub(lambda _: next(waiting), self.text)
