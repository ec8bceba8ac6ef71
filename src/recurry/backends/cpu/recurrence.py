"""Sequences behind torch's autograd: the kernels' forward and backward passes as one function.

Comes in: tensors, and the facts about them. Goes out: output and last states, with gradients.
Imports torch, call, calls, inputs and passes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor

from recurry.backends.cpu.call import Call, Named
from recurry.backends.cpu.calls import Decision, decide
from recurry.backends.cpu.inputs import InputRows
from recurry.backends.cpu.passes import (
    backward_pass,
    forward_pass,
    run_backwards,
    run_forwards,
)
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

    def state(self, tensors: Sequence[Any]) -> Sequence[Tensor]:
        """The states."""
        return tensors[2 : 2 + len(self.states)]

    def given(self, tensors: Sequence[Any]) -> InputRows:
        """What each row reads."""
        return InputRows(tensors[0].contiguous(), tensors[1], self.is_identity)

    def call(self, tensors: Sequence[Any], cache: StackCache | None, *, teams: int) -> Call:
        """The call over some tensors, with packed weights kept where there is a cache."""
        own, given = tensors[2 + len(self.states) :], self.given(tensors)
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
        return decision.call(Named(self.parameters, own), own, given, cache)


def parts_of(facts: Sequence[Facts], values: Sequence[Any]) -> list[Sequence[Any]]:
    """What belongs to the tensors of each job."""
    found, at = list[Sequence[Any]](), 0
    for fact in facts:
        found.append(values[at : at + fact.num_tensors])
        at += fact.num_tensors
    return found


class Part(NamedTuple):
    """What one job has in a backward pass.

    Args:
        facts: About its tensors.
        tensors: Input, which of its rows are read, states, parameters.
        kept: What its forward pass kept.
        ends: The gradients by its output and its last states; None where they are zero.
        needs: Which of its tensors gradients are asked for.
    """

    facts: Facts
    tensors: Sequence[Tensor | None]
    kept: Sequence[Tensor]
    ends: Sequence[Tensor | None]
    needs: Sequence[bool]


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
    saved, found, needs = ctx.saved_tensors, list[Part](), ctx.needs_input_grad[2:]
    at, passed, rest = 0, 0, sum([fact.num_tensors for fact in ctx.facts])
    for fact, count in zip(ctx.facts, ctx.counts, strict=True):
        end, following = at + fact.num_tensors, passed + 1 + len(fact.states)
        kept = saved[rest : rest + count]
        found.append(Part(fact, saved[at:end], kept, gradients[passed:following], needs[at:end]))
        at, passed, rest = end, following, rest + count
    return found


def in_order(
    part: Part, names: Sequence[str], gradients: tuple[list[Tensor], Tensor | None, list[Tensor]]
) -> list[Tensor | None]:
    """Gradients by everything that a job was given; those by parameters come under their names."""
    parameters, x, states = gradients
    by_name = dict(zip(names, parameters, strict=True))
    found: list[Tensor | None] = [x, None, *[None] * len(part.facts.states)]
    for number, value in enumerate(states, 2):
        given = part.tensors[number]
        # Whoever runs a layer by a route gives states with a row for it.
        if part.needs[number] and given is not None:
            found[number] = value.view(given.shape)
    found += [by_name.get(name) for name in part.facts.parameters]
    return found


class Recurrence(torch.autograd.Function):
    """Kernels behind autograd: first derivatives only."""

    @staticmethod
    def forward(
        ctx: Any, facts: tuple[Facts, ...], caches: Sequence[StackCache], *tensors: Tensor | None
    ) -> tuple[Tensor, ...]:
        parts, teams = parts_of(facts, tensors), len(facts)
        needs_x = [part[0] for part in parts_of(facts, ctx.needs_input_grad[2:])]
        calls = [
            fact.call(part, cache, teams=teams)
            for fact, part, cache in zip(facts, parts, caches, strict=True)
        ]
        made = run_forwards(
            [(c, f.state(part)) for c, f, part in zip(calls, facts, parts, strict=True)],
            [forward_pass(call, is_saving=True) for call in calls],
        )
        ctx.passes = [
            backward_pass(call, needs_x=needs) for call, needs in zip(calls, needs_x, strict=True)
        ]
        for one, call in zip(ctx.passes, calls, strict=True):
            one.prepare(call)  # of the numbers that the forward pass has read
        ctx.calls = [call.without_tensors() for call in calls]
        keep(ctx, facts, tensors, [kept for _, _, kept in made])
        return tuple([t for output, final, _ in made for t in (output, *final)])

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: Any, *gradients: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        parts = kept_parts(ctx, gradients)
        given = []
        for part, make in zip(parts, ctx.calls, strict=True):
            facts, tensors = part.facts, part.tensors
            parameters = Named(facts.parameters, tensors[2 + len(facts.states) :])  # type: ignore[arg-type]
            call = make(parameters=parameters, input=facts.given(tensors))
            given.append((call, part.kept, part.ends))
        found: list[Tensor | None] = [None, None]
        is_asked = [True in part.needs[2 : 2 + len(part.facts.states)] for part in parts]
        made = run_backwards(given, ctx.passes, needs_state=any(is_asked))
        for part, one, gradients_of in zip(parts, ctx.passes, made, strict=True):
            found += in_order(part, one.names, gradients_of)
        return tuple(found)
