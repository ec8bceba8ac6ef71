"""The parts of a model that can be had from elsewhere: vectors of symbols, layers, a head.

Comes in: the modules of a network and its vocabularies, as a task names them. Goes out: records by
which `transfer` finds its way in any network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from recurry.data.codec import Codec
from recurry.data.known import symbol_of
from recurry.data.vocabulary import Vocabulary
from recurry.network.layer import DIRECTIONS
from recurry.network.recurrent import Recurrent

# What a part does: read the text of a record, write an answer, read the characters of a word.
Role = Literal["reads", "writes", "spells"]
# The symbol that stands before and behind a text.
EDGE_NAME = "<edge>"


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """The vectors of symbols.

    Attributes:
        role: What the symbols are for.
        weight: A row for each symbol, and for those that are none of the text's behind them.
        vocabulary: The symbols of the text.
        others: Names of the rows behind them.
        symbol_of: The symbol that a word of elsewhere would be here.
        has_words: Whether vectors of words may be put here.
    """

    role: Role
    weight: Tensor
    vocabulary: Vocabulary
    others: tuple[str, ...] = ()
    symbol_of: Callable[[str], str | None] | None = None
    has_words: bool = True

    @classmethod
    def of(
        cls, codec: Codec, weight: Tensor, *, role: Role, others: tuple[str, ...] = ()
    ) -> "Table":
        """The vectors of the symbols of a codec."""
        vocabulary, find = codec.vocabulary, symbol_of(codec)
        return cls(role=role, weight=weight, vocabulary=vocabulary, others=others, symbol_of=find)

    @property
    def symbols(self) -> tuple[str, ...]:
        """A name for each row."""
        return (*self.vocabulary.symbols, *self.others)


@dataclass(frozen=True, kw_only=True, eq=False)
class Stack:
    """Recurrent layers.

    Attributes:
        role: What they do.
        layers: The layers.
        vocabulary: The symbols that they read as one-hot vectors, if they do.
        is_backward: Whether a stack of one direction is handed its text from the end.
    """

    role: Role
    layers: Recurrent
    vocabulary: Vocabulary | None = None
    is_backward: bool = False

    @property
    def directions(self) -> dict[str, str]:
        """The ways in which the text is read, each with the name of the weights that do it."""
        if self.layers.bidirectional:
            return {name: name for name in DIRECTIONS}
        return {DIRECTIONS[self.is_backward]: DIRECTIONS[0]}


@dataclass(frozen=True, kw_only=True, eq=False)
class Anatomy:
    """What of a network can be had from elsewhere; the rest is its own.

    Attributes:
        tables: Vectors of symbols.
        stacks: Recurrent layers.
        answers: A name for each row of the head.
        head: The weights with a row for each answer.
    """

    tables: tuple[Table, ...] = ()
    stacks: tuple[Stack, ...] = ()
    answers: tuple[str, ...] = ()
    head: tuple[Tensor, ...] = ()
