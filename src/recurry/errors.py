"""Every error that a user can meet: what was asked, what was found, what to do next.

Comes in: plain facts. Goes out: one message that a stranger can act on. Imports nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class RecurryError(Exception):
    """The one base of all errors that a user can cause or mend.

    Args:
        what: One sentence that says what went wrong, in the user's own words.
        where: File, option, line or tensor that the sentence is about.
        got: What was found there.
        accepted: What would have been accepted.
        hint: What to do next, ideally a command or a value to type.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        got: str | None = None,
        accepted: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.what, self.where, self.got, self.accepted, self.hint = what, where, got, accepted, hint
        super().__init__(self._text())

    def _text(self) -> str:
        rows = [("where", self.where), ("got", self.got), ("accepted", self.accepted)]
        lines = [self.what] + [f"  {label}: {text}" for label, text in rows if text]
        return "\n".join([*lines, f"  try: {self.hint}"] if self.hint else lines)

    def __reduce__(self) -> tuple:
        """Keyword-only arguments survive a process border."""
        return (_rebuild, (type(self), self.__dict__.copy(), str(self)))


def _rebuild(kind: type[RecurryError], fields: dict, text: str) -> RecurryError:
    error = kind.__new__(kind)
    Exception.__init__(error, text)
    error.__dict__.update(fields)
    return error


class UsageError(RecurryError):
    """The request itself is wrong: an unknown name, contradicting options, a bad value."""

    exit_code = 2


class EquationError(RecurryError):
    """The text of a cell is not valid, with the place shown by a caret.

    Args:
        what: What is wrong.
        source: The equations as the user wrote them.
        line: Line number, from 1.
        column: Column number, from 1.
        accepted: What would have been accepted.
        hint: What to write instead.
    """

    exit_code = 2

    def __init__(
        self,
        what: str,
        *,
        source: str = "",
        line: int = 0,
        column: int = 0,
        accepted: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.source, self.line, self.column = source, line, column
        super().__init__(what, accepted=accepted, hint=hint)

    def _text(self) -> str:
        return "\n".join([self.what, *self._excerpt(), *super()._text().splitlines()[1:]])

    def _excerpt(self) -> list[str]:
        lines = self.source.splitlines()
        if not 1 <= self.line <= len(lines):
            return []
        text, column = _clip(lines[self.line - 1], max(self.column, 1))
        label = f"  line {self.line}: "
        return [label + text, " " * (len(label) + column - 1) + f"^ column {max(self.column, 1)}"]


def _clip(text: str, column: int, width: int = 80) -> tuple[str, int]:
    """The part of a long line around a column, and the column inside that part."""
    text = "".join(c if c.isprintable() else " " for c in text)
    if len(text) <= width:
        return text, column
    start = max(0, min(column - width // 2, len(text) - width))
    return text[start : start + width], column - start


class ShapeError(RecurryError):
    """Sizes that do not fit together."""

    exit_code = 2


class DataError(RecurryError):
    """A text or another data set cannot be used as it is."""


class ModelFileError(RecurryError):
    """A model file is damaged, hostile, or of a format this version does not know."""


class RunError(RecurryError):
    """A run folder or a checkpoint cannot be written, read or resumed."""


class TrainingError(RecurryError):
    """Training cannot go on, for instance because the loss is no longer a number."""


class MissingExtra(RecurryError):
    """An optional package is needed and not installed.

    Args:
        feature: What the user asked for.
        package: The package that provides it.
        extra: The extra of Recurry that installs it.
    """

    def __init__(self, feature: str, *, package: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the package {package}, which is not installed.",
            hint=f"pip install 'recurry[{extra}]'",
        )


class Interrupted(RecurryError):
    """Training was interrupted and everything was saved; the message says how to go on."""

    exit_code = 130


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """The known names that look most like `name`, best first, at most three."""
    by_fold = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(name.casefold(), by_fold, n=3, cutoff=0.5)
    return [by_fold[match] for match in found]


def unknown_name(kind: str, name: str, *, known: Sequence[str]) -> UsageError:
    """The error for a name that is none of a list, offering the nearest ones."""
    close = nearest(name, known)
    shown = ", ".join(known) if len(known) <= 40 else ", ".join(known[:40]) + ", ..."
    return UsageError(
        f"There is no {kind} named {name!r}.",
        accepted=shown,
        hint=" or ".join(close) if close else None,
    )
