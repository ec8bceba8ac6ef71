"""Layers inside programs that torch traces, compiles, exports or transforms.

Comes in: what a backend gets. Goes out: the same as `backend` gives, through operators that such
programs can hold. Imports torch, and `operators` where one is called.
"""

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from recurry.backends.options import RunOptions
from recurry.backends.symbols import Symbols
from recurry.compiler.plan import Plan

# Other kinds of tensors may hold no numbers of their own.
_PLAIN = (Tensor, nn.Parameter, Symbols)


def needs_operator(given: Iterable[Tensor | Symbols]) -> bool:
    """Whether somebody wants to see what is computed with some tensors, not only its result."""
    return (
        torch.compiler.is_compiling()
        or torch._C._are_functorch_transforms_active()
        or torch._C._len_torch_dispatch_stack() > 0
        or False in [type(value) in _PLAIN for value in given]
    )


def run_operator(
    plan: Plan,
    parameters: Mapping[str, Tensor],
    x: Tensor,
    state: Mapping[str, Tensor],
    *,
    lengths: Sequence[int] | None,
    options: RunOptions,
) -> tuple[Tensor, dict[str, Tensor]]:
    """What a backend's `run` gives, as one operator."""
    from recurry.backends.cpu.operators import Transformed

    states = [state[name] for name in plan.graph.states]
    values = [parameters[name] for name in plan.graph.parameters]
    facts = (
        plan.text,
        None if lengths is None else list(lengths),
        options.is_reversed,
        options.precision == "bfloat16",
    )
    if torch._C._are_functorch_transforms_active():
        found = Transformed.apply(facts, len(states), x, *states, *values)
    else:
        # An exported program is for inference: saving for a backward pass would fix its sizes.
        is_saving = torch.is_grad_enabled() and not torch.compiler.is_exporting()
        found = torch.ops.recurry.forward(x, states, values, *facts, is_saving)
    return found[0], dict(zip(plan.graph.states, found[1:], strict=False))
