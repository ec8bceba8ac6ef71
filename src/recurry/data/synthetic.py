"""Data sets that are made by a rule, for tasks whose right answers are known.

Comes in: a name, a seed, sizes. Goes out: records with named columns. The same seed gives the same
records, and fewer records are the first of more.
"""

import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from recurry.errors import UsageError, unknown_name

Record = dict[str, object]
_LETTERS = string.ascii_lowercase
_MOST_SYMBOLS = 10_000
_MOST_LENGTH = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One rule.

    Attributes:
        summary: What the task is, in one line.
        columns: Names of the columns; the last one is the answer where there are two.
        length: Smallest and greatest length by default.
        counts: What a length counts.
        least: The smallest length that has an answer.
        num_symbols: Different symbols by default; 0 where the rule fixes them.
        make: From a generator, a length and a number of symbols to a record.
    """

    summary: str
    columns: tuple[str, ...]
    length: tuple[int, int]
    counts: str
    least: int = 1
    num_symbols: int = 0
    make: Callable[[np.random.Generator, int, int], Record]


def make_records(
    name: str,
    count: int,
    *,
    seed: int = 0,
    length: tuple[int, int] | None = None,
    num_symbols: int | None = None,
) -> Iterator[Record]:
    """Records of one kind.

    Args:
        name: One of `KINDS`.
        count: How many.
        seed: Of all draws.
        length: Smallest and greatest length, each as likely as any between; None: the kind's own.
        num_symbols: Different symbols; None: the kind's own.

    Raises:
        UsageError: An unknown name, a length or a number of symbols that the kind does not have.

    Example:
        >>> [record] = make_records("reverse", 1, length=(4, 4))
        >>> record["source"].split() == record["target"].split()[::-1]
        True
    """
    if name not in KINDS:
        raise unknown_name("kind of data", name, known=list(KINDS))
    kind = KINDS[name]
    low, high = length or kind.length
    if not kind.least <= low <= high <= _MOST_LENGTH:
        raise UsageError(
            f"The data {name} cannot have that length.",
            got=f"{low} to {high} {kind.counts}",
            accepted=f"a range inside {kind.least} to {_MOST_LENGTH:,} {kind.counts}",
        )
    if num_symbols is not None and not kind.num_symbols:
        raise UsageError(
            f"The data {name} has symbols of its own.", hint="leave the number of symbols out"
        )
    symbols = kind.num_symbols if num_symbols is None else num_symbols
    if kind.num_symbols and not 2 <= symbols <= _MOST_SYMBOLS:
        raise UsageError(
            f"The data {name} cannot have so many symbols.",
            got=str(symbols),
            accepted=f"2 to {_MOST_SYMBOLS:,}",
        )
    return _draw(kind, count, seed, (low, high), symbols)


def _draw(
    kind: Kind, count: int, seed: int, length: tuple[int, int], symbols: int
) -> Iterator[Record]:
    rng = np.random.Generator(np.random.PCG64(seed))
    for _ in range(count):
        yield kind.make(rng, int(rng.integers(length[0], length[1] + 1)), symbols)


def _words(rng: np.random.Generator, length: int, num_symbols: int) -> list[str]:
    """Letters, or numbers where there are more symbols than letters."""
    found = rng.integers(num_symbols, size=length).tolist()
    return [_LETTERS[number] if num_symbols <= 26 else str(number) for number in found]


def _copy(rng: np.random.Generator, length: int, num_symbols: int) -> Record:
    words = " ".join(_words(rng, length, num_symbols))
    return {"source": words, "target": words}


def _reverse(rng: np.random.Generator, length: int, num_symbols: int) -> Record:
    words = _words(rng, length, num_symbols)
    return {"source": " ".join(words), "target": " ".join(reversed(words))}


def _adding(rng: np.random.Generator, length: int, num_symbols: int) -> Record:
    """One mark in the first half, one in the second."""
    values = np.round(rng.random(length), 6)
    first, second = rng.integers(length // 2), rng.integers(length // 2, length)
    marks = np.zeros(length, dtype=np.int64)
    marks[[first, second]] = 1
    inputs = [list(pair) for pair in zip(values.tolist(), marks.tolist(), strict=True)]
    return {"inputs": inputs, "target": round(float(values[first] + values[second]), 6)}


def _parity(rng: np.random.Generator, length: int, num_symbols: int) -> Record:
    bits = rng.integers(2, size=length).tolist()
    return {"text": " ".join(map(str, bits)), "label": ("even", "odd")[sum(bits) % 2]}


def _arithmetic(rng: np.random.Generator, length: int, num_symbols: int) -> Record:
    """Both numbers have up to `length` digits; letters between them mean nothing."""
    numbers = [_number(rng, int(rng.integers(1, length + 1))) for _ in range(2)]
    sign = ("+", "-")[rng.integers(2)]
    left, right = (_strewn(rng, number) for number in numbers)
    one, other = map(int, numbers)
    answer = one + other if sign == "+" else one - other
    return {"source": f"{left}{sign}{right}=", "target": f"{answer}."}


def _number(rng: np.random.Generator, digits: int) -> str:
    """A number that does not begin with 0, unless it is 0."""
    first = int(rng.integers(0 if digits == 1 else 1, 10))
    return "".join(map(str, [first, *rng.integers(10, size=digits - 1).tolist()]))


def _strewn(rng: np.random.Generator, digits: str) -> str:
    """Before each digit, and at the end, a letter comes with chance 1/2 and then perhaps more."""
    text = ""
    for digit in [*digits, ""]:
        while rng.integers(2):
            text += _LETTERS[rng.integers(26)]
        text += digit
    return text


def _xml(rng: np.random.Generator, length: int, num_symbols: int) -> Record:
    """Tags of 2 to 10 letters; at each step one is opened or the last is closed, by a coin.

    As printed, the rule gives the empty text half the time and no limit to the others. Here a tag
    is opened where none is open, until as many as wanted have been opened.
    """
    text, stack, opened = "", [], 0
    while opened < length or stack:
        if opened < length and (not stack or rng.integers(2)):
            letters = rng.integers(26, size=int(rng.integers(2, 11))).tolist()
            stack.append("".join(_LETTERS[letter] for letter in letters))
            text += f"<{stack[-1]}>"
            opened += 1
        else:
            text += f"</{stack.pop()}>"
    return {"text": text}


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "copy": Kind(
            summary="a sequence, and the same again",
            columns=("source", "target"),
            length=(20, 20),
            counts="symbols",
            num_symbols=8,
            make=_copy,
        ),
        "reverse": Kind(
            summary="a sequence, and the same backwards",
            columns=("source", "target"),
            length=(20, 20),
            counts="symbols",
            num_symbols=8,
            make=_reverse,
        ),
        "adding": Kind(
            summary="numbers from 0 to 1, two of them marked; their sum",
            columns=("inputs", "target"),
            length=(200, 200),
            counts="steps",
            least=2,
            make=_adding,
        ),
        "parity": Kind(
            summary="bits; whether the number of ones is even or odd",
            columns=("text", "label"),
            length=(1, 40),
            counts="bits",
            make=_parity,
        ),
        "arithmetic": Kind(
            summary="a sum or a difference with letters strewn in; the result",
            columns=("source", "target"),
            length=(8, 8),
            counts="digits at most",
            make=_arithmetic,
        ),
        "xml": Kind(
            summary="nested tags of random letters, to predict the next character of",
            columns=("text",),
            length=(10, 10),
            counts="tags",
            make=_xml,
        ),
    }
)
"""The rules by name.

Sources: adding as in Hochreiter and Schmidhuber 1997 and Le, Jaitly and Hinton 2015; arithmetic and
XML as in Jozefowicz, Zaremba and Sutskever 2015.
"""
