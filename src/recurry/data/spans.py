"""Entities as labels of words: B-PER I-PER O, and the spans that they mark.

Comes in: labels. Goes out: spans, and the scheme that labels follow.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

_PATTERNS = {"bio": re.compile(r"O|[BI]-.+"), "bioes": re.compile(r"O|[BIES]-.+")}


class Span(NamedTuple):
    """Words from `start` to before `stop` that are one entity."""

    kind: str
    start: int
    stop: int


def find_scheme(names: Sequence[str]) -> str:
    """`bio` or `bioes` where all labels are of it and one begins a span, else `none`.

    Example:
        >>> find_scheme(["O", "B-PER", "I-PER"]), find_scheme(["NOUN", "VERB"])
        ('bio', 'none')
    """
    if any(name.startswith(("B-", "S-")) for name in names):
        for scheme, pattern in _PATTERNS.items():
            if all(pattern.fullmatch(name) for name in names):
                return scheme
    return "none"


def find_spans(labels: Sequence[str]) -> list[Span]:
    """The spans of a sentence, also where its labels break the rules of their scheme.

    Args:
        labels: `O`, or one of B, I, E and S, a hyphen and a kind.

    Source: the rules of conlleval (Tjong Kim Sang and De Meulder 2003): an I or E that nothing of
        its kind comes before begins a span.

    Example:
        >>> find_spans(["B-PER", "I-PER", "O", "I-LOC"])
        [Span(kind='PER', start=0, stop=2), Span(kind='LOC', start=3, stop=4)]
    """
    found: list[Span] = []
    is_open = False
    for at, label in enumerate(labels):
        letter, _, kind = label.partition("-")
        if letter not in ("B", "I", "E", "S"):
            is_open = False
            continue
        if letter in "IE" and is_open and found[-1].kind == kind:
            found[-1] = found[-1]._replace(stop=at + 1)
        else:
            found.append(Span(kind, at, at + 1))
        is_open = letter in "BI"
    return found
