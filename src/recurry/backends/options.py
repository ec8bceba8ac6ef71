"""What a backend is asked for, and the interface of all backends.

Comes in: plain facts. Goes out: frozen records. Imports the compiler only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from torch import Tensor

from recurry.backends.symbols import Symbols
from recurry.backends.weights import StackCache
from recurry.compiler.plan import Plan

Precision = Literal["float64", "float32", "bfloat16"]
Memory = Literal["default", "low"]
MEMORIES: tuple[Memory, ...] = ("default", "low")
PRECISIONS: tuple[Precision, ...] = ("float64", "float32", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a plan is to be run.

    Args:
        precision: `bfloat16` rounds what products read; sums and states stay float32.
        zoneout: Probability that a unit of a state keeps its old value at a step.
        is_training: Whether zoneout draws masks; else it takes the expectation.
        is_reversed: Whether time runs from the last valid step of each sequence to its first.
        memory: `low` keeps states at some steps only, in the order of the square root of their
            number, and runs the steps between them again when gradients are asked for.
        cache: Where stacked weights may be kept while no gradient is asked for.
    """

    precision: Precision = "float32"
    zoneout: float = 0.0
    is_training: bool = False
    is_reversed: bool = False
    memory: Memory = "default"
    cache: StackCache = field(default_factory=StackCache, compare=False)


@dataclass(frozen=True, kw_only=True)
class Request:
    """The facts by which a backend accepts or refuses.

    Args:
        plan: The cell.
        options: How it is to be run.
        device: Kind of device, `cpu` or `cuda`.
        num_steps: Steps of the batch; 0 where not known yet.
        batch_size: Streams of the batch; 0 where not known yet.
        is_padded: Whether sequences differ in length.
        has_empty: Whether a sequence has length 0.
        needs_gradient: Whether gradients will be asked for.
    """

    plan: Plan
    options: RunOptions
    device: str = "cpu"
    num_steps: int = 0
    batch_size: int = 0
    is_padded: bool = False
    has_empty: bool = False
    needs_gradient: bool = False


@dataclass(frozen=True, kw_only=True)
class Job:
    """One sequence batch through one cell: what a backend's `run` gets beside the plan.

    Args:
        parameters: Parameters by name.
        x: Input.
        state: The state before the first step, `(B, H)` each.
        lengths: Valid steps of each sequence; all where not given.
        options: How it is to be run.
    """

    parameters: Mapping[str, Tensor]
    x: Tensor | Symbols
    state: Mapping[str, Tensor]
    lengths: Sequence[int] | None
    options: RunOptions


@runtime_checkable
class Backend(Protocol):
    """Runs a plan along time."""

    name: str

    def refusal(self, request: Request) -> str | None:
        """Why this request cannot be run, as the end of a sentence; None where it can."""
        ...

    def is_fast(self, request: Request) -> bool:
        """Whether this backend is expected to beat the ones after it in the table."""
        ...

    def run(
        self,
        plan: Plan,
        parameters: Mapping[str, Tensor],
        x: Tensor | Symbols,
        state: Mapping[str, Tensor],
        *,
        lengths: Sequence[int] | None,
        options: RunOptions,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The output `(T, B, H)` and the state after the last step, `(B, H)` each.

        A backend that has no use for symbols begins with `x = as_vectors(x)`.
        """
        ...


@runtime_checkable
class TeamBackend(Backend, Protocol):
    """A backend that can run several sequence batches at once."""

    def run_together(
        self, plan: Plan, jobs: Sequence[Job]
    ) -> list[tuple[Tensor, dict[str, Tensor]]]:
        """What `run` gives for each of some jobs that do not wait for one another."""
        ...


def run_jobs(
    backend: Backend, plan: Plan, jobs: Sequence[Job]
) -> list[tuple[Tensor, dict[str, Tensor]]]:
    """Output and state of jobs that do not wait for one another, such as both directions."""
    together = getattr(backend, "run_together", None)
    if together is not None:
        return together(plan, jobs)
    return [
        backend.run(
            plan, job.parameters, job.x, job.state, lengths=job.lengths, options=job.options
        )
        for job in jobs
    ]
