"""Sequences behind torch's autograd: the kernels' forward and backward passes as one function.

Comes in: tensors, and the facts about them. Goes out: output and last states, with gradients.
Imports torch, call, calls, inputs and passes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from recurry.backends.cpu.call import Call
from recurry.backends.cpu.calls import make_call
from recurry.backends.cpu.inputs import InputRows
from recurry.backends.cpu.passes import Ends, run_backwards, run_forwards
from recurry.backends.refusals import refuse_second_derivatives
from recurry.backends.timeline import Timeline
from recurry.backends.weights import StackCache
from recurry.compiler.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a call needs beside tensors: input, which of its rows are read, states, parameters.

    Args:
        timeline: Which rows belong to which step.
        states: Names of the states.
        parameters: Names of the parameters.
        hidden_size: H.
        is_identity: Whether the input is the identity.
        cache: Where packed weights outlive the call.
        is_rounded: Whether products read numbers rounded to bfloat16.
    """

    timeline: Timeline
    states: tuple[str, ...]
    parameters: tuple[str, ...]
    hidden_size: int
    is_identity: bool
    cache: StackCache
    is_rounded: bool = False

    @property
    def num_tensors(self) -> int:
        """How many tensors there are."""
        return 2 + len(self.states) + len(self.parameters)

    def state(self, tensors: Sequence[Any]) -> dict[str, Tensor]:
        """The states by name."""
        return dict(zip(self.states, tensors[2:], strict=False))

    def given(self, tensors: Sequence[Any]) -> InputRows:
        """What each row reads."""
        return InputRows(values=tensors[0], picks=tensors[1], is_identity=self.is_identity)

    def call(self, plan: Plan, tensors: Sequence[Any], *, teams: int) -> Call:
        """The call over some tensors."""
        parameters = dict(zip(self.parameters, tensors[2 + len(self.states) :], strict=True))
        return make_call(
            plan,
            self.timeline,
            parameters,
            self.given(tensors),
            self.hidden_size,
            cache=self.cache,
            teams=teams,
            is_rounded=self.is_rounded,
        )


def parts_of(facts: Sequence[Facts], values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What belongs to the tensors of each job."""
    found, rest = [], tuple(values)
    for fact in facts:
        found.append(rest[: fact.num_tensors])
        rest = rest[fact.num_tensors :]
    return found


class Recurrence(torch.autograd.Function):
    """Kernels behind autograd: first derivatives only."""

    @staticmethod
    def forward(
        ctx: Any, plan: Plan, facts: tuple[Facts, ...], *tensors: Tensor | None
    ) -> tuple[Tensor, ...]:
        parts = parts_of(facts, tensors)
        given = [
            (fact.call(plan, part, teams=len(facts)), fact.state(part))
            for fact, part in zip(facts, parts, strict=True)
        ]
        made = run_forwards(given, is_saving=True)
        ctx.plan, ctx.facts, ctx.kept = plan, facts, [tuple(one.buffers) for one in made]
        buffers = [buffer for one in made for buffer in one.buffers.values()]
        ctx.save_for_backward(*tensors, *buffers)
        return tuple(t for one in made for t in (one.output, *one.final.values()))

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise refuse_second_derivatives()
        saved, passed = iter(ctx.saved_tensors), iter(gradients)
        parts = [[next(saved) for _ in range(fact.num_tensors)] for fact in ctx.facts]
        is_needed = iter(parts_of(ctx.facts, ctx.needs_input_grad[2:]))
        given = [
            (
                fact.call(ctx.plan, part, teams=len(parts)),
                Ends(
                    buffers={name: next(saved) for name in names},
                    output=next(passed),
                    state={name: next(passed) for name in fact.states},
                    needs_x=bool(next(is_needed)[0]),
                ),
            )
            for fact, part, names in zip(ctx.facts, parts, ctx.kept, strict=True)
        ]
        found: list[Tensor | None] = [None, None]
        for fact, one in zip(ctx.facts, run_backwards(given), strict=True):
            found += [one.x, None, *(one.state.get(name) for name in fact.states)]
            found += [one.parameters.get(name) for name in fact.parameters]
        return tuple(found)
