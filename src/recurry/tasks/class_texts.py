"""Labelled texts as records of what is to be written, and what their training part teaches.

Comes in: rows. Goes out: symbols with their ends and classes, and what is worth knowing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from recurry.data.codec import Codec
from recurry.data.examples import Examples, Ragged
from recurry.data.fingerprints import Fingerprints
from recurry.data.known import Known, extend_written
from recurry.data.labels import UNSEEN, Labels
from recurry.data.record_configuration import RecordsConfig, TextConfig
from recurry.data.records import Columns, Row, Rows, read_rows
from recurry.data.texts import check_overlap, encode_texts, learn_codec
from recurry.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What the training part taught besides weights.

    Attributes:
        codec: How text becomes symbols.
        labels: The classes.
        texts: By which texts of the training part are recognised.
    """

    codec: Codec
    labels: Labels
    texts: Fingerprints

    def __repr__(self) -> str:
        return f"{self.codec.num_symbols:,} symbols, {len(self.labels)} classes"

    @property
    def edge(self) -> int:
        """The symbol before and behind a text."""
        return self.codec.num_symbols

    def to_dict(self) -> dict[str, Any]:
        """A value that JSON can hold."""
        parts = (("codec", self.codec), ("labels", self.labels), ("texts", self.texts))
        return {name: part.to_dict() for name, part in parts}

    def spell(self, symbols: Iterable[int] | np.ndarray) -> str:
        """The text of symbols, without its end."""
        return self.codec.decode([n for n in symbols if n != self.edge])


def read_labelled_texts(
    data: RecordsConfig, paths: tuple[str, ...], *, has_numbers: bool = False
) -> Rows[Row]:
    """Rows with a text and a label, as the settings say.

    Args:
        data: The settings.
        paths: The files.
        has_numbers: As for `Columns`.

    Raises:
        DataError: As for `read_rows`.
    """
    columns = Columns(text=data.text_column, label=data.label_column, has_numbers=has_numbers)
    return read_rows(paths, layout=data.layout, columns=columns, encoding=data.encoding)


def learn(rows: list[Row], text: TextConfig, known: Known | None = None) -> Learnt:
    """What the texts to learn from teach.

    Args:
        rows: The texts.
        text: How they become symbols.
        known: Symbols that join them.

    Raises:
        DataError: There is only one class, or no symbol.
    """
    places = [row.place for row in rows]
    codec = extend_written(learn_codec(text, [row.text for row in rows]), known)
    return Learnt(
        codec=codec,
        labels=Labels.learn("class", [row.label or "" for row in rows], places),
        texts=Fingerprints.of(codec.decode(codec.encode(row.text)) for row in rows),
    )


def make_records(
    rows: list[Row], learnt: Learnt, *, part: str, longest: int
) -> tuple[Examples, list[str]]:
    """Rows as numbers with their ends, and what is worth knowing of them.

    Args:
        rows: Empty texts, and those of other classes, are left out and counted.
        learnt: Symbols and classes.
        part: What the rows are called.
        longest: Most symbols; a text that is cut has no end.

    Raises:
        DataError: Nothing is left, or no symbol is known.
    """
    encoded = encode_texts(learnt.codec, (row.text for row in rows), longest=longest)
    if rows:
        check_overlap(encoded, learnt.codec, where=rows[0].place)
    labels = learnt.labels.encode([row.label or "" for row in rows], [row.place for row in rows])
    kept = np.flatnonzero((labels != UNSEEN) & ~encoded.is_empty)
    if not len(kept) and len(rows):
        raise DataError(
            "No text is left: all are empty, or of a class that is not known.",
            where=rows[0].place,
            got=f"{len(rows):,} texts, the first of the class {rows[0].label!r}",
            accepted="classes such as " + ", ".join(learnt.labels.names[:8]),
        )
    texts = (
        encoded.numbers[n] if encoded.is_cut[n] else np.append(encoded.numbers[n], learnt.edge)
        for n in kept.tolist()
    )
    notes = encoded.notes(part, longest=longest)
    if num_unseen := int((labels == UNSEEN).sum()):
        notes.append(
            f"{num_unseen:,} texts of the {part} part are left out, as their class is none of the "
            "training part"
        )
    return Examples(
        sequences={"text": Ragged.from_sequences(texts)}, values={"label": labels[kept]}
    ), notes
