"""The compiled backend: any cell along time in machine code made for this processor.

Comes in: what every backend gets. Goes out: output and state, with gradients. Imports torch and the
rest of the folder.
"""

import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from recurry.backends.cpu.inputs import InputRows, pick_rows
from recurry.backends.cpu.traced import needs_operator, run_operator
from recurry.backends.options import Job, Memory, Request, RunOptions
from recurry.backends.rewrite import zoned
from recurry.backends.symbols import Symbols, as_vectors
from recurry.backends.timeline import Packing, Timeline, even_timeline, is_padded, make_packing
from recurry.backends.weights import hidden_size
from recurry.compiler.plan import Plan

if TYPE_CHECKING:
    from recurry.backends.cpu.recurrence import Facts
    from recurry.backends.cpu.route import Route

# Shapes of calls that are remembered for one set of weights.
_MOST_LAID_OUT = 64


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
        return True

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

    def route(
        self,
        plan: Plan,
        shape: tuple[int, ...],
        parameters: Mapping[str, Tensor],
        hidden_size: int,
        *,
        directions: int,
        is_rounded: bool,
        memory: Memory,
    ) -> "Route":
        """Calls of one shape through one layer, at less cost than `run`.

        Args:
            plan: The cell.
            shape: (T, B, I) of the input; (B, I) for a single step.
            parameters: Parameters of the first direction, by name.
            hidden_size: H.
            directions: How many directions there are.
            is_rounded: Whether products read numbers rounded to bfloat16.
            memory: How much is kept for the backward pass.
        """
        return _code().Route(
            plan,
            shape,
            parameters,
            hidden_size,
            directions=directions,
            is_rounded=is_rounded,
            memory=memory,
        )

    def run_history(
        self, plan: Plan, job: Job
    ) -> tuple[Float[Tensor, "T H"], dict[str, Float[Tensor, "T H"]]]:
        """The output and the states of one stream after each of its steps, without gradients.

        Args:
            plan: The cell.
            job: At least one step: x (T, 1, I), states (1, H).
        """
        if job.options.zoneout > 0.0:
            plan = zoned(plan, job.options.zoneout)
        rows = _Rows.of(_in_order(plan, job))
        return _code().run_history(rows.facts(plan), rows.tensors, job.options.cache)

    def run_together(
        self, plan: Plan, jobs: Sequence[Job]
    ) -> list[tuple[Tensor, dict[str, Tensor]]]:
        """The same for jobs that do not wait for one another, each on its share of the threads."""
        if jobs[0].options.zoneout > 0.0:
            plan = zoned(plan, jobs[0].options.zoneout)
        if any(_is_empty(job) or needs_operator((job.x, *job.state.values())) for job in jobs):
            return [_run_operator(plan, job) for job in jobs]
        rows = [_Rows.of(_in_order(plan, job)) for job in jobs]
        return [one.unpacked(*made) for one, made in zip(rows, _run_rows(plan, rows), strict=True)]


def _in_order(plan: Plan, job: Job) -> Job:
    """The job with states and parameters in the order of the equations, by which all else goes."""
    graph = plan.graph
    if [*job.state] == [*graph.states] and [*job.parameters] == [*graph.parameters]:
        return job
    return replace(
        job,
        state={name: job.state[name] for name in graph.states if name in job.state},
        parameters={n: job.parameters[n] for n in graph.parameters if n in job.parameters},
    )


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

    def facts(self, plan: Plan) -> "Facts":
        """What a call needs beside tensors, the same record for calls of one shape."""
        job, given = self.job, self.given
        size = hidden_size(job.parameters, self.state, given.values)
        is_rounded = job.options.precision == "bfloat16"
        shape = (given.values.shape[1], given.values.dtype, size)
        kinds = (given.picks is None, given.is_identity, is_rounded)
        key = (id(plan), self.timeline, shape, kinds)
        laid_out = job.options.cache.laid_out
        found = laid_out.get(key)
        if found is None:
            if len(laid_out) >= _MOST_LAID_OUT:
                laid_out.clear()
            found = laid_out[key] = _code().Facts(
                plan=plan,
                timeline=self.timeline,
                states=tuple(self.state),
                parameters=tuple(job.parameters),
                hidden_size=size,
                is_identity=given.is_identity,
                is_rounded=is_rounded,
            )
        return found

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
    is_picked = _code().should_project(
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


@lru_cache(maxsize=1)
def _code() -> SimpleNamespace:
    """What needs llvmlite: loaded when first needed, and looked for once."""
    from recurry.backends.cpu import calls, cost, history, recurrence, route

    return SimpleNamespace(
        check_tensors=calls.check_tensors,
        should_project=cost.should_project,
        Facts=recurrence.Facts,
        run_history=history.run_history,
        Route=route.Route,
        run_all=route.run_all,
    )


def _run_rows(plan: Plan, rows: Sequence[_Rows]) -> list[tuple[Tensor, dict[str, Tensor]]]:
    """Output and last state of each, `(N, H)` and `(B, H)`."""
    code = _code()
    facts = tuple([one.facts(plan) for one in rows])
    for one, fact in zip(rows, facts, strict=True):
        shape = (one.timeline.num_streams, fact.hidden_size)
        code.check_tensors(one.state, dict.fromkeys(one.state, shape), one.given.values.dtype)
    found = iter(
        code.run_all(
            facts,
            [one.job.options.cache for one in rows],
            [tensor for one in rows for tensor in one.tensors],
            memory=rows[0].job.options.memory,
        )
    )
    return [(next(found), {name: next(found) for name in one.state}) for one in rows]
