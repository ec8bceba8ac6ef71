"""Words as symbols: letters, digits and punctuation apart, or as a treebank spaces them.

Comes in: text. Goes out: words with "<eos>" for every newline, and readable text again.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import chain

import numpy as np

from recurry.data.stemming import stemmer
from recurry.data.vocabulary import Vocabulary

END_OF_LINE = "<eos>"
UNKNOWN = "<unk>"
# Chinese characters and Japanese kana are written without spaces; each is a word here.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_NO_SPACE_BEFORE = frozenset(",.;:!?)]}%…’”»、。，！？：；）」』")
_NO_SPACE_AFTER = frozenset("([{$£€#@“‘«（「『、。，！？：；")
_MOST_STRETCHES = 1 << 19
# A run of letters longer than this is data, not a word; no vocabulary should hold it.
_LONGEST_WORD = 1000
_UNSPACED_WORD = re.compile(f"[{_UNSPACED}]")


def is_spaced(start: str) -> bool:
    """Whether a text is cut into words already, as Penn Treebank and WikiText are.

    Such a text is known by the word <unk> standing between white space in its beginning.
    """
    return re.search(r"(?<!\S)<unk>(?!\S)", start) is not None


@dataclass(frozen=True, kw_only=True)
class Words:
    """Every word, number, punctuation mark and newline is a symbol.

    Attributes:
        is_lower: Whether words are lower-cased.
        stem: Language whose stemmer cuts the words down, or None.
        is_spaced: Whether the text is cut by white space alone.
    """

    is_lower: bool = False
    stem: str | None = None
    is_spaced: bool = False

    def split(self, text: str) -> list[str]:
        """The words of a text as they enter the vocabulary."""
        return [self.normalise(surface) for surface in self.surfaces(text)]

    def surfaces(self, text: str) -> list[str]:
        """The words as they stand in the text; a newline is one of them."""
        if self.is_spaced:
            return text.replace("\n", f" {END_OF_LINE} ").split()
        return _pattern().findall(text)

    def normalise(self, surface: str) -> str:
        """The vocabulary's form of a word: lower case, stemmed, as asked for.

        What is longer than 1,000 characters is the unknown word. A word of which the stemmer
        leaves nothing stays as it is.
        """
        if surface == "\n":
            return END_OF_LINE
        if len(surface) > _LONGEST_WORD:
            return UNKNOWN
        if surface in (UNKNOWN, END_OF_LINE) and (surface == UNKNOWN or self.is_spaced):
            return surface
        word = surface.lower() if self.is_lower or self.stem else surface
        return (self._stem(word) or word) if self.stem else word

    @cached_property
    def _stem(self) -> Callable[[str], str]:
        return lru_cache(1 << 18)(stemmer(self.stem or ""))

    def numbering(self, number: Callable[[str], int]) -> Callable[[str], np.ndarray]:
        """A function from text to numbers, given the number of each normal form.

        What stands between two spaces is cut once and then looked up, which is what makes
        it fast; the table is forgotten when it has grown large.
        """
        table = _Stretches(self, number)

        def encode(text: str) -> np.ndarray:
            if len(table) > _MOST_STRETCHES:
                table.clear()
            stretches = text.replace("\n", " \n ").split(" ")
            found = chain.from_iterable(map(table.__getitem__, stretches))
            return np.fromiter(found, dtype=np.int64)

        return encode

    def encoder(self, vocabulary: Vocabulary) -> Callable[[str], np.ndarray]:
        """From text to numbers in a vocabulary, which has an unknown word."""
        known, unknown = vocabulary.numbers, vocabulary.unknown
        assert unknown is not None, "a vocabulary of words has an unknown symbol"
        return self.numbering(lambda word: known.get(word, unknown))

    def decoder(self, vocabulary: Vocabulary) -> "WordJoiner":
        """Words with spaces where a reader expects them."""
        return WordJoiner(vocabulary.symbols, is_spaced=self.is_spaced)


class _Stretches(dict[str, tuple[int, ...]]):
    """What stands between two spaces -> the numbers of its words."""

    def __init__(self, words: Words, number: Callable[[str], int]) -> None:
        self._words, self._number = words, number

    def __missing__(self, stretch: str) -> tuple[int, ...]:
        words = self._words
        numbers = tuple(
            [self._number(words.normalise(surface)) for surface in words.surfaces(stretch)]
        )
        self[stretch] = numbers
        return numbers


class WordJoiner:
    """Writes words one after the other with spaces where a reader expects them.

    Args:
        symbols: The vocabulary.
        is_spaced: Whether a single space stands between any two words of a line.
    """

    def __init__(self, symbols: tuple[str, ...], *, is_spaced: bool) -> None:
        self._symbols, self._is_spaced = symbols, is_spaced
        self._previous = END_OF_LINE
        self._is_quoting = False

    def feed(self, number: int) -> str:
        """The word with the space before it, if there is one."""
        return self.join(self._symbols[number])

    def flush(self) -> str:
        """Nothing: words are complete at once."""
        return ""

    def join(self, word: str) -> str:
        """The same for a word given as text."""
        if word == END_OF_LINE:
            self._is_quoting = False
            text = "\n"
        else:
            text = (" " if self._needs_space(word) else "") + word
            if word == '"':
                self._is_quoting = not self._is_quoting
        self._previous = word
        return text

    def _needs_space(self, word: str) -> bool:
        if self._previous == END_OF_LINE:
            return False
        if self._is_spaced:
            return True
        if word == '"':
            return not self._is_quoting
        if self._previous == '"' and self._is_quoting:
            return False
        if word[0] in _NO_SPACE_BEFORE or self._previous[-1] in _NO_SPACE_AFTER:
            return False
        return not (_UNSPACED_WORD.match(word) and _UNSPACED_WORD.match(self._previous))


@cache
def _pattern() -> re.Pattern[str]:
    """Newlines, words with their inner apostrophes and hyphens, numbers, punctuation."""
    # The first branch only makes plain words fast; the second would match them as well.
    letters = rf"[^\W\d_{_UNSPACED}]+(?:[{_marks()}]+[^\W\d_{_UNSPACED}]*)*"
    return re.compile(
        rf"[A-Za-z]++(?=[ ,.;:\n])|{letters}(?:['’-]{letters})*|\n|{UNKNOWN}"
        r"|\d+(?:[.,:]\d+)*|\.{2,}|-{2,}|\S"
    )


def _marks() -> str:
    """Combining marks and joiners, which belong to the letter before them.

    Only those below U+10000: with others the pattern would be six times slower.
    """
    marks = [mark for mark in map(chr, range(1 << 16)) if unicodedata.category(mark)[0] == "M"]
    return "".join([*marks, "\u200c\u200d"])
