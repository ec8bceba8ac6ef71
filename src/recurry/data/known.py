"""Symbols that a source of transfer knows: words of a file of vectors, or symbols of a model.

Comes in: symbols, and a codec or vocabulary that was learnt from texts. Goes out: the same, with
the symbols of the source that the texts lack.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from recurry.data.codec import Codec
from recurry.data.vocabulary import Vocabulary


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a source of transfer brings along.

    Attributes:
        symbols: Those that may join a vocabulary, frequent ones first.
        sha256: Hash of the source.
        is_model: Whether the source is a model, not a file of vectors.
        codec: How a source model makes symbols of text, if it does.
    """

    symbols: tuple[str, ...]
    sha256: str
    is_model: bool = False
    codec: Codec | None = None

    @property
    def key(self) -> str:
        """What prepared numbers depend on."""
        return f"{self.sha256}:{len(self.symbols)}"


def extend_codec(codec: Codec, known: Known | None) -> Codec:
    """The codec that also knows the symbols of a source.

    Pieces of BPE are learnt as a whole, so there the pieces of a source model take the place of
    those that were learnt; a file of vectors adds none. Bytes are all known.
    """
    if known is None or codec.config.tokens == "bytes":
        return codec
    if codec.config.tokens != "bpe":
        split = codec.tokeniser.split
        return replace(codec, vocabulary=extend_vocabulary(codec.vocabulary, known.symbols, split))
    theirs = known.codec
    if theirs is None or theirs.config.tokens != "bpe":
        return codec
    if theirs.config.is_lower != codec.config.is_lower:
        return codec
    return replace(codec, tokeniser=theirs.tokeniser, vocabulary=theirs.vocabulary)


def extend_written(codec: Codec, known: Known | None) -> Codec:
    """The same for what is written, which has no use for words that no text to learn from holds:
    those of a file of vectors do not join it."""
    return extend_codec(codec, known) if known is not None and known.is_model else codec


def extend_vocabulary(
    vocabulary: Vocabulary, symbols: Iterable[str], split: Callable[[str], list[str]]
) -> Vocabulary:
    """The vocabulary with further symbols behind its own, none of which was ever seen.

    Args:
        vocabulary: The one that was learnt.
        symbols: Those of a source.
        split: Makes symbols of text; what it parts is left out, as it would never be met.
    """
    found = (split(symbol) for symbol in symbols)
    return vocabulary.extended(parts[0] for parts in found if len(parts) == 1)


def symbol_of(codec: Codec) -> Callable[[str], str | None]:
    """A function from a word of a source to the symbol that it would be here, None for several.

    A word is a piece of BPE where it stands behind a space.
    """
    space = " " if codec.config.tokens == "bpe" else ""

    def find(word: str) -> str | None:
        parts = codec.tokeniser.split(space + word)
        return parts[0] if len(parts) == 1 else None

    return find
