"""Which text a model reads: what the user named, held-out text of its run, or a bundled one.

Comes in: an argument, a subject. Goes out: a `Passage`. Imports data and runs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from recurry.data import shakespeare_path
from recurry.data.prepare import Prepared, load_prepared
from recurry.errors import DataError, UsageError
from recurry.inspection.subject import Subject
from recurry.runs.folder import DATA, STDIN

MOST_CHARACTERS = 1_000_000
HELD_OUT = 100_000  # symbols, where no text was named
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
    """

    text: str
    name: str
    is_cut: bool = False


def named_passage(argument: str, *, characters: int = MOST_CHARACTERS) -> Passage:
    """The text that a user named: a file, `-` for standard input, or the text itself.

    Args:
        argument: What was typed.
        characters: No more than so many are taken.

    Raises:
        UsageError: There is no such file, and the argument does not look like a text.
        DataError: The file cannot be read, or is empty.
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
    if _is_folder(path):
        raise UsageError(
            f"{argument} is a folder.",
            accepted="a file, - for standard input, or a text of several words in quotes",
        )
    if " " not in argument.strip() and "\n" not in argument:
        raise UsageError(
            f"There is no file {argument}.",
            accepted="a file, - for standard input, or a text of several words in quotes",
        )
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
    text = data.decode("utf-8", errors="replace")
    if not text:
        raise DataError(f"The text is empty: {name}.", accepted="a text of one character or more")
    return cut_passage(text, name, characters)
