"""What is measured: a cell at a shape, in a precision, in one kind of pass.

Comes in: names and sizes as a user writes them. Goes out: frozen records. Imports backends, cells.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from recurry.backends.options import Memory, Precision
from recurry.compiler.cell import Cell
from recurry.errors import UsageError

Pass = Literal["inference", "training", "step"]
PASSES: tuple[Pass, ...] = ("inference", "training", "step")


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Steps, batch, input and hidden size of a measurement."""

    num_steps: int
    batch_size: int
    input_size: int
    hidden_size: int

    @classmethod
    def parse(cls, text: str) -> Shape:
        """A shape from `T,B,I,H`.

        Raises:
            UsageError: The text is not four whole numbers above 0.
        """
        parts = text.split(",")
        if len(parts) != 4 or not all(part.strip().isdecimal() and int(part) for part in parts):
            raise UsageError(
                "A shape is four whole numbers.",
                where="--shape",
                got=text,
                accepted="T,B,I,H: steps, batch, input size, hidden size",
                hint="--shape 128,64,512,512",
            )
        numbers = [int(part) for part in parts]
        return cls(
            num_steps=numbers[0],
            batch_size=numbers[1],
            input_size=numbers[2],
            hidden_size=numbers[3],
        )

    def __str__(self) -> str:
        return f"{self.num_steps},{self.batch_size},{self.input_size},{self.hidden_size}"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One thing to measure.

    Args:
        cell: The equations.
        shape: Steps, batch, input and hidden size.
        precision: What products compute in.
        kind: `inference` and `training` take a whole sequence, `step` is one call for one step.
        lengths: Valid steps of each sequence, where they differ.
        memory: `low` computes again in the backward pass what would have to be kept for it.
    """

    cell: Cell
    shape: Shape
    precision: Precision = "float32"
    kind: Pass = "training"
    lengths: tuple[int, ...] | None = None
    memory: Memory = "default"

    @property
    def streams(self) -> Counter[int]:
        """For each number of streams, at how many steps so many take part."""
        if self.kind == "step":
            return Counter({self.shape.batch_size: 1})
        if self.lengths is None:
            return Counter({self.shape.batch_size: self.shape.num_steps})
        longest = max(self.lengths, default=0)
        return Counter(sum(length > step for length in self.lengths) for step in range(longest))

    @property
    def num_steps(self) -> int:
        """Steps of one call."""
        return self.streams.total()

    @property
    def num_rows(self) -> int:
        """Valid steps of all streams together in one call."""
        return sum(size * steps for size, steps in self.streams.items())
