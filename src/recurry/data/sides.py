"""Both sides of pairs as symbol numbers: what is read, what is written, what can be copied.

Comes in: texts. Goes out: numbers, and text again.

A source of n symbols is read as n + 1: its end is a symbol, too, so that no source is empty.
Targets have a symbol more for the beginning and one for the end. Behind them come words of the
source that the target has no symbol for, where they may be copied.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from recurry.data.codec import Codec
from recurry.data.record_configuration import SidesConfig
from recurry.data.subwords import Subwords, byte_spelling
from recurry.data.texts import learn_codec
from recurry.data.vocabulary import damaged
from recurry.data.words import Words

BEGIN_NAME, END_NAME = "<begin>", "<end>"


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The codecs of both sides.

    Attributes:
        source: Of what is read.
        target: Of what is written; the same object where the vocabulary is joint.
    """

    source: Codec
    target: Codec

    @classmethod
    def learn(cls, config: SidesConfig, sources: Sequence[str], targets: Sequence[str]) -> Self:
        """The codecs of the texts to learn from.

        Raises:
            DataError: A side holds no symbol.
            MissingExtra: BPE is asked for without its package.
        """
        text = config.as_text()
        if config.is_joint:
            both = learn_codec(text, [spaced(config, x) for x in (*sources, *targets)])
            return cls(source=both, target=both)
        source, target = (
            learn_codec(text, [spaced(config, x) for x in side]) for side in (sources, targets)
        )
        return cls(source=source, target=target)

    def __repr__(self) -> str:
        sizes = f"{self.source.num_symbols:,} symbols"
        return sizes if self.is_joint else f"{sizes} to {self.target.num_symbols:,}"

    @property
    def is_joint(self) -> bool:
        """Whether both sides have one vocabulary."""
        return self.source is self.target

    @property
    def num_source(self) -> int:
        """Number of symbols that are read."""
        return self.source.num_symbols + 1

    @property
    def num_target(self) -> int:
        """Number of symbols that are written."""
        return self.target.num_symbols + 2

    @property
    def end_of_source(self) -> int:
        """The last symbol of a source."""
        return self.source.num_symbols

    @property
    def begin(self) -> int:
        """The symbol before the first of a target."""
        return self.target.num_symbols

    @property
    def end(self) -> int:
        """The last symbol of a target."""
        return self.target.num_symbols + 1

    @property
    def unknown(self) -> int:
        """The symbol of the target that stands for all others."""
        return self.target.vocabulary.unknown or 0

    def read(self, text: str, longest: int) -> np.ndarray:
        """The numbers of a source with its end; of a longer one those of its beginning."""
        numbers = self.source.encode(spaced(self.source.config, text))[:longest]
        return np.append(numbers, self.end_of_source)

    def write(self, text: str, copied: Sequence[str] = ()) -> np.ndarray:
        """The numbers of a target with its end.

        Args:
            text: The target.
            copied: What can be copied, as `copies` gives it.
        """
        line = spaced(self.target.config, text)
        numbers = self.target.encode(line)
        unknown = self.target.vocabulary.unknown
        if copied and unknown is not None and (numbers == unknown).any():
            new = {word: self.num_target + place for place, word in enumerate(copied)}
            words = self.target.tokeniser.split(line)
            is_unknown = numbers == unknown
            numbers = np.array(
                [
                    new.get(word, number) if is_so else number
                    for word, number, is_so in zip(words, numbers.tolist(), is_unknown, strict=True)
                ]
            )
        return np.append(numbers, self.end)

    def copies(self, text: str, longest: int) -> tuple[np.ndarray, list[str]]:
        """The symbol of the target at each place of a source, its end at the end; and the words
        behind the symbols of the target, in order."""
        words = self.source.tokeniser.split(spaced(self.source.config, text))[:longest]
        known, new = self.target.vocabulary.numbers, dict[str, int]()
        found = []
        for word in words:
            number = known.get(word)
            if number is None:
                number = new.setdefault(word, self.num_target + len(new))
            found.append(number)
        return np.array([*found, self.end]), list(new)

    def spell(self, numbers: Sequence[int], copied: Sequence[str] = ()) -> str:
        """The text of what was written, without its end."""
        kept = [n for n in numbers if n not in (self.begin, self.end)]
        if all(number < self.begin for number in kept):
            return self.target.decode(kept).strip()
        symbols = self.target.vocabulary.symbols
        words = [symbols[n] if n < self.begin else copied[n - self.num_target] for n in kept]
        tokeniser = self.target.tokeniser
        if isinstance(tokeniser, Subwords):
            spelling = byte_spelling()
            raw = bytes(spelling[c] for c in "".join(words))
            return raw.decode("utf-8", "replace").strip()
        if isinstance(tokeniser, Words):
            joiner = tokeniser.decoder(self.target.vocabulary)
            return "".join(map(joiner.join, words)).strip()
        return "".join(words).strip()

    def pieces_read(self, numbers: Sequence[int] | np.ndarray) -> list[str]:
        """A name for each symbol of a source."""
        kept = [int(number) for number in numbers if number < self.end_of_source]
        return [*_names(self.source, kept), END_NAME]

    def pieces_written(self, numbers: Sequence[int], copied: Sequence[str] = ()) -> list[str]:
        """A name for each symbol of a target."""
        special = {self.begin: BEGIN_NAME, self.end: END_NAME}
        special |= {self.num_target + place: word for place, word in enumerate(copied)}
        names = iter(_names(self.target, [n for n in numbers if n < self.begin]))
        return [special[n] if n in special else next(names) for n in numbers]

    def to_dict(self) -> dict[str, Any]:
        """A value that JSON can hold."""
        target = None if self.is_joint else self.target.to_dict()
        return {"source": self.source.to_dict(), "target": target}

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Read `to_dict`'s value back, trusting nothing in it.

        Raises:
            DataError: A part is missing or damaged.
        """
        if not isinstance(data, dict) or set(data) != {"source", "target"}:
            raise damaged("it is no table of source and target")
        source = Codec.from_dict(data["source"])
        target = source if data["target"] is None else Codec.from_dict(data["target"])
        return cls(source=source, target=target)


def spaced(config: Any, text: str) -> str:
    """A text as a side reads it: on one line, and before BPE with a space, so that a first word is
    like any other."""
    line = " ".join(text.split())
    return f" {line}" if line and config.tokens == "bpe" else line


def _names(codec: Codec, numbers: Sequence[int]) -> list[str]:
    return [text.strip() or "·" for text in codec.decode_each(numbers)]
