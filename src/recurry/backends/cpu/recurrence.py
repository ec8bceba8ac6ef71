"""Sequences behind torch's autograd: the kernels' forward and backward passes as one function.

Comes in: tensors, and the facts about them. Goes out: output and last states, with gradients.
Imports torch, call, calls, inputs and passes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from recurry.backends.cpu.backward import Ends, Gradients
from recurry.backends.cpu.call import Call
from recurry.backends.cpu.calls import Decision, decide
from recurry.backends.cpu.inputs import InputRows
from recurry.backends.cpu.passes import backward_pass, run_backwards, run_forwards
from recurry.backends.cpu.threads import available_threads
from recurry.backends.refusals import refuse_second_derivatives
from recurry.backends.timeline import Timeline
from recurry.backends.weights import StackCache
from recurry.compiler.plan import Plan


@dataclass(frozen=True, kw_only=True, eq=False)
class Facts:
    """What a call needs beside tensors: input, which of its rows are read, states, parameters.

    Args:
        plan: The cell.
        timeline: Which rows belong to which step.
        states: Names of the states.
        parameters: Names of the parameters.
        hidden_size: H.
        is_identity: Whether the input is the identity.
        is_rounded: Whether products read numbers rounded to bfloat16.
    """

    plan: Plan
    timeline: Timeline
    states: tuple[str, ...]
    parameters: tuple[str, ...]
    hidden_size: int
    is_identity: bool
    is_rounded: bool = False

    @cached_property
    def num_tensors(self) -> int:
        """How many tensors there are."""
        return 2 + len(self.states) + len(self.parameters)

    @cached_property
    def decisions(self) -> dict[int, Decision]:
        """What has been decided, by the number of threads."""
        return {}

    def state(self, tensors: Sequence[Any]) -> dict[str, Tensor]:
        """The states by name."""
        return dict(zip(self.states, tensors[2:], strict=False))

    def given(self, tensors: Sequence[Any]) -> InputRows:
        """What each row reads."""
        return InputRows(tensors[0].contiguous(), tensors[1], self.is_identity)

    def named(self, tensors: Sequence[Any]) -> tuple[dict[str, Tensor], InputRows]:
        """The parameters by name, and what each row reads."""
        parameters = dict(zip(self.parameters, tensors[2 + len(self.states) :], strict=True))
        return parameters, self.given(tensors)

    def call(self, tensors: Sequence[Any], cache: StackCache | None, *, teams: int) -> Call:
        """The call over some tensors, with packed weights kept where there is a cache."""
        parameters, given = self.named(tensors)
        threads = max(1, available_threads() // teams)
        decision = self.decisions.get(threads)
        if decision is None:
            decision = self.decisions[threads] = decide(
                self.plan,
                self.timeline,
                given,
                self.hidden_size,
                is_rounded=self.is_rounded,
                threads=threads,
            )
        return decision.call(parameters, given, cache)


def parts_of(facts: Sequence[Facts], values: Sequence[Any]) -> list[Sequence[Any]]:
    """What belongs to the tensors of each job."""
    found, at = list[Sequence[Any]](), 0
    for fact in facts:
        found.append(values[at : at + fact.num_tensors])
        at += fact.num_tensors
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """What one job has in a backward pass.

    Args:
        facts: About its tensors.
        tensors: Input, which of its rows are read, states, parameters.
        kept: What its forward pass kept.
        output: The gradient by its output; None where it is zero.
        state: The gradients by its last states; None where they are zero.
        needs_x: Whether the gradient by the input is asked for.
    """

    facts: Facts
    tensors: Sequence[Tensor | None]
    kept: Sequence[Tensor]
    output: Tensor | None
    state: dict[str, Tensor | None]
    needs_x: bool


def keep(
    ctx: Any,
    facts: tuple[Facts, ...],
    tensors: Sequence[Tensor | None],
    kept: Sequence[Sequence[Tensor]],
) -> None:
    """Let a forward pass keep what it was given and, for every job, what its kernels need again."""
    ctx.facts, ctx.counts = facts, [len(of_job) for of_job in kept]
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors, *[tensor for of_job in kept for tensor in of_job])


def kept_parts(ctx: Any, gradients: Sequence[Tensor | None]) -> list[Part]:
    """What was kept and the gradients that came in, job by job.

    Raises:
        UsageError: Somebody wants derivatives of the gradients.
    """
    if torch.is_grad_enabled():
        raise refuse_second_derivatives()
    saved, found = ctx.saved_tensors, list[Part]()
    at, passed, rest = 0, 0, sum(fact.num_tensors for fact in ctx.facts)
    for fact, count in zip(ctx.facts, ctx.counts, strict=True):
        end, following = at + fact.num_tensors, passed + 1 + len(fact.states)
        state = dict(zip(fact.states, gradients[passed + 1 : following], strict=True))
        found.append(
            Part(
                fact,
                saved[at:end],
                saved[rest : rest + count],
                gradients[passed],
                state,
                ctx.needs_input_grad[2 + at],
            )
        )
        at, passed, rest = end, following, rest + count
    return found


def in_order(found: Iterable[tuple[Facts, Gradients]]) -> tuple[Tensor | None, ...]:
    """Gradients by everything that a function was given."""
    ordered: list[Tensor | None] = [None, None]
    for facts, gradients in found:
        ordered += [gradients.x, None, *[gradients.state.get(name) for name in facts.states]]
        ordered += [gradients.parameters.get(name) for name in facts.parameters]
    return tuple(ordered)


class Recurrence(torch.autograd.Function):
    """Kernels behind autograd: first derivatives only."""

    @staticmethod
    def forward(
        ctx: Any, facts: tuple[Facts, ...], caches: Sequence[StackCache], *tensors: Tensor | None
    ) -> tuple[Tensor, ...]:
        parts, teams = parts_of(facts, tensors), len(facts)
        calls = [
            fact.call(part, cache, teams=teams)
            for fact, part, cache in zip(facts, parts, caches, strict=True)
        ]
        states = [fact.state(part) for fact, part in zip(facts, parts, strict=True)]
        made = run_forwards(list(zip(calls, states, strict=True)), is_saving=True)
        is_needed = parts_of(facts, ctx.needs_input_grad[2:])
        for call, needs in zip(calls, is_needed, strict=True):
            # Packed now, of the numbers that the forward pass has read.
            backward_pass(call, needs_x=needs[0]).prepare(call)
        ctx.calls = [call.without_tensors() for call in calls]
        ctx.names = [[*one.buffers] for one in made]
        keep(ctx, facts, tensors, [[*one.buffers.values()] for one in made])
        return tuple([t for one in made for t in (one.output, *one.final.values())])

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: Any, *gradients: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        parts, given = kept_parts(ctx, gradients), list[tuple[Call, Ends]]()
        for part, make, names in zip(parts, ctx.calls, ctx.names, strict=True):
            parameters, rows = part.facts.named(part.tensors)
            ends = Ends(
                buffers=dict(zip(names, part.kept, strict=True)),
                output=part.output,
                state=part.state,
                needs_x=part.needs_x,
            )
            given.append((make(parameters=parameters, input=rows), ends))
        found = run_backwards(given)
        for part, one in zip(parts, found, strict=True):
            # Whoever runs a layer by a route gives states with a row for it.
            for name, value in zip(part.facts.states, part.tensors[2:], strict=False):
                one.state[name] = one.state[name].view(value.shape)
        return in_order(zip(ctx.facts, found, strict=True))
