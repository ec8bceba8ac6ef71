"""Ordered classes, such as one to five stars: one number and thresholds between the classes.

Comes in: numbers `(B,)` and classes. Goes out: log-probabilities `(B, K)`.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class Thresholds(nn.Module):
    """Thresholds on a scale, in rising order whatever their parameters are.

    A number s falls into class k or below with probability `sigmoid(threshold_k - s)`. They start
    where the number 0 gives all classes the same probability.

    Args:
        num_classes: Number K of classes, at least 2.
        dtype: Of the parameters.

    Source: McCullagh (1980), the proportional odds model.
    """

    def __init__(self, num_classes: int, *, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        shares = torch.arange(1, num_classes, dtype=torch.float64) / num_classes
        start = torch.logit(shares)
        gaps = start.diff()
        self.lowest = nn.Parameter(start[:1].to(dtype))
        self.gaps = nn.Parameter((gaps + torch.log(-torch.expm1(-gaps))).to(dtype))

    def values(self) -> Float[Tensor, "_"]:
        """The thresholds."""
        return torch.cat([self.lowest, self.lowest + functional.softplus(self.gaps).cumsum(0)])

    def forward(self, numbers: Float[Tensor, "B"]) -> Float[Tensor, "B K"]:
        """The log-probability of every class."""
        above = self.values() - numbers.unsqueeze(1)
        below_log, above_log = functional.logsigmoid(above), functional.logsigmoid(-above)
        # sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b)), without cancelling
        widths = functional.softplus(self.gaps).clamp(min=math.ulp(1.0))
        between = below_log[:, 1:] + above_log[:, :-1] + torch.log(-torch.expm1(-widths))
        return torch.cat([below_log[:, :1], between, above_log[:, -1:]], 1)
