"""From gradients to updates: torch's own optimisers, clipping, and their state as named tensors.

Comes in: named parameters and the table `optimiser`. Goes out: updates. The state of an optimiser
becomes tensors named by parameter and back, to the bit, without any pickling.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn, optim

from recurry.training.adam import gradient_squares
from recurry.training.configuration import OptimiserConfig

Named = Mapping[str, Tensor]
# A group of torch's optimisers: {"params": tensors, "rate_factor": number}.
RatedTensors = Mapping[str, Any]

# What torch adds to a norm before it divides by it.
_CLIP_EPSILON = 1e-6


def make_optimiser(
    parameters: Iterable[Tensor] | Sequence[RatedTensors],
    config: OptimiserConfig,
    *,
    num_updates: int,
) -> optim.Optimizer:
    """The torch optimiser that a table describes.

    Averaged SGD keeps the plain weights in the first half of all updates and averages them in
    the second.

    Args:
        parameters: What is trained, all alike or in groups with a `rate_factor` each.
        config: The table `optimiser`.
        num_updates: Updates of the whole training.
    """
    weights: list[Any] = list(parameters)
    rate = config.learning_rate
    decay, epsilon = config.weight_decay, 1e-8 if config.epsilon is None else config.epsilon
    if config.name == "sgd":
        return optim.SGD(weights, lr=rate, weight_decay=decay, momentum=config.momentum)
    if config.name == "asgd":
        return optim.ASGD(weights, lr=rate, weight_decay=decay, lambd=0.0, t0=num_updates // 2 - 1)
    if config.name == "adagrad":
        # sqrt(epsilon + sum of squares), as in the classic scripts, not sqrt(sum) + epsilon.
        return optim.Adagrad(
            weights, lr=rate, weight_decay=decay, eps=0.0, initial_accumulator_value=epsilon
        )
    if config.name == "rmsprop":
        return optim.RMSprop(
            weights,
            lr=rate,
            weight_decay=decay,
            eps=epsilon,
            momentum=config.momentum,
            alpha=config.betas[1] if config.betas else 0.99,
        )
    betas = config.betas or (0.9, 0.999)
    kind = optim.Adam if config.name == "adam" else optim.AdamW
    return kind(weights, lr=rate, weight_decay=decay, eps=epsilon, betas=betas, fused=True)


def set_rate(optimiser: optim.Optimizer, learning_rate: float) -> None:
    """Let the next update use a rate."""
    for group in optimiser.param_groups:
        group["lr"] = learning_rate * group.get("rate_factor", 1.0)
        for weight in group["params"]:
            # Averaged SGD would take the rate of the update before.
            if "eta" in (state := optimiser.state.get(weight, {})):
                state["eta"].fill_(group["lr"])


def make_update(optimiser: optim.Optimizer, *, learning_rate: float) -> None:
    """One update of all parameters that have a gradient."""
    set_rate(optimiser, learning_rate)
    optimiser.step()
    if optimiser.defaults.get("fused"):  # these do not tell autograd that weights have changed
        for group in optimiser.param_groups:
            torch.autograd.graph.increment_version(group["params"])


def make_measured_update(optimiser: optim.Optimizer, *, learning_rate: float) -> float:
    """Update all weights, and tell how far: the norm of the change divided by that of the weights.

    Args:
        optimiser: Whose gradients are set.
        learning_rate: Of this update.
    """
    weights = [weight.detach() for group in optimiser.param_groups for weight in group["params"]]
    before = [weight.clone() for weight in weights]
    make_update(optimiser, learning_rate=learning_rate)
    change = [weight - old for weight, old in zip(weights, before, strict=True)]
    size = float(nn.utils.get_total_norm(before))
    return float(nn.utils.get_total_norm(change)) / size if size else math.inf


def clip_gradients(parameters: Iterable[Tensor], config: OptimiserConfig) -> float:
    """Clip gradients in place as the table asks.

    Returns:
        The Euclidean norm of all gradients together, before clipping.
    """
    weights = [weight for weight in parameters if weight.grad is not None]
    norm, factor = measure_gradients(weights, config)
    scale_gradients(weights, factor)
    return norm


def measure_gradients(
    parameters: Collection[Tensor], config: OptimiserConfig
) -> tuple[float, float]:
    """Clip gradients in place by value, if the table asks, and find what the norm asks for.

    Returns:
        The Euclidean norm of all gradients together, before clipping, and what they are to be
        multiplied by.
    """
    gradients = [weight.grad for weight in parameters if weight.grad is not None]
    squares = gradient_squares(gradients)
    norm = float(nn.utils.get_total_norm(gradients)) if squares is None else math.sqrt(squares)
    factor = 1.0
    # torch would multiply all gradients by one where they are short enough.
    if config.clip_norm is not None and not norm + _CLIP_EPSILON <= config.clip_norm:
        factor = config.clip_norm / (norm + _CLIP_EPSILON)
    if config.clip_value is not None:
        scale_gradients(parameters, factor)
        nn.utils.clip_grad_value_([w for w in parameters if w.grad is not None], config.clip_value)
        factor = 1.0
    return norm, factor


@torch.no_grad()
def scale_gradients(parameters: Iterable[Tensor], factor: float) -> None:
    """Multiply gradients in place."""
    if factor != 1.0:
        for weight in parameters:
            if weight.grad is not None:
                weight.grad.mul_(factor)


def pack_optimiser(optimiser: optim.Optimizer, parameters: Named) -> dict[str, Tensor]:
    """A copy of all that an optimiser remembers, as tensors named "parameter.quantity"."""
    return {
        f"{name}.{quantity}": value.detach().clone()
        for name, weight in parameters.items()
        for quantity, value in optimiser.state.get(weight, {}).items()
    }


def unpack_optimiser(optimiser: optim.Optimizer, parameters: Named, *, packed: Named) -> None:
    """Give an optimiser back what `pack_optimiser` took from one of the same kind.

    `Optimizer.load_state_dict` would change the precision of some of the values, so the state
    is set directly.

    Raises:
        KeyError: A packed tensor belongs to none of the parameters.
    """
    optimiser.state.clear()
    for full_name, value in packed.items():
        name, quantity = full_name.rsplit(".", 1)
        weight = parameters[name]
        # Scalars such as the number of steps stay where torch keeps them.
        device = weight.device if value.dim() or _is_on_device(optimiser) else "cpu"
        optimiser.state[weight][quantity] = value.detach().clone().to(device)


def _is_on_device(optimiser: optim.Optimizer) -> bool:
    """Whether the scalars of an optimiser live beside its weights."""
    return bool(optimiser.defaults.get("fused") or isinstance(optimiser, optim.ASGD))
