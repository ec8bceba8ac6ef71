"""Records as numbers: sequences of different lengths side by side, and values beside them.

Comes in: arrays. Goes out: any of the records, padded to a block that a network reads.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from recurry.errors import DataError


@dataclass(frozen=True, kw_only=True, eq=False)
class Ragged:
    """Sequences of numbers, or of vectors, of different lengths, one behind the other.

    Attributes:
        values: All numbers, (S,), or vectors, (S, I).
        offsets: Where each sequence begins, and where the last one ends; (N + 1,).
    """

    values: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_sequences(cls, sequences: Iterable[np.ndarray], *, dtype: Any = np.int32) -> Self:
        """Sequences side by side."""
        found = [np.asarray(sequence, dtype=dtype) for sequence in sequences]
        lengths = np.array([len(sequence) for sequence in found], dtype=np.int64)
        values = np.concatenate(found) if found else np.zeros(0, dtype=dtype)
        return cls(values=values, offsets=np.concatenate([[0], np.cumsum(lengths)]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> np.ndarray:
        return self.values[self.offsets[number] : self.offsets[number + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """The length of each sequence, (N,)."""
        return np.diff(self.offsets)

    def take(self, members: Sequence[int] | np.ndarray) -> "Ragged":
        """Some of the sequences."""
        chosen = np.asarray(members, dtype=np.int64)
        lengths = self.lengths[chosen]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = np.repeat(self.offsets[chosen] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Ragged(values=self.values[places], offsets=offsets)

    def padded(self, padding: int = 0) -> np.ndarray:
        """All sequences as one block, time first.

        Args:
            padding: What stands behind the end of a shorter sequence.

        Shapes:
            returns: (T, N) int64, T the length of the longest; what is no whole number keeps its
                type, and vectors (T, N, I) their size.
        """
        lengths, values = self.lengths, self.values
        shape = (int(lengths.max(initial=0)), len(self), *values.shape[1:])
        is_whole = np.issubdtype(values.dtype, np.integer)
        block = np.full(shape, padding, dtype=np.int64 if is_whole else values.dtype)
        block.swapaxes(0, 1)[np.arange(len(block)) < lengths[:, None]] = values
        return block


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """Records of one part of a data set.

    Attributes:
        sequences: What has a length, by name; batches go by the length of the first.
        values: One number for each record, by name.
    """

    sequences: Mapping[str, Ragged]
    values: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes = {name: len(part) for name, part in {**self.sequences, **self.values}.items()}
        if len(set(sizes.values())) > 1:
            raise DataError("The parts of a record differ in number.", got=str(sizes))

    def __len__(self) -> int:
        return len(next(iter(self.sequences.values())))

    @property
    def lengths(self) -> np.ndarray:
        """The number of steps of each record, (N,)."""
        return next(iter(self.sequences.values())).lengths

    def take(self, members: Sequence[int] | np.ndarray) -> "Examples":
        """Some of the records, in the order given."""
        chosen = np.asarray(members, dtype=np.int64)
        return Examples(
            sequences={name: part.take(chosen) for name, part in self.sequences.items()},
            values={name: part[chosen] for name, part in self.values.items()},
        )

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All that it holds as arrays by name."""
        arrays = {f"value.{name}": part for name, part in self.values.items()}
        for name, part in self.sequences.items():
            arrays |= {f"numbers.{name}": part.values, f"offsets.{name}": part.offsets}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], names: Sequence[str]) -> Self:
        """Read `to_arrays`'s value back; `names` are those of the sequences, in order."""
        return cls(
            sequences={
                name: Ragged(values=arrays[f"numbers.{name}"], offsets=arrays[f"offsets.{name}"])
                for name in names
            },
            values={
                name.removeprefix("value."): part
                for name, part in arrays.items()
                if name.startswith("value.")
            },
        )
