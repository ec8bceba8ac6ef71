"""What one training learns from, update by update: the interface of the two kinds there are.

Comes in: nothing. Goes out: interfaces. A `WindowCourse` reads one long text and carries a state; a
`RecordCourse` reads batches of records. The loop knows neither.
"""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from recurry.network.state import State
from recurry.tasks.task import AnyScores


@runtime_checkable
class Place(Protocol):
    """Where one update stands; a pure function of its number."""

    @property
    def epoch(self) -> int:
        """The pass over the data, from 0."""
        ...

    @property
    def index(self) -> int:
        """The number of the update in its epoch, from 0."""
        ...

    @property
    def is_last(self) -> bool:
        """Whether the epoch ends with this update."""
        ...

    @property
    def epochs_before(self) -> float:
        """Passes over the data that lie before this update, with their fraction."""
        ...


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """The loss of one update.

    Attributes:
        objective: What is minimised.
        loss_nats: Mean loss of what was counted, as it is reported.
        num_counted: Symbols, labels or records that were learnt from.
        carried: The state with which the next update begins; None where none is carried.
        rate_factor: What the learning rate of this update is multiplied by.
    """

    objective: Float[Tensor, ""]
    loss_nats: Float[Tensor, ""]
    num_counted: int
    carried: State | None = None
    rate_factor: float = 1.0


@runtime_checkable
class Course(Protocol):
    """All updates of one training."""

    @property
    def num_updates(self) -> int:
        """Updates of the whole training."""
        ...

    @property
    def description(self) -> str:
        """What is learnt from, in one line."""
        ...

    def at(self, update: int) -> Any:
        """The place of one update, counted from 0."""
        ...

    def learn(self, place: Any, carried: State | None) -> Lesson:
        """The loss of one update; a random number may be drawn from torch's generators."""
        ...

    def validate(self) -> AnyScores | None:
        """Scores on the data to choose by; None where there is none."""
        ...
