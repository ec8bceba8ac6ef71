"""The words of sentences, and how they are spelt, as numbers.

Comes in: sentences. Goes out: numbers of words and of their characters.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from recurry.data.examples import Ragged
from recurry.data.known import Known, extend_vocabulary
from recurry.data.record_configuration import WordsConfig
from recurry.data.tokens import Characters
from recurry.data.vocabulary import Vocabulary, damaged
from recurry.data.words import UNKNOWN

_LONGEST_WORD = 1000


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """The words and the characters of a training part.

    Attributes:
        words: Known words.
        characters: Known characters.
        is_lower: Whether words are looked up in lower case.
        longest_word: Most characters of a word that are read.
    """

    words: Vocabulary
    characters: Vocabulary
    is_lower: bool
    longest_word: int

    @classmethod
    def learn(cls, sentences: Sequence[Sequence[str]], config: WordsConfig) -> Self:
        """The words and characters of sentences.

        Raises:
            DataError: No word is left.
        """
        spelt = Counter(word for sentence in sentences for word in sentence)
        words: Counter[str] = Counter()
        characters: Counter[str] = Counter()
        for word, count in spelt.items():
            words[word.lower() if config.lower_case else word] += count
            for character in word:
                characters[character] += count
        return cls(
            words=Vocabulary.from_counts(
                words,
                unknown=UNKNOWN,
                min_count=config.min_count,
                max_size=config.vocabulary_size,
            ),
            characters=Vocabulary.from_counts(characters, unknown=Characters.UNKNOWN),
            is_lower=config.lower_case,
            longest_word=config.longest_word,
        )

    def extended(self, known: Known | None) -> Self:
        """The lexicon that also knows the words of a source; its characters stay."""
        if known is None:
            return self
        new = extend_vocabulary(self.words, known.symbols, lambda word: [self.symbol_of(word)])
        return replace(self, words=new)

    def symbol_of(self, word: str) -> str:
        """The word as it is looked up."""
        return word.lower() if self.is_lower else word

    @property
    def unknown_word(self) -> int:
        """The number of words that are not known."""
        return self.words.unknown or 0

    @property
    def unknown_character(self) -> int:
        """That of characters."""
        return self.characters.unknown or 0

    def encode(self, sentences: Sequence[Sequence[str]]) -> dict[str, Ragged]:
        """Sentences as numbers.

        Returns:
            For each sentence its `words`, the `characters` of all of them one behind the other, and
            the `sizes`, which say how many characters each word has; at least one.
        """
        spelt = {word: self._spell(word) for sentence in sentences for word in sentence}
        words = [[spelt[word][0] for word in sentence] for sentence in sentences]
        letters = [[spelt[word][1] for word in sentence] for sentence in sentences]
        return {
            "words": Ragged.from_sequences(np.array(row) for row in words),
            "characters": Ragged.from_sequences(
                np.concatenate([np.zeros(0), *row]) for row in letters
            ),
            "sizes": Ragged.from_sequences(np.array([len(x) for x in row]) for row in letters),
        }

    def _spell(self, word: str) -> tuple[int, np.ndarray]:
        number = self.words.numbers.get(self.symbol_of(word), self.unknown_word)
        if len(word) > self.longest_word:
            half = self.longest_word // 2
            word = word[:half] + word[half - self.longest_word :]
        numbers = self.characters.numbers
        found = [numbers.get(character, self.unknown_character) for character in word]
        return number, np.array(found or [self.unknown_character])

    def to_dict(self) -> dict[str, Any]:
        """A value that JSON can hold."""
        return {
            "words": self.words.to_dict(),
            "characters": self.characters.to_dict(),
            "is_lower": self.is_lower,
            "longest_word": self.longest_word,
        }

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Read `to_dict`'s value back, trusting nothing in it.

        Raises:
            DataError: Anything is missing, of the wrong type or out of range.
        """
        keys = {"words", "characters", "is_lower", "longest_word"}
        if not isinstance(data, Mapping) or set(data) != keys:
            raise damaged("its lexicon is no table of " + ", ".join(sorted(keys)))
        longest = data["longest_word"]
        if type(longest) is not int or not 2 <= longest <= _LONGEST_WORD:
            raise damaged("its longest word is no number from 2 to 1000")
        if not isinstance(data["is_lower"], bool):
            raise damaged("whether its words are lower case is neither true nor false")
        words, characters = (Vocabulary.from_dict(data[key]) for key in ("words", "characters"))
        if words.unknown is None or characters.unknown is None:
            raise damaged("its words or characters have no unknown one")
        return cls(
            words=words,
            characters=characters,
            is_lower=data["is_lower"],
            longest_word=longest,
        )
