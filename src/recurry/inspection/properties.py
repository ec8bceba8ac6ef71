"""What can be true of a symbol in a text: in quotes, late in its line, the first of a word.

Comes in: the pieces that a model read. Goes out: a yes or no, or a number, for each of them.
Imports pattern.

A property is read off the characters *after* a symbol, as the values of a cell are: an opening
quote is inside the quotes, a closing one no longer is. A symbol of several characters has the
property of its last one that is no blank, or for some properties that of any: the blanks beside a
word belong to no word, and a model of words never reads them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recurry.errors import unknown_name
from recurry.inspection.pattern import find_pattern

_OPENING, _CLOSING = "([{", ")]}"
# What opens a quotation, and what closes it: “English”, „German“, «French» and »Danish«.
_QUOTES = {"“": "”", "„": "“”", "«": "»", "»": "«»", "‹": "›", "›": "‹›"}
_SINGLE_QUOTES = {"'": "'", "‘": "’", "‚": "‘’"}
_CLOSED_BY = {
    letter: [mark for mark, closing in _QUOTES.items() if letter in closing] for letter in "”“»«›‹"
}
_SINGLE = re.compile("['‘’‚]|(?<=\n)\n")
_ENDS = {"/*": "*/", "<!--": "-->", "//": "\n", "#": "\n"}


@dataclass(frozen=True, kw_only=True)
class Property:
    """One thing that can be true of a symbol.

    Args:
        name: What it is called.
        says: What it means, as the end of a sentence: "the model has just read ...".
        measure: A bool or a number for each character of a text, (N,).
        is_any: Whether a symbol of several characters has what any of them has.
    """

    name: str
    says: str
    measure: Callable[[str], np.ndarray]
    is_any: bool = False


def column(text: str) -> np.ndarray:
    """How many characters of its line there are up to each one; 0 for a line end."""
    breaks = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32) == 10
    places = np.arange(len(text))
    last = np.maximum.accumulate(np.where(breaks, places, -1)) if len(text) else places
    return places - last


def in_quotes(text: str) -> np.ndarray:
    """Whether a quotation is open; one that is never closed ends with its paragraph.

    A single mark counts only where it is closed, too, so that an apostrophe is no quotation mark.
    """
    found, is_open, opened = np.zeros(len(text), dtype=bool), False, _Opened()
    for place, letter in enumerate(text):
        if letter == '"':
            is_open = not is_open
        elif letter == "\n" and place and text[place - 1] == "\n":
            is_open, opened = False, _Opened()
        elif letter in _QUOTES or letter in _CLOSED_BY:
            opened.read(letter)
        found[place] = is_open or bool(opened)
    for start, stop in _single_quotations(text):
        found[start:stop] = True
    return found


class _Opened:
    """Marks of quotations that are open, one inside the other."""

    def __init__(self) -> None:
        self._marks: list[str] = []
        self._counts = dict.fromkeys(_QUOTES, 0)

    def __bool__(self) -> bool:
        return bool(self._marks)

    def read(self, letter: str) -> None:
        """Close what a mark closes, with all that is open inside it, or open a quotation."""
        closed = _CLOSED_BY.get(letter, "")
        if any(self._counts[mark] for mark in closed):
            while self._marks:
                mark = self._marks.pop()
                self._counts[mark] -= 1
                if mark in closed:
                    return
        elif letter in _QUOTES:
            self._marks.append(letter)
            self._counts[letter] += 1


def _single_quotations(text: str) -> Iterator[tuple[int, int]]:
    """From an opening single mark to the place of the one that closes it, in one paragraph."""
    start, mark = -1, ""
    for found in _SINGLE.finditer(text):
        place, letter = found.start(), found[0]
        before, after = text[max(0, place - 1) : place], text[place + 1 : place + 2]
        if letter == "\n":
            start = -1
        elif before.isalnum() and after.isalnum():
            continue
        elif start >= 0 and _closes(letter, mark, before, after):
            yield start, place
            start = -1
        elif letter in _SINGLE_QUOTES and after.strip() and not before.isalnum():
            start, mark = place, letter


def _closes(letter: str, mark: str, before: str, after: str) -> bool:
    return letter in _SINGLE_QUOTES[mark] and bool(before.strip()) and not after.isalnum()


def bracket_depth(text: str) -> np.ndarray:
    """How many brackets are open; a closing one without an opening one counts for nothing."""
    found, depth = np.zeros(len(text), dtype=np.int64), 0
    for place, letter in enumerate(text):
        if letter in _OPENING:
            depth += 1
        elif letter in _CLOSING:
            depth = max(0, depth - 1)
        found[place] = depth
    return found


def indentation(text: str) -> np.ndarray:
    """How many blanks its line has begun with so far; a tab counts for four."""
    found, width, is_leading = np.zeros(len(text), dtype=np.int64), 0, True
    for place, letter in enumerate(text):
        if letter == "\n":
            width, is_leading = 0, True
        elif is_leading and letter in " \t":
            width += 4 if letter == "\t" else 1
        else:
            is_leading = False
        found[place] = width
    return found


def word_start(text: str) -> np.ndarray:
    """Whether it is the first letter or digit of a word; an apostrophe ends no word."""
    inside = np.array([letter.isalnum() or letter in "'’" for letter in text], dtype=bool)
    before = np.concatenate([[False], inside[:-1]]) if len(text) else inside
    return inside & ~before & np.array([letter.isalnum() for letter in text], dtype=bool)


def in_comment(text: str) -> np.ndarray:
    """Whether a comment of a program is open: after # or //, between /* and */ or <!-- and -->."""
    found, place = np.zeros(len(text), dtype=bool), 0
    while place < len(text):
        mark = next((m for m in _ENDS if text.startswith(m, place)), None)
        if mark is None or not _begins_comment(text, place, mark):
            place += 1
            continue
        first = place + len(mark)
        end = text.find(_ENDS[mark], first)
        stop = len(text) if end < 0 else end + len(_ENDS[mark]) - 1
        found[first - 1 : stop] = True
        place = max(stop, first)
    return found


def _begins_comment(text: str, place: int, mark: str) -> bool:
    """A # inside a word and the // of an address begin no comment."""
    before = text[place - 1] if place else " "
    return before.isspace() if mark == "#" else not (mark == "//" and before == ":")


def _each(test: Callable[[str], bool]) -> Callable[[str], np.ndarray]:
    def measure(text: str) -> np.ndarray:
        return np.fromiter((test(letter) for letter in text), dtype=bool, count=len(text))

    return measure


PROPERTIES: dict[str, Property] = {
    one.name: one
    for one in (
        Property(name="inside quotes", says="a symbol inside quotation marks", measure=in_quotes),
        Property(
            name="inside brackets",
            says="a symbol inside brackets",
            measure=lambda text: bracket_depth(text) > 0,
        ),
        Property(
            name="nested brackets",
            says="a symbol inside brackets that are inside brackets",
            measure=lambda text: bracket_depth(text) > 1,
        ),
        Property(name="position in line", says="a symbol late in its line", measure=column),
        Property(
            name="line start",
            says="one of the first three symbols of a line",
            measure=lambda text: (column(text) >= 1) & (column(text) <= 3),
        ),
        Property(name="indentation", says="a symbol of an indented line", measure=indentation),
        Property(
            name="word start", says="the first letter of a word", measure=word_start, is_any=True
        ),
        Property(name="capital", says="a capital letter", measure=_each(str.isupper), is_any=True),
        Property(name="number", says="a digit", measure=_each(str.isdigit), is_any=True),
        Property(name="space", says="a blank or a line end", measure=_each(str.isspace)),
        Property(
            name="punctuation",
            says="a sign that is neither letter nor digit nor blank",
            measure=_each(lambda letter: not letter.isalnum() and not letter.isspace()),
        ),
        Property(name="comment", says="a symbol inside a comment", measure=in_comment),
    )
}


def find_property(name: str) -> Property:
    """The property of a name.

    Raises:
        UsageError: There is none.
    """
    if name not in PROPERTIES:
        raise unknown_name("property", name, known=tuple(PROPERTIES))
    return PROPERTIES[name]


def pattern_property(pattern: str) -> Property:
    """The property of being inside a match of a regular expression."""

    def measure(text: str) -> np.ndarray:
        edges = np.zeros(len(text) + 1, dtype=np.int64)
        for start, stop in find_pattern(pattern, text):
            edges[start] += 1
            edges[stop] -= 1
        return np.cumsum(edges)[:-1] > 0

    name = f"matches {pattern}"
    return Property(name=name, says=f"a symbol in a match of {pattern}", measure=measure)


def measure_pieces(found: Property, pieces: Sequence[str]) -> np.ndarray:
    """A property of each symbol.

    Args:
        found: The property.
        pieces: The text of each symbol; one without text is like the symbol before it.

    Returns:
        A bool or a number for each, (T,).

    Example:
        >>> measure_pieces(find_property("capital"), ["the", " ", "King"]).tolist()
        [False, False, True]
    """
    values = found.measure("".join(pieces))
    sizes = np.array([len(piece) for piece in pieces], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    if not len(values):
        return np.zeros(len(pieces), dtype=values.dtype)
    if found.is_any:
        total = np.concatenate([[0], np.cumsum(values)])
        return total[starts + sizes] > total[starts]
    # One that is all blanks is measured on its last one.
    kept = np.array([len(piece.rstrip()) or len(piece) for piece in pieces], dtype=np.int64)
    ends = np.maximum.accumulate(np.where(sizes > 0, starts + kept, 0))
    return np.where(ends > 0, values[np.maximum(ends - 1, 0)], values.dtype.type(0))
