"""Batches of records of about equal lengths, in a random order that can be taken up anywhere.

Comes in: the lengths of records. Goes out: which records each update reads, a pure function of the
seed and of the number of the update, so the position in the data needs no state but that number.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from recurry.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The records of one update.

    Attributes:
        epoch: The pass over the records, from 0.
        index: The batch of that epoch, from 0.
        num_batches: Batches of an epoch.
        members: The numbers of its records.
    """

    epoch: int
    index: int
    num_batches: int
    members: np.ndarray

    @property
    def is_last(self) -> bool:
        """Whether the epoch ends with this batch."""
        return self.index == self.num_batches - 1

    @property
    def epochs_before(self) -> float:
        """Passes over the records that lie before this batch, with their fraction."""
        return self.epoch + self.index / self.num_batches


class Batches:
    """The batches of a whole training.

    In each epoch the records are shuffled, then sorted by length, so that chance alone decides
    about records of equal length; then they are cut into batches, and these are shuffled. The
    places of the cuts depend on the lengths alone, so all epochs have equally many batches.

    Args:
        lengths: The number of steps of each record.
        records: Most records of a batch.
        steps: Most steps of a batch, padding included; a longer record is a batch of its own.
        epochs: Passes over the records.
        seed: Governs the order.

    Raises:
        DataError: There is no record.
    """

    def __init__(
        self,
        lengths: Sequence[int] | np.ndarray,
        *,
        records: int,
        steps: int,
        epochs: int,
        seed: int,
    ) -> None:
        self._lengths = np.asarray(lengths, dtype=np.int64)
        if not len(self._lengths):
            raise DataError("There is no record to learn from.", got="0 records")
        self._ends = cut_by_length(np.sort(self._lengths), records=records, steps=steps)
        self._seed, self._epoch = seed, -1
        self._batches: list[np.ndarray] = []
        self.num_batches = len(self._ends)
        self.num_updates = self.num_batches * epochs

    def at(self, update: int) -> Batch:
        """The batch of one update, counted from 0."""
        epoch, index = divmod(update, self.num_batches)
        members = self.epoch(epoch)[index]
        return Batch(epoch=epoch, index=index, num_batches=self.num_batches, members=members)

    def epoch(self, epoch: int) -> list[np.ndarray]:
        """All batches of an epoch; the last epoch asked for stays at hand."""
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self._draw(epoch)
        return self._batches

    def _draw(self, epoch: int) -> list[np.ndarray]:
        generator = np.random.default_rng([self._seed, epoch])
        shuffled = generator.permutation(len(self._lengths))
        by_length = shuffled[np.argsort(self._lengths[shuffled], kind="stable")]
        batches = np.split(by_length, self._ends[:-1])
        return [batches[number] for number in generator.permutation(len(batches))]


def cut_by_length(lengths: np.ndarray, *, records: int, steps: int) -> list[int]:
    """Where each batch ends, for lengths in rising order.

    Args:
        lengths: In rising order, at least one.
        records: Most records of a batch.
        steps: Most steps of a batch, padding included.
    """
    ends: list[int] = []
    start = 0
    for position, length in enumerate(lengths.tolist()):
        size = position + 1 - start
        if size > 1 and (size > records or size * length > steps):
            ends.append(position)
            start = position
    return [*ends, len(lengths)]


def padding_share(lengths: np.ndarray, batches: Iterable[np.ndarray]) -> float:
    """The share of all steps of some batches that is padding."""
    total = filled = 0
    for members in batches:
        found = np.asarray(lengths)[members]
        total += int(found.max(initial=0)) * len(found)
        filled += int(found.sum())
    return 1 - filled / total if total else 0.0


def in_order(lengths: np.ndarray, *, steps: int) -> list[np.ndarray]:
    """Batches for answering, not for learning: by length, nothing random, as large as may be.

    Args:
        lengths: The number of steps of each record.
        steps: Most steps of a batch, padding included.
    """
    if not len(lengths):
        return []
    order = np.argsort(lengths, kind="stable")
    ends = cut_by_length(np.asarray(lengths)[order], records=len(lengths), steps=steps)
    return np.split(order, ends[:-1])
