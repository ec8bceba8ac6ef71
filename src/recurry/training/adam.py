"""Adam and AdamW by the compiled kernel, on the state of torch's own optimiser.

Comes in: an optimiser whose gradients are set. Goes out: new weights, moments and averages. What an
optimiser remembers has torch's names and shapes, so a checkpoint does not show who made an update.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, optim


def gradient_squares(gradients: Sequence[Tensor]) -> float | None:
    """The sum of squares of gradients by the compiled kernel; None where it does not run."""
    kernel = _find_kernel()
    if kernel is None or not gradients or not kernel.can_move(gradients):
        return None
    return kernel.sum_of_squares(gradients)


@torch.no_grad()
def update_adam(
    optimiser: optim.Optimizer,
    *,
    gradient_factor: float,
    averages: Mapping[Tensor, Tensor],
    following: float,
) -> float | None:
    """One update at the rates that the groups of an optimiser have, and of the averages after it.

    Args:
        optimiser: Whose gradients are set.
        gradient_factor: What gradients are multiplied by.
        averages: The average of a weight, where there is one.
        following: The share of a weight in its average.

    Returns:
        The norm of the change of all weights divided by that of the weights; None where the kernel
        does not run these weights or this optimiser, and nothing has changed then.
    """
    kernel = _find_kernel()
    if kernel is None or not isinstance(optimiser, optim.Adam) or not optimiser.defaults["fused"]:
        return None
    groups = [(g, [w for w in g["params"] if w.grad is not None]) for g in optimiser.param_groups]
    weights = [weight for _, chosen in groups for weight in chosen]
    states = [_state(optimiser, weight) for weight in weights]
    own = [averages[weight] for weight in weights if weight in averages]
    moments = [state[name] for state in states for name in ("exp_avg", "exp_avg_sq")]
    tensors = [*weights, *(weight.grad for weight in weights), *moments, *own]
    if not weights or not kernel.can_move(tensors):
        return None
    for state in states:
        state["step"] += 1
    steps = iter(torch.stack([state["step"] for state in states]).tolist())
    moved, at = [], 0
    for group, chosen in groups:
        made = dict[float, Any]()
        for weight in chosen:
            step, state = next(steps), states[at]
            if step not in made:
                made[step] = _settings(
                    optimiser, group, step, factor=gradient_factor, following=following
                )
            at += 1
            one = kernel.Moving(
                weight.detach(),
                weight.grad,
                state["exp_avg"],
                state["exp_avg_sq"],
                averages.get(weight),
            )
            moved.append((one, made[step]))
    change, before = kernel.move(moved)
    torch.autograd.graph.increment_version([*weights, *moments, *own])
    for weight, average in averages.items():
        if weight.grad is None:
            average.lerp_(weight.detach(), following)
    return math.sqrt(change / before) if before else math.inf


def _state(optimiser: optim.Optimizer, weight: Tensor) -> dict[str, Tensor]:
    """What is remembered of a weight, as torch begins it."""
    state = optimiser.state[weight]
    if not state:
        state["step"] = torch.zeros((), dtype=torch.float32, device=weight.device)
        for name in ("exp_avg", "exp_avg_sq"):
            state[name] = torch.zeros_like(weight, memory_format=torch.preserve_format)
    return state


def _settings(
    optimiser: optim.Optimizer,
    group: Mapping[str, Any],
    step: float,
    *,
    factor: float,
    following: float,
) -> Any:
    """The numbers of an update of a group."""
    (first, second), rate, decay = group["betas"], group["lr"], group["weight_decay"]
    is_decoupled = isinstance(optimiser, optim.AdamW)
    kernel = _find_kernel()
    assert kernel is not None
    return kernel.AdamSettings(
        factor=factor,
        penalty=0.0 if is_decoupled else decay,
        kept=1 - rate * decay if is_decoupled else 1.0,
        fresh=1 - first,
        old=second,
        root=1 / math.sqrt(1 - second**step),
        epsilon=group["eps"],
        step=rate / (1 - first**step),
        following=following,
    )


def _find_kernel() -> Any:
    """The module of the kernel, where there is llvmlite."""
    try:
        from recurry.backends.cpu import adam
    except ImportError:
        return None
    return adam
