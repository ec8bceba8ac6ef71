"""Which text a model reads: what the user named, held-out text of its run, or a bundled one.

Comes in: an argument, a subject. Goes out: a `Passage`. Imports data and runs.
"""

from __future__ import annotations

import codecs
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from recurry.data import shakespeare_path
from recurry.data.prepare import Prepared, load_prepared
from recurry.errors import DataError, UsageError
from recurry.inspection.subject import RECORD_KINDS, Subject, Symbols
from recurry.runs.folder import DATA, STDIN

MOST_CHARACTERS = 1_000_000
HELD_OUT = 100_000  # symbols, where no text was named
_ACCEPTED = "a file, - for standard input, or a text of several words in quotes"
_EXAMPLE = (
    "The film begins slowly, but its last hour is a joy. I would not have missed it.\n"
    "A tired story, badly told: nobody in it says a thing that a person would say.\n"
    "In March the committee met in Geneva, and Anna Berg of the United Nations opened it.\n"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Passage:
    """A text and what to call it.

    Attributes:
        text: The text.
        name: For a person: the name of a file, or where the text comes from.
        is_cut: Whether it goes on, but no more of it is read.
        record: Which of its records is read, from 1; None where it is read as running text.
    """

    text: str
    name: str
    is_cut: bool = False
    record: int | None = None

    @cached_property
    def records(self) -> tuple[str, ...]:
        """Its lines that are not blank, as `recurry predict` answers them; all of it if none is."""
        lines = (line.rstrip("\r") for line in self.text.split("\n"))
        return tuple(line for line in lines if line.strip()) or (self.text,)

    @property
    def part(self) -> str:
        """What is read at once: one record, or all of it."""
        return self.text if self.record is None else self.records[self.record - 1]

    def title(self, symbols: Symbols) -> str:
        """What to call the part that was read as these symbols, and how much of it they are."""
        name = self.name
        if self.record is not None and len(self.records) > 1:
            name += f", record {self.record:,} of {len(self.records):,}"
        return name if symbols.cut_at is None else f"the first {symbols.cut_at:,} symbols of {name}"


def fitted(passage: Passage, subject: Subject, record: int | None = None) -> Passage:
    """A passage as a model reads it: as running text, or one of its records.

    Args:
        passage: The text.
        subject: The model.
        record: Which record, from 1; the one that the passage names, or the first, when not given.

    Raises:
        UsageError: There is no such record, or the model reads running text.
    """
    if subject.kind not in RECORD_KINDS:
        if record is not None:
            raise UsageError(
                "This model reads running text, which has no records.",
                got=f"record {record:,}",
                accepted="a record for a model that classifies, tags, translates or summarises",
            )
        return replace(passage, record=None)
    record = record or passage.record or 1
    if record > len(passage.records):
        raise UsageError(
            f"There is no record {record:,} in {passage.name}.",
            got=f"{len(passage.records):,} lines that are not blank, each a record",
            accepted=f"a record from 1 to {len(passage.records):,}",
        )
    return replace(passage, record=record)


def named_passage(argument: str, *, characters: int = MOST_CHARACTERS) -> Passage:
    """The text that a user named: a file, `-` for standard input, or the text itself.

    Args:
        argument: What was typed.
        characters: No more than so many are taken.

    Raises:
        UsageError: There is no such file, and the argument does not look like a text.
        DataError: The file cannot be read, is empty, or holds no text in UTF-8.
    """
    if argument == STDIN:
        return _cut(sys.stdin.buffer.read(4 * characters + 4), "standard input", characters)
    path = Path(argument)
    try:
        is_file = path.is_file()
    except OSError:  # too long for a path, so it is a text
        is_file = False
    if is_file:
        try:
            with open(path, "rb") as file:
                return _cut(file.read(4 * characters + 4), path.name, characters)
        except OSError as error:
            raise DataError(f"The text {argument} cannot be read.", got=error.strerror) from error
    if not argument.strip():
        raise UsageError("The text is empty.", accepted=_ACCEPTED)
    if _is_folder(path):
        raise UsageError(f"{argument} is a folder.", accepted=_ACCEPTED)
    if " " not in argument.strip() and "\n" not in argument:
        raise UsageError(f"There is no file {argument}.", accepted=_ACCEPTED)
    return cut_passage(argument, "your text", characters)


def cut_passage(text: str, name: str, characters: int = MOST_CHARACTERS) -> Passage:
    """A text, or its beginning where it is longer than so many characters, which its name says."""
    if len(text) <= characters:
        return Passage(text=text, name=name)
    return Passage(
        text=text[:characters], name=f"{name}, its first {characters:,} characters", is_cut=True
    )


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # too long for a path
        return False


def usual_passage(
    subject: Subject, run_folder: Path | None, *, characters: int = HELD_OUT
) -> Passage:
    """What a model reads when no text was named: what its run has held out, if there is any."""
    codec = getattr(subject.model, "codec", None)
    if codec is None and subject.kind != "foreign":
        return Passage(text=_EXAMPLE, name="three examples")
    if codec is not None and run_folder is not None:
        try:
            ids = _held_out(load_prepared(run_folder / DATA), characters)
        except DataError:
            ids = None
        if ids is not None and len(ids):
            return Passage(text=_from_line(codec.decode(ids)), name="held-out text of its run")
    text = shakespeare_path().read_text(encoding="utf-8")[-characters:]
    return Passage(text=_from_line(text), name="Shakespeare")


def _held_out(prepared: Prepared, most: int):
    parts = (prepared.test, prepared.validation, prepared.train)
    found = next((ids for ids in parts if ids is not None and len(ids)), prepared.train)
    return found.read(0, min(len(found), most))


def _from_line(text: str) -> str:
    """The text from the first line that is whole."""
    start = text.find("\n") + 1
    return text[start:] if 0 < start < 400 else text


def _cut(data: bytes, name: str, characters: int) -> Passage:
    text = _decode(data, name, is_whole=len(data) < 4 * characters + 4)
    if not text:
        raise DataError(f"The text is empty: {name}.", accepted="a text of one character or more")
    return cut_passage(text, name, characters)


def _decode(data: bytes, name: str, *, is_whole: bool) -> str:
    """Bytes as text, without a byte order mark; the beginning of a file may end in a character."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(data, final=is_whole)
        wrong = data.find(b"\0")
    except UnicodeDecodeError as error:
        text, wrong = "", error.start
    if wrong < 0:
        return text.removeprefix("\ufeff")
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    origin = "UTF-16: iconv -f utf-16" if is_utf16 else "Latin-1: iconv -f latin1"
    is_binary = not is_utf16 and b"\0" in data
    raise DataError(
        f"This is no text in UTF-8: {name}.",
        where=f"byte {wrong:,}",
        got=" ".join(f"0x{byte:02X}" for byte in data[wrong : wrong + 4]),
        accepted="text in UTF-8, without NUL bytes",
        hint="name a file of text"
        if is_binary
        else f"convert the file, for instance from {origin} -t utf-8 FILE > NEW",
    )
