"""Taking over: a fresh model begins with vectors of words from a file, or with parts of a model.

Comes in: a model with fresh weights, and a source. Goes out: the same model with some of its
weights replaced, and which those are. Vectors that the source lacks begin as the mean of others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor, nn

from recurry.data.tokens import Characters
from recurry.data.vectors import WordVectors
from recurry.data.vocabulary import Vocabulary
from recurry.data.words import END_OF_LINE, UNKNOWN
from recurry.errors import DataError, UsageError
from recurry.tasks.anatomy import Table
from recurry.tasks.find import find_task
from recurry.tasks.task import AnyModel

# Symbols that stand for no word, so that having them in common says nothing.
_NO_WORDS = frozenset((UNKNOWN, END_OF_LINE, Characters.UNKNOWN))


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Which weights of a model were taken over; the rest is new.

    Attributes:
        tables: Names of vectors of symbols.
        layers: Names of the weights of each layer, the lowest first.
        notes: What is worth knowing, in plain sentences.
    """

    tables: tuple[str, ...] = ()
    layers: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()

    def stages(self, names: Sequence[str]) -> list[tuple[str, ...]]:
        """The weights of a network from above: what is new, layer by layer, the vectors.

        Args:
            names: Those of all weights.
        """
        below = [*reversed(self.layers), self.tables]
        taken = {name for stage in below for name in stage}
        return [tuple(name for name in names if name not in taken), *below]

    def to_dict(self) -> dict[str, Any]:
        """Names only, as a value that JSON can hold."""
        return {"tables": list(self.tables), "layers": [list(names) for names in self.layers]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Taken":
        """Read `to_dict`'s value back."""
        layers = tuple(tuple(names) for names in data["layers"])
        return cls(tables=tuple(data["tables"]), layers=layers)


def take_vectors(model: AnyModel, vectors: WordVectors, *, name: str) -> Taken:
    """Put word vectors into the vectors of symbols of a model.

    Args:
        model: Changed in place.
        vectors: Words and their vectors.
        name: What they are called in messages.

    Raises:
        UsageError: The model has no vectors, or vectors of another size.
        DataError: It has no word in common with them.
    """
    tables = [table for table in find_task(model.task).anatomy(model).tables if table.has_words]
    if not tables:
        raise UsageError(
            "This network has no vectors of symbols that could be taken from a file.",
            where=name,
            got=f"a network of the task {model.task} that reads one-hot vectors or no symbols",
            hint=f"--set network.embedding_size={vectors.size}",
        )
    notes = []
    for table in tables:
        check_size(model, table, vectors.size, name=name)
        rows, is_known = vectors.rows_of(table.symbols, symbol_of=table.symbol_of)
        notes.append(fill(table, torch.from_numpy(rows), is_known, name=name))
    names = names_of(model.network)
    filled = tuple(dict.fromkeys(names[id(table.weight)] for table in tables))
    return Taken(tables=filled, notes=tuple(dict.fromkeys(notes)))


def check_size(model: AnyModel, table: Table, size: int, *, name: str) -> None:
    """Complain if vectors of a size do not fit a table of a model.

    Raises:
        UsageError: With both sizes.
    """
    here = table.weight.shape[1]
    if here != size:
        # Of what writes for a class, half of the setting is the size of a symbol's vector.
        asked = network_settings(model).embedding_size
        raise UsageError(
            "The vectors have another size than those of the network.",
            where=name,
            got=f"vectors of {size} numbers, those of the network have {here} "
            f"(network.embedding_size is {asked})",
            hint=f"--set network.embedding_size={asked * size // here}, or leave it out",
        )


def network_settings(model: Any) -> Any:
    """The table `network` of a model of any task."""
    settings = getattr(model, "settings", None)
    return settings["network"] if settings else model.network_config


def needs_vectors(kind: type[BaseModel]) -> bool:
    """Whether a table `network` accepts no `embedding_size` of 0, which is one-hot vectors."""
    field = kind.model_fields.get("embedding_size")
    return field is not None and any(getattr(rule, "ge", 0) > 0 for rule in field.metadata)


@torch.no_grad()
def fill(table: Table, rows: Tensor, is_known: np.ndarray, *, name: str) -> str:
    """Put rows into a table, the mean of those that are known for other symbols of its text.

    Args:
        table: Changed in place.
        rows: One for each symbol.
        is_known: Which of them the source has.
        name: What the source is called in messages.

    Returns:
        How much of the vocabulary the source has.

    Raises:
        DataError: None of the words of the training part.
    """
    note = coverage(table.vocabulary, is_known, name=name)
    known, size = torch.from_numpy(is_known), len(table.vocabulary)
    table.weight[known] = rows[known].to(table.weight)
    of_text = torch.arange(len(known)) < size
    table.weight[~known & of_text] = rows[known & of_text].mean(0).to(table.weight)
    return note


def coverage(vocabulary: Vocabulary, is_known: np.ndarray, *, name: str) -> str:
    """A sentence on how many symbols of a training part a source has.

    Raises:
        DataError: None of its words.
    """
    counts = np.array(vocabulary.counts)
    # Pieces of BPE are not counted; symbols that joined from the source were never seen.
    is_seen = counts > 0 if counts.any() else np.ones(len(counts), dtype=bool)
    both = is_seen & is_known[: len(counts)]
    if not any(vocabulary.symbols[place] not in _NO_WORDS for place in np.flatnonzero(both)):
        some = ", ".join(map(repr, vocabulary.symbols[:5]))
        raise DataError(
            "The source and the training part have no word in common.",
            where=name,
            got=f"a training part with the symbols {some}, ...",
            accepted="a source of the same language, with symbols of the same kind",
            hint="--set text.tokens=words for vectors of words, or another source",
        )
    share = counts[both].sum() / max(1, counts.sum())
    more = int((is_known[: len(counts)] & ~is_seen).sum())
    return (
        f"{name} has {both.sum():,} of the {is_seen.sum():,} symbols of the training part"
        + (f" ({100 * share:.1f} % of its text)" if counts.any() else "")
        + (f"; {more:,} more have joined them" if more else "")
    )


def names_of(network: nn.Module) -> dict[int, str]:
    """The name of each weight by its identity."""
    return {id(weight): name for name, weight in network.named_parameters()}
