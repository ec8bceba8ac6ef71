"""How a network is regularised while it trains, and the masks that do it.

Comes in: rates. Goes out: masked tensors, drawn from torch's global generator.
"""

import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

# Equally likely values of 16 bits.
_CHANCES = 2**16


class Dropout(BaseModel):
    """Rates of dropout; all of them act in training only, and 0 switches each off.

    Args:
        input: Rate on what enters the first layer (the embedding in a language model).
        between: Rate between layers, as `dropout` of `torch.nn.LSTM`.
        output: Rate on what leaves the last layer (before the head in a language model).
        recurrent_weights: Rate on the entries of the matrices that multiply states; one mask is
            drawn a forward call (Merity et al. 2018).
        zoneout: Probability that a unit of a state keeps its old value at a step; in evaluation
            the expectation is taken (Krueger et al. 2017).
        is_locked: One mask for all steps of a forward call instead of one a step, for `input`,
            `between` and `output` (Gal and Ghahramani 2016).

    Raises:
        pydantic.ValidationError: A rate is not from 0 to below 1, or a name is unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(default=0.0, ge=0.0, lt=1.0)
    between: float = Field(default=0.0, ge=0.0, lt=1.0)
    output: float = Field(default=0.0, ge=0.0, lt=1.0)
    recurrent_weights: float = Field(default=0.0, ge=0.0, lt=1.0)
    zoneout: float = Field(default=0.0, ge=0.0, lt=1.0)
    is_locked: bool = False


def drop(
    x: Float[Tensor, "T B F"], rate: float, *, is_locked: bool = False
) -> Float[Tensor, "T B F"]:
    """`x` with a share `rate` of its values set to zero and the others scaled up to make up.

    Args:
        x: Values, time first.
        rate: Share of values to drop, from 0 to below 1.
        is_locked: Whether all steps share one mask `(1, B, F)`.
    """
    if rate == 0.0:
        return x
    return x * keep_mask(x.new_empty(1, *x.shape[1:]) if is_locked else x, rate)


def keep_mask(like: Tensor, rate: float) -> Tensor:
    """Zeros with probability `rate`, else what keeps the expectation, shaped as `like`.

    On a processor a value has 16 bits of chance: the rate is rounded to 65536ths, of which at least
    one drops and one keeps. That takes a sixth of the time of torch's own masks.
    """
    if like.device.type != "cpu":
        return torch.empty_like(like).bernoulli_(1.0 - rate).div_(1.0 - rate)
    kept, count = min(max(round((1.0 - rate) * _CHANCES), 1), _CHANCES - 1), like.numel()
    words = torch.empty(-(-count // 4), dtype=torch.int64, device="cpu").random_(-(2**63), None)
    chances = words.view(torch.int16)[:count].view(like.shape)
    return (chances < kept - _CHANCES // 2).to(like.dtype).mul_(_CHANCES / kept)
