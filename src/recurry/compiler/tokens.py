"""Text into tokens, one list for each equation.

Comes in: the text of a cell. Goes out: tokens with their places, or an error. Imports errors.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple, NoReturn

from recurry.errors import EquationError

MAX_CHARACTERS = 10_000

_TOKEN = re.compile(
    r"""(?P<space>[ \t]+|\#[^\n]*)
      | (?P<newline>\n)
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z][A-Za-z0-9_]*)
      | (?P<mark>[-+*/@=(),])
      | (?P<other>.)""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
# What people write instead, and what to write here.
_INSTEAD = {
    "⊙": "*",
    "∘": "*",
    "×": "*",
    "·": "*",
    "−": "-",
    "–": "-",
    "÷": "/",
    "σ": "sigmoid(...)",
    "^": "a * a, or exp(n * log(a)), for powers",
    "[": "round brackets",
    "{": "round brackets",
    ";": "one equation a line",
    "'": "h itself: before its line h is the old value, after it the new one",
    "_": "names that begin with a letter",
    "\\": "round brackets around what goes on over several lines",
}
# str.splitlines, which error messages use, knows more line ends than the language has.
_OTHER_LINE_ENDS = dict.fromkeys(map(ord, "\v\f\x1c\x1d\x1e\x85\u2028\u2029"), "\x00")


class Token(NamedTuple):
    """A word of the text; `kind` is name, number, mark or end."""

    kind: str
    text: str
    line: int
    column: int


def split_equations(text: str) -> tuple[str, list[list[Token]]]:
    """The text with plain line ends, and its equations as lists of tokens that end with `end`.

    A line goes on while a bracket is open; `#` begins a comment.

    Raises:
        EquationError: The text is too long, or has a character that the language has not.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_OTHER_LINE_ENDS)
    if len(text) > MAX_CHARACTERS:
        raise EquationError(
            f"The text has {len(text)} characters; a cell may have {MAX_CHARACTERS}.",
            hint="check that this is a file of equations",
        )
    return text, _Lexer(text).split()


class _Lexer:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position, self.line, self.line_start = 0, 1, 0
        self.equations: list[list[Token]] = []
        self.current: list[Token] = []
        self.depth = 0

    def split(self) -> list[list[Token]]:
        for match in _TOKEN.finditer(self.text):
            self.position = match.start()
            self.take(str(match.lastgroup), match.group())
        self.position = len(self.text)
        self.finish_equation()
        return self.equations

    def take(self, kind: str, word: str) -> None:
        if kind == "newline":
            if self.depth == 0:
                self.finish_equation()
            self.line, self.line_start = self.line + 1, self.position + 1
        elif kind == "other":
            self.refuse(word)
        elif kind != "space":
            self.current.append(self.token(kind, word))
            if word == "(":
                self.depth += 1
            elif word == ")":
                self.depth = max(0, self.depth - 1)

    def token(self, kind: str, word: str) -> Token:
        column = self.position - self.line_start + 1
        return Token(kind=kind, text=word, line=self.line, column=column)

    def finish_equation(self) -> None:
        if self.current:
            self.equations.append([*self.current, self.token("end", "")])
        self.current, self.depth = [], 0

    def refuse(self, character: str) -> NoReturn:
        code = f"U+{ord(character):04X}"
        name = unicodedata.name(character, "")
        shown = f"{character!r}" if character.isascii() and character.isprintable() else code
        raise EquationError(
            f"The character {shown}{f' ({name.lower()})' if name else ''} is not in the language.",
            source=self.text,
            line=self.line,
            column=self.position - self.line_start + 1,
            accepted="letters, digits, _ + - * / @ = ( ) , and # for comments",
            hint=f"write {_INSTEAD[character]}" if character in _INSTEAD else None,
        )
