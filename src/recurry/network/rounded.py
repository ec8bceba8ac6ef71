"""Products of values rounded to bfloat16, where a network asks for them; sums keep their type.

Comes in: numbers and a matrix. Goes out: their product. Processors with instructions for bfloat16
multiply them twice as fast.
"""

import torch
from torch import Tensor, nn

KIND = torch.bfloat16


def product(x: Tensor, matrix: Tensor, *, is_rounded: bool) -> Tensor:
    """Numbers (..., I) times the rows of a matrix (O, I): (..., O), in their type."""
    if not is_rounded:
        return nn.functional.linear(x, matrix)
    return nn.functional.linear(x.to(KIND), matrix.to(KIND)).to(x.dtype)


def linear(x: Tensor, layer: nn.Linear, *, is_rounded: bool) -> Tensor:
    """What a linear layer makes of numbers (..., I), in their type."""
    if not is_rounded:
        return layer(x)
    found = product(x, layer.weight, is_rounded=True)
    return found if layer.bias is None else found + layer.bias


def batch_product(a: Tensor, b: Tensor, *, is_rounded: bool) -> Tensor:
    """The products of two batches of matrices, in the type of the first."""
    if not is_rounded:
        return torch.bmm(a, b)
    return torch.bmm(a.to(KIND), b.to(KIND)).to(a.dtype)
