"""The functions of the equation language as torch operations that write where they are told.

Comes in: tensors. Goes out: the same shape, written into `out`. Imports torch only.
"""

from collections.abc import Callable

import torch
from torch import Tensor

aten = torch.ops.aten

# function -> operation (out, operands...); every operation fills `out` and may alias an operand.
FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "negate": lambda out, a: torch.neg(a, out=out),
    "sigmoid": lambda out, a: torch.sigmoid(a, out=out),
    "tanh": lambda out, a: torch.tanh(a, out=out),
    "relu": lambda out, a: torch.clamp_min(a, 0, out=out),
    "exp": lambda out, a: torch.exp(a, out=out),
    "log": lambda out, a: torch.log(a, out=out),
    # torch's softplus is cut off above 20, this is exact everywhere.
    "softplus": lambda out, a: torch.logaddexp(a, a.new_zeros(()).expand_as(a), out=out),
    "silu": lambda out, a: aten.silu.out(a, out=out),
    "gelu": lambda out, a: aten.gelu.out(a, out=out),
    "abs": lambda out, a: torch.abs(a, out=out),
    "sqrt": lambda out, a: torch.sqrt(a, out=out),
    "hard_sigmoid": lambda out, a: aten.hardsigmoid.out(a, out=out),
    "step": lambda out, a: torch.gt(a, 0, out=out),
    "sign": lambda out, a: torch.sign(a, out=out),
    "normal_cdf": lambda out, a: torch.special.ndtr(a, out=out),
    "add": lambda out, a, b: torch.add(a, b, out=out),
    "subtract": lambda out, a, b: torch.sub(a, b, out=out),
    "multiply": lambda out, a, b: torch.mul(a, b, out=out),
    "divide": lambda out, a, b: torch.div(a, b, out=out),
    "minimum": lambda out, a, b: torch.minimum(a, b, out=out),
    "maximum": lambda out, a, b: torch.maximum(a, b, out=out),
    # a + b * c, the commonest pair of operations in gated cells.
    "add_product": lambda out, a, b, c: torch.addcmul(a, b, c, out=out),
    # b + c * (a - b), which is c * a + (1 - c) * b: how gates blend old and new.
    "blend": lambda out, a, b, c: torch.lerp(b, a, c, out=out),
    "copy": lambda out, a: out.copy_(a),
}
