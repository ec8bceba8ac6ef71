"""The compiled backend: any cell along time in machine code made for this processor.

Comes in: what every backend gets. Goes out: output and state, with gradients. Imports torch and the
rest of the folder.
"""

import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from recurry.backends.cpu.inputs import InputRows, pick_rows
from recurry.backends.cpu.traced import needs_operator, run_operator
from recurry.backends.options import Job, Request, RunOptions
from recurry.backends.rewrite import zoned
from recurry.backends.symbols import Symbols, as_vectors
from recurry.backends.timeline import Packing, Timeline, even_timeline, is_padded, make_packing
from recurry.backends.weights import StackCache, hidden_size
from recurry.compiler.plan import Plan

if TYPE_CHECKING:
    from recurry.backends.cpu.recurrence import Facts


class CpuBackend:
    """Runs every plan on the processor in every precision."""

    name = "cpu"

    def refusal(self, request: Request) -> str | None:
        """Why a request cannot be run, if it cannot."""
        if request.device != "cpu":
            return "it runs on the processor only"
        if request.options.zoneout > 0.0 and request.options.is_training:
            return "it draws no masks for zoneout in training"
        return _MISSING

    def is_fast(self, request: Request) -> bool:
        """Wherever there is something to run."""
        return not request.has_empty

    def run(
        self,
        plan: Plan,
        parameters: Mapping[str, Tensor],
        x: Float[Tensor, "T B I"] | Symbols,
        state: Mapping[str, Tensor],
        *,
        lengths: Sequence[int] | None,
        options: RunOptions,
    ) -> tuple[Float[Tensor, "T B H"], dict[str, Tensor]]:
        """The output and the state after the last step."""
        job = Job(parameters=parameters, x=x, state=state, lengths=lengths, options=options)
        return self.run_together(plan, [job])[0]

    def step(
        self,
        plan: Plan,
        parameters: Mapping[str, Tensor],
        x: Float[Tensor, "B I"],
        state: Mapping[str, Float[Tensor, "1 B H"]],
        *,
        cache: StackCache,
        is_rounded: bool = False,
    ) -> tuple[Float[Tensor, "B H"], dict[str, Float[Tensor, "1 B H"]]] | None:
        """One step without gradients, at less cost than `run`; None where `run` has to do it.

        Args:
            plan: The cell.
            parameters: Parameters by name.
            x: Input.
            state: The state before the step.
            cache: Where packed weights stay.
            is_rounded: Whether products read numbers rounded to bfloat16.
        """
        if not x.numel() or needs_operator((x,)):
            return None
        from recurry.backends.cpu.calls import make_call
        from recurry.backends.cpu.passes import run_forward

        size = hidden_size(parameters, {}, x)
        shape = (1, x.shape[0], size)
        if any(value.shape != shape or value.dtype != x.dtype for value in state.values()):
            return None
        timeline = even_timeline(1, x.shape[0], False)
        with torch.no_grad():
            call = make_call(plan, timeline, parameters, x, size, cache=cache, is_rounded=is_rounded)
            made = run_forward(call, state, is_saving=False)
        return made.output, made.final

    def run_together(
        self, plan: Plan, jobs: Sequence[Job]
    ) -> list[tuple[Tensor, dict[str, Tensor]]]:
        """The same for jobs that do not wait for one another, each on its share of the threads."""
        if jobs[0].options.zoneout > 0.0:
            plan = zoned(plan, jobs[0].options.zoneout)
        if any(_is_empty(job) or needs_operator((job.x, *job.state.values())) for job in jobs):
            return [_run_operator(plan, job) for job in jobs]
        rows = [_Rows.of(job) for job in jobs]
        return [one.unpacked(*made) for one, made in zip(rows, _run_rows(plan, rows), strict=True)]


def _is_empty(job: Job) -> bool:
    return 0 in job.x.shape or (job.lengths is not None and not any(job.lengths))


def _run_operator(plan: Plan, job: Job) -> tuple[Tensor, dict[str, Tensor]]:
    return run_operator(
        plan,
        job.parameters,
        as_vectors(job.x),
        job.state,
        lengths=job.lengths,
        options=job.options,
    )


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """A job without padding.

    Args:
        job: What was asked for.
        given: What each row reads.
        state: The state before the first step, in the order of the rows.
        timeline: Which rows belong to which step.
        packing: How rows became what they are, where sequences differ in length.
    """

    job: Job
    given: InputRows
    state: Mapping[str, Tensor]
    timeline: Timeline
    packing: Packing | None = None

    @classmethod
    def of(cls, job: Job) -> "_Rows":
        """The rows of a job."""
        num_steps, batch_size, _ = job.x.shape
        is_reversed = job.options.is_reversed
        if not is_padded(job.lengths, num_steps):
            timeline = even_timeline(num_steps, batch_size, is_reversed)
            given = _input_rows(job, lambda value: value.flatten(0, 1), timeline)
            return cls(job=job, given=given, state=job.state, timeline=timeline)
        lengths = tuple(job.lengths or ())
        packing = make_packing(lengths, num_steps, is_reversed, job.x.device)
        return cls(
            job=job,
            given=_input_rows(job, packing.pack, packing.timeline),
            state={name: packing.sort(value) for name, value in job.state.items()},
            timeline=packing.timeline,
            packing=packing,
        )

    @property
    def tensors(self) -> tuple[Tensor | None, ...]:
        """Input, which of its rows are read, states, parameters."""
        states, parameters = self.state.values(), self.job.parameters.values()
        return (self.given.values, self.given.picks, *states, *parameters)

    @property
    def facts(self) -> "Facts":
        """What a call needs beside tensors."""
        size = hidden_size(self.job.parameters, self.state, self.given.values)
        from recurry.backends.cpu.recurrence import Facts

        return Facts(
            timeline=self.timeline,
            states=tuple(self.state),
            parameters=tuple(self.job.parameters),
            hidden_size=size,
            is_identity=self.given.is_identity,
            cache=self.job.options.cache,
            is_rounded=self.job.options.precision == "bfloat16",
        )

    def unpacked(
        self, output: Tensor, state: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Output and state as the job wants them."""
        if self.packing is None:
            return output.view(*self.job.x.shape[:2], output.shape[1]), state
        unsorted = {name: self.packing.unsort(value) for name, value in state.items()}
        return self.packing.unpack(output), unsorted


def _input_rows(job: Job, flatten: Callable[[Tensor], Tensor], timeline: Timeline) -> InputRows:
    """What each row reads."""
    x = job.x
    if not isinstance(x, Symbols):
        return InputRows(values=flatten(x))
    from recurry.backends.cpu.cost import should_project

    is_picked = should_project(
        x.num_symbols,
        timeline.num_rows,
        is_one_hot=x.table is None,
        is_kept=not _is_recorded((x, *job.parameters.values())),
    )
    return pick_rows(x, flatten) if is_picked else InputRows(values=flatten(x.vectors()))


def _is_recorded(values: Iterable[Tensor | Symbols | None]) -> bool:
    """Whether gradients will be asked for."""
    return torch.is_grad_enabled() and any(v is not None and v.requires_grad for v in values)


# What this computer lacks, if anything; looked for once, where no traced program sees it.
_MISSING = (
    "it needs the package llvmlite (pip install llvmlite)"
    if importlib.util.find_spec("llvmlite") is None
    else None
)


def _run_rows(plan: Plan, rows: Sequence[_Rows]) -> list[tuple[Tensor, dict[str, Tensor]]]:
    """Output and last state of each, `(N, H)` and `(B, H)`."""
    from recurry.backends.cpu.calls import check_tensors
    from recurry.backends.cpu.passes import run_forwards

    facts = tuple(one.facts for one in rows)
    for one, fact in zip(rows, facts, strict=True):
        shape = (one.timeline.num_streams, fact.hidden_size)
        check_tensors(one.state, dict.fromkeys(one.state, shape), one.given.values.dtype)
    if _is_recorded(tensor for one in rows for tensor in one.tensors):
        found = iter(
            _recurrence(rows[0].job.options).apply(
                plan, facts, *(tensor for one in rows for tensor in one.tensors)
            )
        )
        return [(next(found), {name: next(found) for name in one.state}) for one in rows]
    with torch.no_grad():
        calls = [
            fact.call(plan, one.tensors, teams=len(rows))
            for one, fact in zip(rows, facts, strict=True)
        ]
        states = [one.state for one in rows]
        made = run_forwards(list(zip(calls, states, strict=True)), is_saving=False)
    return [(one.output, one.final) for one in made]


def _recurrence(options: RunOptions) -> type[torch.autograd.Function]:
    """What runs the kernels behind autograd."""
    from recurry.backends.cpu.recompute import Recomputed
    from recurry.backends.cpu.recurrence import Recurrence

    return Recurrence if options.memory == "default" else Recomputed
